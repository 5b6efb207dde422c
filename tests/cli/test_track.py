"""``cstrack track``: any source to MOT rows; bad input is one sentence and exit 2."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.formats.mot_files import read_tracks
from cstrack_bench.models.centertrack_network import CenterTrack
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.dla_config import CenterTrackConfig, FairMotConfig
from cstrack_bench.models.fairmot_network import FairMot
from cstrack_bench.models.wide_resnet import WideResNet
from cstrack_bench.models.wide_resnet import make_config as make_reid_config
from cstrack_bench.systems.weights import save_weights

FRAMES, WIDTH, HEIGHT = 12, 128, 96


def walker(frame: int) -> tuple[float, float, float, float]:
    """Left, top, width, height of the one person."""
    return 10.0 + 3 * frame, 20.0, 18.0, 50.0


def make_frames(folder: Path) -> None:
    folder.mkdir(parents=True)
    for frame in range(FRAMES):
        image = np.full((HEIGHT, WIDTH, 3), 80, np.uint8)
        x, y, w, h = (int(value) for value in walker(frame))
        image[y : y + h, x : x + w] = (30, 60, 200)
        cv2.imwrite(str(folder / f"{frame + 1:06d}.png"), image)


def make_sequence(folder: Path) -> Path:
    make_frames(folder / "img1")
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={folder.name}\nimDir=img1\nframeRate=10\n"
        f"seqLength={FRAMES}\nimWidth={WIDTH}\nimHeight={HEIGHT}\nimExt=.png\n"
    )
    return folder


def write_detections(path: Path, frames: int = FRAMES, score: float = 0.9) -> Path:
    rows = [
        f"{f + 1},-1," + ",".join(map(str, walker(f))) + f",{score}"
        for f in range(frames)
    ]
    path.write_text("\n".join(rows))
    return path


@pytest.fixture
def sequence(tmp_path: Path) -> Path:
    return make_sequence(tmp_path / "WALK-01")


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    return write_detections(tmp_path / "det.txt")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "n.safetensors"
    save_weights(path, "cstrack", CSTrack(make_config("n")), {"input_size": "128x96"})
    return path


def track(*arguments: object) -> Any:
    """Run the verb in this process; its error is raised here."""
    result = CliRunner().invoke(app, ["track", *map(str, arguments)])
    if isinstance(result.exception, CstrackError):
        raise result.exception
    assert result.exit_code == 0, (result.output, result.exception)
    return result


@pytest.mark.parametrize("tracker", ["cstrack", "jde", "iou"])
def test_a_sequence_becomes_mot_rows(
    tmp_path: Path, sequence: Path, boxes: Path, tracker: str
) -> None:
    output = tmp_path / "out" / "rows.txt"
    done = track(
        sequence, "--detections", boxes, "--output", output, "--tracker", tracker
    )
    table = read_tracks(output)
    assert len(set(table.ids.tolist())) == 1
    # A track may be confirmed a frame late, and no frame is lost after that.
    assert len(table) >= FRAMES - 1
    assert table.frames.max() == FRAMES - 1
    np.testing.assert_allclose(table.boxes[-1, :2], walker(FRAMES - 1)[:2], atol=4)
    assert f"frames {FRAMES} · tracks 1 · boxes {len(table)}" in done.stdout


def test_json_is_one_document(tmp_path: Path, sequence: Path, boxes: Path) -> None:
    output = tmp_path / "rows.txt"
    done = track(sequence, "--detections", boxes, "--output", output, "--json")
    document = json.loads(done.stdout)
    assert document["frames"] == FRAMES
    assert document["tracks"] == 1
    assert document["dropped"] == {"area": 0, "aspect": 0}
    assert document["sequences"]["WALK-01"]["output"] == str(output)
    assert document["stages"]["associate"]["wall_ms_p50"] >= 0


def test_what_the_filter_drops_is_counted(tmp_path: Path, sequence: Path) -> None:
    wide = tmp_path / "wide.txt"
    wide.write_text("\n".join(f"{f + 1},-1,10,20,60,50,0.9" for f in range(FRAMES)))
    output = tmp_path / "rows.txt"
    done = track(sequence, "--detections", wide, "--output", output, "--json")
    document = json.loads(done.stdout)
    assert document["boxes"] == 0
    assert document["dropped"]["aspect"] >= FRAMES - 1
    assert output.read_text() == ""


def test_confidence_filters_the_file(tmp_path: Path, sequence: Path) -> None:
    low = write_detections(tmp_path / "low.txt", score=0.4)
    output = tmp_path / "rows.txt"
    track(sequence, "--detections", low, "--output", output, "--conf", 0.5)
    assert len(read_tracks(output)) == 0


@pytest.mark.parametrize("tracker", ["jde", "deepsort", "sort", "bytetrack", "steady"])
def test_every_tracker_starts_from_boxes_as_weak_as_conf(
    tmp_path: Path, sequence: Path, tracker: str
) -> None:
    weak = write_detections(tmp_path / "weak.txt", score=0.4)
    output = tmp_path / "rows.txt"
    options = ("--output", output, "--tracker", tracker, "--conf", 0.4)
    track(sequence, "--detections", weak, *options)
    assert set(read_tracks(output).ids.tolist()) == {1}


def test_a_folder_of_frames_and_a_video_are_sources_too(
    tmp_path: Path, boxes: Path
) -> None:
    frames = tmp_path / "frames"
    make_frames(frames)
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    clip = tmp_path / "clip.mp4"
    track(frames, "--detections", boxes, "--output", first, "--video", clip)
    capture = cv2.VideoCapture(str(clip))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == FRAMES
    track(clip, "--detections", boxes, "--output", second)
    assert second.read_text() == first.read_text()


def test_a_data_set_fills_a_folder(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for name in ("WALK-01", "WALK-02"):
        make_sequence(root / "train" / name)
    found = tmp_path / "detections"
    found.mkdir()
    write_detections(found / "WALK-01.txt")
    write_detections(found / "WALK-02.txt", frames=6)
    folder, videos = tmp_path / "rows", tmp_path / "videos"
    options = ["--detections", found, "--output", folder, "--video", videos]
    done = track(root, *options, "--json")
    assert sorted(p.name for p in folder.iterdir()) == ["WALK-01.txt", "WALK-02.txt"]
    assert sorted(p.name for p in videos.iterdir()) == ["WALK-01.mp4", "WALK-02.mp4"]
    document = json.loads(done.stdout)
    assert document["frames"] == 2 * FRAMES
    # Each sequence has a tracker of its own: ids start at 1 in both.
    assert read_tracks(folder / "WALK-02.txt").ids.tolist()[0] == 1
    with pytest.raises(InputError, match="--detections must be a folder"):
        track(root, "--detections", found / "WALK-01.txt", "--output", folder)
    with pytest.raises(InputError, match="--video must be a folder"):
        track(root, "--detections", found, "--video", tmp_path / "all.mp4")


def test_a_network_tracks_at_the_size_its_weights_name(
    tmp_path: Path, sequence: Path, network: Path
) -> None:
    output = tmp_path / "rows.txt"
    options = ["--weights", network, "--output", output, "--device", "cpu"]
    done = track(sequence, *options, "--json")
    document = json.loads(done.stdout)
    assert document["frames"] == FRAMES
    assert {"decode", "preprocess", "forward", "nms", "embed", "associate"} <= set(
        document["stages"]
    )
    odd = tmp_path / "odd.safetensors"
    save_weights(odd, "cstrack", CSTrack(make_config("n")), {"input_size": "100x96"})
    with pytest.raises(InputError, match="100x96"):
        track(sequence, "--weights", odd, "--output", output, "--device", "cpu")
    track(sequence, *options, "--size", "64x64")


def test_deepsorts_network_describes_the_boxes(
    tmp_path: Path, sequence: Path, boxes: Path, network: Path
) -> None:
    reid = tmp_path / "reid.safetensors"
    save_weights(reid, "deepsort", WideResNet(make_reid_config("n")), {})
    output = tmp_path / "out.txt"
    given = ("--detections", boxes, "--output", output)
    track(sequence, *given, "--reid", reid, "--tracker", "deepsort")
    assert len(set(read_tracks(output).ids.tolist())) == 1
    with pytest.raises(InputError, match="finds boxes of its own"):
        track(sequence, *given, "--reid", network)
    with pytest.raises(InputError, match="finds no boxes of its own"):
        track(sequence, "--weights", reid, "--output", output)


@pytest.mark.parametrize(
    ("name", "network", "config"),
    [
        ("fairmot", FairMot, FairMotConfig(0.25, embedding=8)),
        ("centertrack", CenterTrack, CenterTrackConfig(0.25)),
    ],
)
def test_a_rivals_weights_bring_their_tracker_and_threshold(
    tmp_path: Path, sequence: Path, boxes: Path, name: str, network: Any, config: Any
) -> None:
    path, output = tmp_path / "published.pth", tmp_path / "out.txt"
    built = network(config)
    # Every cell is as good as another: 100 or 500 boxes of one score, 0.45.
    for parameter in built.hm.parameters():
        parameter.data.zero_()
    built.hm[2].bias.data.fill_(-0.2)
    sides = built.wh if isinstance(built, FairMot) else built.ltrb_amodal
    for parameter in sides.parameters():
        parameter.data.zero_()
    corners = [2.0] * 4 if isinstance(built, FairMot) else [-2.0, -2, 2, 2]
    sides[2].bias.data = torch.tensor(corners)
    tensors = {f"module.{key}": value for key, value in built.state_dict().items()}
    torch.save({"epoch": 1, "state_dict": tensors}, path)
    given = (sequence, "--weights", path, "--output", output, "--device", "cpu")
    done = track(*given, "--size", "96x64", "--json")
    assert json.loads(done.stdout)["tracker"] == name
    assert f"published.pth: {name}, {len(tensors)} tensors filled" in done.stderr
    assert json.loads(done.stdout)["boxes"] > 0
    done = track(*given, "--size", "96x64", "--conf", "0.5", "--json")
    assert json.loads(done.stdout)["boxes"] == 0
    done = track(*given, "--size", "96x64", "--tracker", "iou", "--json")
    assert json.loads(done.stdout)["tracker"] == "iou"


def test_public_boxes_start_the_tracks(
    tmp_path: Path, sequence: Path, boxes: Path
) -> None:
    output, public = tmp_path / "out.txt", tmp_path / "public.txt"
    found = write_detections(tmp_path / "found.txt")
    given = ("--detections", found, "--output", output, "--public", public)
    write_detections(public)
    track(sequence, *given, "--tracker", "centertrack")
    assert set(read_tracks(output).ids.tolist()) == {1}
    public.write_text("1,-1,90,5,10,20,1")  # beside the person, and never again
    track(sequence, *given, "--tracker", "centertrack-rebirth")
    assert len(read_tracks(output)) == 0
    with pytest.raises(InputError, match="'cstrack' has no mode for public boxes"):
        track(sequence, *given)


def test_the_source_is_never_written_over(
    tmp_path: Path, sequence: Path, boxes: Path
) -> None:
    before = boxes.read_text()
    with pytest.raises(InputError, match="written over"):
        track(sequence, "--detections", boxes, "--output", boxes)
    assert boxes.read_text() == before


def bad_inputs(tmp_path: Path, sequence: Path, boxes: Path) -> dict[str, list[object]]:
    (tmp_path / "empty").write_text("")
    (tmp_path / "broken.mp4").write_bytes(b"not a video")
    (tmp_path / "bare").mkdir()
    (tmp_path / "nopictures").mkdir()
    ini = (sequence / "seqinfo.ini").read_text()
    (tmp_path / "nopictures" / "seqinfo.ini").write_text(ini)
    write_detections(tmp_path / "long.txt", frames=FRAMES + 1)
    weights = tmp_path / "empty.safetensors"
    weights.write_text("")
    output = tmp_path / "o.txt"
    det = ["--detections", boxes, "--output", output]
    return {
        "No such file": [tmp_path / "absent.mp4", *det],
        "not a video": [tmp_path / "broken.mp4", *det],
        "is not a sequence": [tmp_path / "bare", *det],
        "holds no detections": [sequence, "--detections", tmp_path / "empty"],
        r"absent\.txt": [sequence, "--detections", tmp_path / "absent.txt"],
        "frame 13": [sequence, "--detections", tmp_path / "long.txt"],
        "either --weights": [sequence],
        "Give either": [sequence, "--weights", weights, *det],
        "cannot be read as safetensors": [sequence, "--weights", weights],
        r"none\.safetensors": [sequence, "--weights", tmp_path / "none.safetensors"],
        "multiples of 32": [sequence, "--weights", weights, "--size", "100x100"],
        "--size '0x0'": [sequence, "--weights", weights, "--size", "0x0"],
        "needs --weights": [sequence, *det, "--size", "64x64"],
        "from 0 to 1": [sequence, "--weights", weights, "--conf", "7"],
        "tracker 'cstrak'": [sequence, *det, "--tracker", "cstrak"],
        "not a writable folder": [*[sequence, *det[:2]], "--output", boxes / "x" / "y"],
        "is a folder; name a file": [sequence, *det[:2], "--output", tmp_path],
        "written as .mp4": [sequence, *det, "--video", tmp_path / "v.avi"],
        "no pictures to draw": [
            tmp_path / "nopictures",
            *det,
            "--video",
            tmp_path / "v.mp4",
        ],
        "no pictures for a network": [tmp_path / "nopictures", "--weights", weights],
    }


def test_bad_input_is_one_sentence(
    tmp_path: Path, sequence: Path, boxes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for says, arguments in bad_inputs(tmp_path, sequence, boxes).items():
        with pytest.raises(InputError, match=says) as caught:
            track(*arguments)
        sentence = str(caught.value)
        assert "\n" not in sentence, sentence
        assert sentence.endswith((".", "?")), sentence
    assert not (tmp_path / "o.txt").exists()
    assert not (tmp_path / "tracks").exists()


def test_the_program_says_it_on_stderr_and_exits_with_2(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cstrack_bench", "track", str(tmp_path / "absent")]
    command += ["--detections", "x.txt"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: No such file")


def test_a_page_shows_the_video_and_identities_over_time(
    tmp_path: Path, sequence: Path, boxes: Path
) -> None:
    (sequence / "gt").mkdir()
    truth = [f"{f + 1},1,{','.join(map(str, walker(f)))},1,1,1" for f in range(FRAMES)]
    (sequence / "gt" / "gt.txt").write_text("\n".join(truth))
    web = tmp_path / "web"
    given = ("--detections", boxes, "--output", tmp_path / "out.txt", "--web", web)
    track(sequence, *given, "--show-unconfirmed", "--trails", 4)
    assert sorted(p.name for p in web.iterdir()) == ["WALK-01.mp4", "index.html"]
    page = (web / "index.html").read_text(encoding="utf-8")
    # The cascade reports a track from its second frame on.
    assert "person 1, missed: frames 1 to 1<" in page
    assert "person 1, track 1: frames 2 to 12<" in page
    assert "0 switches" in page
    rows = read_tracks(tmp_path / "out.txt")
    assert rows.frames.min() == 1  # what is drawn early is not reported


def test_without_ground_truth_the_page_shows_tracks(
    tmp_path: Path, sequence: Path, boxes: Path
) -> None:
    web = tmp_path / "web"
    given = ("--detections", boxes, "--output", tmp_path / "out.txt")
    track(sequence, *given, "--web", web, "--tracker", "iou", "--codec", "mpeg4")
    page = (web / "index.html").read_text(encoding="utf-8")
    assert "no ground truth" in page
    assert "track 1, track 1: frames" in page


def test_options_of_videos_need_one(
    tmp_path: Path, sequence: Path, boxes: Path
) -> None:
    given = ("--detections", boxes, "--output", tmp_path / "out.txt")
    video = ("--video", tmp_path / "out.mp4")
    wrong: dict[str, tuple[object, ...]] = {
        "give --video": ("--trails", 3),
        "leave out --video": (*video, "--web", tmp_path / "web"),
        "No codec 'h265'": (*video, "--codec", "h265"),
        "cannot say which tracks": (*video, "--show-unconfirmed", "--tracker", "sort"),
    }
    for sentence, arguments in wrong.items():
        with pytest.raises(InputError, match=sentence):
            track(sequence, *given, *arguments)
    assert not (tmp_path / "out.txt").exists()
