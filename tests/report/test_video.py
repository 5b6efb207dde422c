"""Videos are written whole or not at all, and show the boxes where they are."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.report.video import Painter, colour_of, draw_tracks, probe_video
from cstrack_bench.report.video_codecs import CODECS, codec_line, pick_codec
from cstrack_bench.report.video_files import check_video, written_rate
from cstrack_bench.structures import Frame, TrackTable


def grey_frames(count: int, width: int = 160, height: int = 120) -> list[Frame]:
    def read() -> np.ndarray:
        return np.full((height, width, 3), 90, np.uint8)

    return [Frame(index, read) for index in range(count)]


def one_walker(count: int, start: int = 0) -> TrackTable:
    frames = np.arange(start, start + count, dtype=np.int64)
    left = 20.0 + 3 * np.arange(count)
    boxes = np.stack([left, np.full(count, 40.0), left + 20, np.full(count, 90.0)], 1)
    return TrackTable(frames, np.full(count, 7, np.int64), boxes, np.ones(count))


def read_video(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    pictures = []
    while True:
        good, picture = capture.read()
        if not good:
            return pictures
        pictures.append(picture)


def distance(pixel: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float(np.abs(pixel.astype(float) - np.array(colour)).max())


def test_every_frame_is_written_with_its_box(tmp_path: Path) -> None:
    output = tmp_path / "walk.mp4"
    written = draw_tracks(grey_frames(12), one_walker(12), output, fps=25)
    pictures = read_video(output)
    assert written == len(pictures) == 12
    first = pictures[0]
    # The left edge has left the grey; the far corner has not.
    assert distance(first[65, 20], (90, 90, 90)) > 40
    assert distance(first[110, 150], (90, 90, 90)) < 15
    assert [entry.name for entry in tmp_path.iterdir()] == ["walk.mp4"]


def test_frames_keep_their_own_numbers(tmp_path: Path) -> None:
    """A part of a sequence starts at its absolute frame; its boxes must not shift."""
    frames = [Frame(50 + f.index, f.read) for f in grey_frames(4)]
    output = tmp_path / "part.mp4"
    draw_tracks(frames, one_walker(2, start=52), output, fps=25)
    pictures = read_video(output)
    changed = [distance(picture[65, 20], (90, 90, 90)) > 40 for picture in pictures]
    assert changed[:3] == [False, False, True]


def test_a_picture_with_odd_sides_is_written_too(tmp_path: Path) -> None:
    output = tmp_path / "odd.mp4"
    draw_tracks(grey_frames(3, 161, 121), one_walker(3), output, fps=25)
    assert read_video(output)[0].shape[:2] == (122, 162)


def test_a_failure_leaves_the_old_video(tmp_path: Path) -> None:
    output = tmp_path / "walk.mp4"
    output.write_bytes(b"old")
    frames = [*grey_frames(2), *grey_frames(1, width=80)]
    with pytest.raises(InputError, match="one size"):
        draw_tracks(frames, one_walker(2), output, fps=25)
    assert output.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["walk.mp4"]


def test_bad_outputs_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.mp4"):
        draw_tracks(grey_frames(2), one_walker(2), tmp_path / "walk.avi", fps=25)
    with pytest.raises(InputError, match="No frame"):
        draw_tracks([], one_walker(0), tmp_path / "walk.mp4", fps=25)


def test_ids_that_follow_one_another_look_different() -> None:
    colours = np.array([colour_of(i) for i in range(1, 21)], float)
    gaps = np.abs(colours[:, None] - colours[None]).max(axis=2)
    np.fill_diagonal(gaps, 255)
    assert gaps.min() > 20
    assert colour_of(7) == colour_of(7)


def test_a_trail_follows_an_id_and_ends() -> None:
    painter = Painter(height=120, trail=5)
    empty = np.zeros((120, 160, 3), np.uint8)
    for frame in range(6):
        box = np.array([[10.0 + 15 * frame, 40, 30 + 15 * frame, 80]])
        drawn = painter.draw(empty, frame, np.array([3]), box)
    # Foot points 20 + 15 f: the trail reaches back to frame 1, not to frame 0.
    assert drawn[80, 40].any()
    assert not drawn[80, 22].any()
    gone = painter.draw(empty, 20, np.zeros(0, np.int64), np.zeros((0, 4)))
    assert not gone[30:].any()
    assert gone[:30].any()  # the frame's number


def test_boxes_beyond_the_picture_are_drawn_without_error() -> None:
    painter = Painter(height=120, trail=5)
    boxes = np.array([[-30.0, -20, 15, 60], [150, 100, 400, 500]])
    image = np.zeros((120, 160, 3), np.uint8)
    assert painter.draw(image, 0, np.array([1, 123456]), boxes).any()


def test_the_codec_is_the_best_that_works_and_is_told() -> None:
    found = pick_codec()
    names = [codec.name for codec in CODECS]
    for better in names[: names.index(found.name)]:
        with pytest.raises(InputError, match=f"no encoder for {better}"):
            pick_codec(better)
    assert pick_codec("mpeg4").name == "mpeg4"
    assert "browsers do not" in codec_line(pick_codec("mpeg4"))
    for codec in CODECS:
        if codec.in_browsers:
            assert "browsers play" in codec_line(codec)
    with pytest.raises(InputError, match=r"No codec 'mpg4': .*mpeg4"):
        pick_codec("mpg4")


def test_unconfirmed_tracks_are_corners(tmp_path: Path) -> None:
    painter = Painter(height=120, trail=0)
    empty = np.zeros((120, 160, 3), np.uint8)
    boxes = np.array([[20.0, 40, 60, 100], [90, 40, 130, 100]])
    ids, early = np.array([3, 4]), np.array([False, True])
    drawn = painter.draw(empty, 0, ids, boxes, early)
    assert drawn[70, 20].any()  # a whole side
    assert not drawn[70, 90].any()  # its middle is left out
    assert drawn[42, 90].any()  # the corner is there


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (30.0, 30.0),
        (23.976, 23.976),
        (59.94, 59.94),
        (239.76, 239.76),
        (196.263, 196.26),
        (0.5, 0.5),
        (1e-9, 1.0),
        (1000.0, 1000.0),
        (90000.0, 1000.0),
        (float("nan"), 30.0),
        (float("inf"), 30.0),
        (-1.0, 30.0),
    ],
)
def test_a_rate_is_rounded_to_what_the_codec_takes(
    tmp_path: Path, given: float, written: float
) -> None:
    assert written_rate(given) == written
    output = tmp_path / "clip.mp4"
    assert draw_tracks(grey_frames(3), one_walker(3), output, given) == 3
    capture = cv2.VideoCapture(str(output))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(written, rel=1e-3)


@given(st.floats(1e-3, 1e6))
def test_every_rate_becomes_one_of_few_digits(rate: float) -> None:
    found = written_rate(rate)
    assert 0 < found <= 1000
    assert any(
        float(f"{found * 10**d:.6f}").is_integer() and round(found * 10**d) <= 65535
        for d in range(4)
    )


def test_a_video_that_cannot_be_read_again_is_no_success(tmp_path: Path) -> None:
    output = tmp_path / "clip.mp4"
    draw_tracks(grey_frames(8), one_walker(8), output, fps=25)
    check_video(output, 8, output)
    with pytest.raises(CstrackError, match="of 9 frames only 8"):
        check_video(output, 9, output)
    output.write_bytes(output.read_bytes()[:400])
    with pytest.raises(CstrackError, match="disk is full"):
        check_video(output, 8, output)


def test_a_probe_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    probe_video(tmp_path / "clip.mp4", 25, 161, 121)
    assert capsys.readouterr().err == ""
    probe_video(tmp_path / "clip.mp4", 90000, 160, 120)
    assert "1000 frames a second, not at 90000" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
