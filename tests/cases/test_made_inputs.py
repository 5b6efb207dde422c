"""What real users bring, made small: forms, names, folders, weights, own data."""

import json
import os
import stat
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cstrack_bench import console
from cstrack_bench.cli.app import app
from cstrack_bench.datasets.dataset_registry import find_dataset
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import replacing
from cstrack_bench.formats.detection_files import read_detection_file
from cstrack_bench.formats.detection_forms import DetectionFormat
from cstrack_bench.formats.frame_names import number_frames
from cstrack_bench.formats.frames import read_picture
from cstrack_bench.formats.mot_files import read_tracks
from cstrack_bench.formats.result_files import find_result_files
from cstrack_bench.formats.sequences import open_sequence
from cstrack_bench.formats.track_archives import unpacked_tracks
from cstrack_bench.input_limits import FRAME_BOXES, Limit
from cstrack_bench.yaml_text import read_yaml
from tests.conftest import MakeSequence

SIZE = (320, 240)
#: Frame from 1 -> left, top, width, height of two persons.
PEOPLE = {f: [(20 + 3 * f, 60, 30, 80), (250 - 2 * f, 90, 28, 74)] for f in range(1, 9)}


def cstrack(*arguments: object) -> Any:
    console.remark_once.cache_clear()
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if isinstance(result.exception, CstrackError):
        raise result.exception
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def rows(people: dict[int, list[tuple[float, ...]]], tail: str = ",0.9") -> str:
    return "".join(
        f"{frame},-1,{','.join(map(str, box))}{tail}\n"
        for frame, boxes in people.items()
        for box in boxes
    )


def read(path: Path, form: DetectionFormat = DetectionFormat.AUTO) -> Any:
    return read_detection_file(path, form, SIZE)


def boxes_of(found: Any) -> dict[int, list[list[float]]]:
    return {
        frame + 1: np.round(d.boxes.astype(float), 2).tolist()
        for frame, d in sorted(found.by_frame.items())
    }


EXPECTED = {
    frame: [[x, y, x + w, y + h] for x, y, w, h in boxes]
    for frame, boxes in PEOPLE.items()
}


def test_the_four_forms_are_guessed_said_and_equal(tmp_path: Path) -> None:
    mot, corners = tmp_path / "mot.txt", tmp_path / "xyxy.txt"
    mot.write_text(rows(PEOPLE))
    corners.write_text(rows({f: list(map(tuple, b)) for f, b in EXPECTED.items()}))
    yolo, coco = tmp_path / "yolo", tmp_path / "coco.json"
    yolo.mkdir()
    entries = []
    for frame, boxes in PEOPLE.items():
        lines = []
        for x, y, w, h in boxes:
            values = [(x + w / 2) / 320, (y + h / 2) / 240, w / 320, h / 240, 0.9]
            lines.append("0 " + " ".join(map(str, values)) + "\n")
            entries.append({"image_id": frame, "category_id": 1, "bbox": [x, y, w, h],
                            "score": 0.9})  # fmt: skip
        (yolo / f"clip_{frame}.txt").write_text("".join(lines))
    coco.write_text(json.dumps(entries))
    for path, form in [
        (mot, DetectionFormat.MOT),
        (corners, DetectionFormat.XYXY),
        (yolo, DetectionFormat.YOLO),
        (coco, DetectionFormat.COCO),
    ]:
        found = read(path)
        assert found.form == form
        assert boxes_of(found) == EXPECTED
        assert bool(found.remarks) == (form != DetectionFormat.MOT)
        assert boxes_of(read(path, form)) == EXPECTED


def test_sizes_are_not_taken_for_corners_where_they_fit(tmp_path: Path) -> None:
    path = tmp_path / "det.txt"
    path.write_text(rows({1: [(1, 1, 20, 30), (2, 2, 20, 30), (3, 3, 20, 30)]}))
    assert read(path).form == DetectionFormat.MOT


