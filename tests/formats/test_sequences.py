"""Sequences from folders and videos."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import (
    Sequence,
    list_sequences,
    open_sequence,
)

WIDTH, HEIGHT = 32, 24


def picture(brightness: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), brightness, np.uint8)


def mot_folder(root: Path, name: str = "MOT17-02-SDP", frames: int = 4) -> Path:
    """A sequence whose frame n (from 1) is a picture of brightness 10 n."""
    folder = root / name
    (folder / "img1").mkdir(parents=True)
    (folder / "gt").mkdir()
    for n in range(1, frames + 1):
        cv2.imwrite(str(folder / "img1" / f"{n:06d}.png"), picture(10 * n))
    rows = [f"{n},1,1,2,10,12,1,1,1\n" for n in range(1, frames + 1)]
    (folder / "gt" / "gt.txt").write_text("".join(rows))
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={name}\nimDir=img1\nframeRate=25\nseqLength={frames}\n"
        f"imWidth={WIDTH}\nimHeight={HEIGHT}\nimExt=.png\n"
    )
    return folder


def test_a_mot_folder_is_what_its_seqinfo_says(tmp_path: Path) -> None:
    sequence = open_sequence(mot_folder(tmp_path))
    assert sequence.name == "MOT17-02-SDP"
    assert (sequence.frame_rate, sequence.length) == (25.0, 4)
    assert (sequence.width, sequence.height) == (WIDTH, HEIGHT)
    assert len(sequence) == 4
    assert sequence.has_images


def test_frames_count_from_0_and_files_from_1(tmp_path: Path) -> None:
    frames = list(open_sequence(mot_folder(tmp_path)))
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [10, 20, 30, 40]


def test_a_part_keeps_absolute_numbers(tmp_path: Path) -> None:
    part = open_sequence(mot_folder(tmp_path)).part(2, 4)
    assert [frame.index for frame in part] == [2, 3]
    assert [int(frame.image[0, 0, 0]) for frame in part] == [30, 40]
    assert len(part) == 2
    assert part.length == 4
    truth = part.annotations()
    assert truth is not None
    assert truth.frames.tolist() == [2, 3]


@pytest.mark.parametrize(("start", "stop"), [(0, 5), (3, 2), (-1, 2)])
def test_a_part_lies_within(tmp_path: Path, start: int, stop: int) -> None:
    sequence = open_sequence(mot_folder(tmp_path))
    with pytest.raises(InputError, match="are not within its 4 frames"):
        sequence.part(start, stop)


def test_annotations_alone_are_a_sequence(tmp_path: Path) -> None:
    folder = mot_folder(tmp_path)
    for file in (folder / "img1").iterdir():
        file.unlink()
    sequence = open_sequence(folder)
    assert not sequence.has_images
    truth = sequence.annotations()
    assert truth is not None
    assert len(truth) == 4
    with pytest.raises(InputError, match=r"Frame 1 has no picture in .*img1"):
        next(iter(sequence)).image  # noqa: B018


def test_without_ground_truth_there_are_no_annotations(tmp_path: Path) -> None:
    folder = mot_folder(tmp_path)
    (folder / "gt" / "gt.txt").unlink()
    assert open_sequence(folder).annotations() is None


def test_a_bare_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    for n in (1, 2, 10):
        cv2.imwrite(str(tmp_path / f"frame{n}.png"), picture(n))
    (tmp_path / "notes.txt").write_text("not a picture")
    sequence = open_sequence(tmp_path)
    assert [int(f.image[0, 0, 0]) for f in sequence] == [1, 2, 10]
    assert (sequence.width, sequence.height) == (WIDTH, HEIGHT)
    assert sequence.annotations() is None


def test_a_missing_picture_is_not_the_next_one(tmp_path: Path) -> None:
    folder = mot_folder(tmp_path)
    (folder / "img1" / "000002.png").unlink()
    frames = list(open_sequence(folder))
    assert int(frames[2].image[0, 0, 0]) == 30
    with pytest.raises(InputError, match="Frame 2 has no picture"):
        frames[1].image  # noqa: B018


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    folder = mot_folder(tmp_path)
    (folder / "img1" / "000001.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"000001\.png is not a picture"):
        next(iter(open_sequence(folder))).image  # noqa: B018


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), code, 20.0, (WIDTH, HEIGHT))
    for n in range(6):
        writer.write(picture(40 * n))
    writer.release()
    return path


def brightness(sequence: Sequence) -> list[int]:
    return [round(float(frame.image.mean()) / 40) for frame in sequence]


def test_a_video_is_a_sequence(video: Path) -> None:
    sequence = open_sequence(video)
    assert (sequence.name, sequence.frame_rate, len(sequence)) == ("clip", 20.0, 6)
    assert brightness(sequence) == [0, 1, 2, 3, 4, 5]
    # A second walk starts over, and a part starts where it says.
    assert brightness(sequence) == [0, 1, 2, 3, 4, 5]
    assert brightness(sequence.part(3, 5)) == [3, 4]


def test_frames_of_a_video_can_be_asked_for_late(video: Path) -> None:
    frames = list(open_sequence(video))
    assert round(float(frames[4].image.mean()) / 40) == 4
    assert round(float(frames[1].image.mean()) / 40) == 1


def test_a_video_that_ends_early_ends_the_loop(
    video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = open_sequence(video)
    longer = Sequence(opened.name, 20.0, WIDTH, HEIGHT, length=9, folder=opened.folder)
    assert len(list(longer)) == 6
    assert "ends after 6 of the 9 frames" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["folder", "video"])
def test_sequences_travel_between_processes(
    tmp_path: Path, video: Path, kind: str
) -> None:
    sequence = open_sequence(mot_folder(tmp_path) if kind == "folder" else video)
    expected = [frame.image.mean() for frame in sequence]
    copy = pickle.loads(pickle.dumps(sequence))
    assert [frame.image.mean() for frame in copy] == expected


def test_what_is_no_sequence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file or folder"):
        open_sequence(tmp_path / "gone")
    with pytest.raises(InputError, match="is not a sequence"):
        open_sequence(tmp_path)
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    with pytest.raises(InputError, match="is not a video"):
        open_sequence(text)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("frameRate=25", "lacks frameRate"),
        ("seqLength=4", "lacks seqLength"),
        ("[Sequence]", "Cannot read"),
    ],
)
def test_a_broken_seqinfo_is_named(tmp_path: Path, line: str, why: str) -> None:
    folder = mot_folder(tmp_path)
    file = folder / "seqinfo.ini"
    file.write_text(file.read_text().replace(line, ""))
    with pytest.raises(InputError, match=why) as caught:
        open_sequence(folder)
    assert str(file) in str(caught.value)


def test_an_absent_subset_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no folder train/"):
        list_sequences(tmp_path)