def test_coco_documents_name_frames_by_their_images(tmp_path: Path) -> None:
    path = tmp_path / "coco.json"
    images = [{"id": 70 + n, "file_name": f"a/frame_{n:06d}.png"} for n in range(3)]
    box = {"image_id": 71, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}
    other = {**box, "category_id": 3}
    path.write_text(json.dumps({"images": images, "annotations": [box, other]}))
    found = read(path)
    assert boxes_of(found) == {2: [[1, 2, 4, 6]]}
    assert any("1 boxes of other categories" in r for r in found.remarks)


NAMES = st.sampled_from(["", "frame_", "img-", "cam2_", "ü"])


@given(prefix=NAMES, first=st.integers(0, 3), count=st.integers(1, 12))
def test_frames_are_the_numbers_in_names(prefix: str, first: int, count: int) -> None:
    files = [Path(f"{prefix}{n:06d}.jpg") for n in range(first, first + count)]
    found = number_frames(Path("img1"), files)
    start = max(first, 1) - 1
    assert list(found.paths) == list(range(start, start + count))
    assert list(found.paths.values()) == files
    assert not found.problem
    assert bool(found.remark) == (first == 0 or prefix != "")


def test_a_tiff_is_a_picture(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    for suffix in (".tiff", ".tif", ".TIFF"):
        folder = tmp_path / suffix[1:]
        folder.mkdir()
        (folder / f"1{suffix}").write_bytes(cv2.imencode(".tiff", image)[1].tobytes())
        assert len(open_sequence(folder)) == 1
        assert (read_picture(folder / f"1{suffix}") == image).all()


def test_a_limit_is_raised_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"set CSTRACK_MAX_BOXES=3001\."):
        FRAME_BOXES.check(3001, "det.txt")
    monkeypatch.setenv("CSTRACK_MAX_BOXES", "3001")
    FRAME_BOXES.check(3001, "det.txt")
    for wrong in ("x", "-1", "0", "1_0", "9" * 99):
        monkeypatch.setenv("CSTRACK_MAX_BOXES", wrong)
        with pytest.raises(InputError, match="is a positive whole number"):
            FRAME_BOXES.check(1, "det.txt")
    assert Limit("CSTRACK_NO_SUCH", 5, "things").value == 5


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_what_is_written_follows_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with replacing(tmp_path / "w") as temporary:
            os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "w").stat().st_mode) == 0o666 & ~umask


def test_foreign_text_does_not_reach_the_terminal() -> None:
    with console.out.capture() as captured:
        console.out.print("a\x1b]0;title\x07 [bold]b[/] :smile: \u202e")
    text = captured.get()
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]b[/] :smile:" in text
    assert console.visible("a\x1b[31m\nb") == "a\\x1b[31m\nb"


def test_results_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "data" / "cam-1.txt").write_text("")
    assert find_result_files(tmp_path, ["CAM-1"]) == {
        "CAM-1": tmp_path / "data" / "cam-1.txt"
    }


def test_a_zip_of_results_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        archive.writestr("__MACOSX/._CAM-1.txt", "x")
        archive.writestr("tracker/readme.txt", "x")
        archive.writestr("tracker/data/CAM-1.txt", "1,1,2,3,4,5,1\n")
    with unpacked_tracks(tmp_path / "r.zip") as folder:
        found = find_result_files(folder, ["CAM-1"])
        assert len(read_tracks(found["CAM-1"])) == 1


def wide(folder: Path, make_sequence: MakeSequence) -> Path:
    make_sequence(folder, "W-1", [(1, 1, 1)], frames=6)
    boxes = {f: [(10.0, 10.0, 40.0, 10.0)] for f in range(1, 7)}
    (folder / "det.txt").write_text(rows(boxes))
    return folder / "W-1"


def test_what_drops_everything_is_named_and_can_be_set(
    tmp_path: Path, make_sequence: MakeSequence
) -> None:
    source, det = wide(tmp_path, make_sequence), tmp_path / "det.txt"
    run = ("track", source, "--detections", det, "--tracker", "sort", "--output")
    assert "--max-aspect 1.6" in cstrack(*run, tmp_path / "a.txt").output
    cstrack(*run, tmp_path / "b.txt", "--max-aspect", "4")
    assert len(read_tracks(tmp_path / "b.txt")) > 0
    limits = ("--max-aspect", "4", "--min-area", "401")
    assert "--min-area 401" in cstrack(*run, tmp_path / "c.txt", *limits).output


def test_train_and_val_folders_are_a_split_of_any_data_set(
    tmp_path: Path, make_sequence: MakeSequence
) -> None:
    people = [(f, i, 1) for f in range(1, 5) for i in (1, 2)]
    make_sequence(tmp_path / "mine" / "train", "A", people)
    make_sequence(tmp_path / "mine" / "val", "B", people)
    for name in ("mine", "local"):
        parts = find_dataset(name).parts(tmp_path, "folders")
        assert [s.name for s in parts.train] == ["A"]
        assert [s.name for s in parts.val] == ["B"]
        assert len(parts.val[0]) == 4


def test_nothing_to_resume_is_said(
    tmp_path: Path, make_sequence: MakeSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    people = [(f, i, 1) for f in range(1, 5) for i in (1, 2)]
    make_sequence(tmp_path / "mine" / "train", "A", people)
    run = ("train", "table2:4", "--profile", "smoke", "--data", ".", "--device", "cpu")
    own = ("--set", "data.dataset=mine", "--set", "data.split=half/official")
    with pytest.raises(InputError, match="There is nothing to resume"):
        cstrack(*run, *own, "--resume")
    assert not (tmp_path / "results").exists()


def joined(folder: Path) -> Path:
    """A video of 12 frames whose header counts 6: two streams, one behind the other."""
    writer = cv2.VideoWriter(
        str(folder / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48)
    )
    for number in range(12):
        writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
    writer.release()
    data = bytearray((folder / "a.avi").read_bytes())
    at = data.index(b"avih") + 8 + 16
    data[at : at + 4] = (6).to_bytes(4, "little")
    stream = data.index(b"strh") + 8 + 32
    data[stream : stream + 4] = (6).to_bytes(4, "little")
    index = data.rindex(b"idx1")
    # Without an index the header's count is all that tells the length beforehand.
    data[index : index + 4] = b"JUNK"
    (folder / "b.avi").write_bytes(bytes(data))
    return folder / "b.avi"


def test_a_video_is_read_until_it_ends(tmp_path: Path) -> None:
    video = joined(tmp_path)
    sequence = open_sequence(video)
    assert sequence.length < 12
    assert [frame.index for frame in sequence] == list(range(12))
    det = tmp_path / "det.txt"
    boxes: dict[int, list[tuple[float, ...]]] = {
        f: [(10, 10, 10, 25)] for f in range(1, 13)
    }
    det.write_text(rows(boxes))
    out = tmp_path / "out.txt"
    cstrack("track", video, "--detections", det, "--tracker", "sort", "--output", out)
    assert read_tracks(out).frames.max() == 11
    boxes[13] = boxes[1]
    det.write_text(rows(boxes))
    with pytest.raises(InputError, match="has boxes in frame 13"):
        cstrack("track", video, "--detections", det, "--output", out)


KEYS = st.text(st.characters(categories=("L",)), max_size=6)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63 - 1), 2**63 - 1)
    | st.text(st.characters(categories=("L", "N")), max_size=9),
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_plain_values_pass_the_limits_of_yaml(value: object) -> None:
    assert read_yaml(json.dumps(value, ensure_ascii=False), "test") == value


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    subprocess.run(["mkfifo", str(tmp_path / "det.txt")], check=True)
    with pytest.raises(InputError, match="is a pipe or a device"):
        read(tmp_path / "det.txt")
