"""HiEve in every layout, in miniature."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from cstrack_bench.datasets.experiment_data import DataConfig, open_data
from cstrack_bench.datasets.hieve import DATASET, HOLDOUT
from cstrack_bench.errors import InputError
from cstrack_bench.formats.hieve_labels import HieveGroundTruth
from cstrack_bench.training_data.loading import TrainingSet

WIDTH, HEIGHT, FRAMES = 64, 48, 3
# frame (from 0), id, left, top, width, height: two people, the second one goes.
PEOPLE = [(0, 0, 5, 6, 10, 30), (0, 4, 30, 6, 12, 30), (1, 0, 7, 6, 10, 30)]
PEOPLE += [(2, 0, 9, 6, 10, 30)]


def track_file(folder: Path, name: str, first: int = 1) -> None:
    rows = [
        f"{f + first},{i},{x},{y},{w},{h},1,-1,-1,-1" for f, i, x, y, w, h in PEOPLE
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text("\n".join(rows) + "\n")


def track_file_from_0(folder: Path, name: str) -> None:
    track_file(folder, name, first=0)


def track_file_of_six_columns(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{f + 1} {i} {x} {y} {w} {h}" for f, i, x, y, w, h in PEOPLE]
    (folder / f"{name}.txt").write_text("\n".join(rows) + "\n")


def converted(folder: Path, name: str) -> None:
    track_file(folder / name / "gt", "gt")


def video_xml(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tracks = ""
    for identity in (0, 4):
        boxes = [
            f'<box frame="{f}" outside="0" xtl="{x}" ytl="{y}" '
            f'xbr="{x + w}" ybr="{y + h}"/>'
            for f, i, x, y, w, h in PEOPLE
            if i == identity
        ]
        gone = '<box frame="2" outside="1" xtl="0" ytl="0" xbr="9" ybr="9"/>'
        boxes += [gone] if identity == 4 else []
        tracks += f'<track id="{identity}" label="person">{"".join(boxes)}</track>'
    (folder / f"{name}.xml").write_text(f"<annotations>{tracks}</annotations>")


def frame_xml(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True, exist_ok=True)
    for frame in range(FRAMES):
        objects = [
            f"<object><name>person</name><trackid>{i}</trackid><bndbox>"
            f"<xmin>{x}</xmin><ymin>{y}</ymin><xmax>{x + w}</xmax>"
            f"<ymax>{y + h}</ymax></bndbox></object>"
            for f, i, x, y, w, h in PEOPLE
            if f == frame
        ]
        file = folder / name / f"{frame + 1:06d}.xml"
        file.write_text(f"<annotation>{''.join(objects)}</annotation>")


Labels = Callable[[Path, str], None]
ALL_LABELS = [
    track_file,
    track_file_from_0,
    track_file_of_six_columns,
    converted,
    video_xml,
    frame_xml,
]


def picture(frame: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), 40 * (frame + 1), np.uint8)


def frames_of(root: Path, name: str, subset: str = "train") -> None:
    folder = root / "images" / subset / name
    folder.mkdir(parents=True)
    for frame in range(FRAMES):
        cv2.imwrite(str(folder / f"{frame}.png"), picture(frame))


def video_of(root: Path, name: str, subset: str = "train") -> None:
    folder = root / "videos" / subset
    folder.mkdir(parents=True, exist_ok=True)
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(folder / f"{name}.avi"), code, 20.0, (WIDTH, HEIGHT))
    for frame in range(FRAMES):
        writer.write(picture(frame))
    writer.release()


def make_hieve(root: Path, count: int, labels: Labels = track_file) -> Path:
    """HiEve with so many training videos under ``root/HIE20``."""
    for number in range(1, count + 1):
        frames_of(root / "HIE20", str(number))
        labels(root / "HIE20" / "labels" / "train" / "track1", str(number))
    return root


@pytest.mark.parametrize("labels", ALL_LABELS)
@pytest.mark.parametrize("pictures", [frames_of, video_of])
@pytest.mark.parametrize("place", ["labels/train/track1", "labels/train", "train"])
def test_every_layout_gives_the_same_people(
    tmp_path: Path, labels: Labels, pictures: Callable, place: str
) -> None:
    folder = tmp_path / "hieve"
    pictures(folder, "7")
    labels(folder / place, "7")
    (sequence,) = DATASET.open(tmp_path)
    truth = sequence.annotations()
    assert truth is not None
    found = zip(truth.frames, truth.ids, *truth.boxes.T, strict=True)
    assert [tuple(map(int, row)) for row in found] == [
        (f, i, x, y, x + w, y + h) for f, i, x, y, w, h in PEOPLE
    ]
    assert len(truth.pedestrians()) == len(PEOPLE)
    assert (sequence.name, len(sequence)) == ("7", FRAMES)
    assert (sequence.width, sequence.height) == (WIDTH, HEIGHT)
    seen = [round(float(frame.image.mean()) / 40) for frame in sequence]
    assert seen == [1, 2, 3]
    assert b"".join(sequence.truth())


def test_a_set_that_counts_from_0_does_so_in_every_file(tmp_path: Path) -> None:
    """A video whose first frame is empty has no 0 of its own."""
    root = make_hieve(tmp_path, 2, track_file_from_0)
    file = root / "HIE20" / "labels" / "train" / "track1" / "2.txt"
    file.write_text("1,0,5,6,10,30\n2,0,5,6,10,30\n")
    truth = DATASET.open(root)[1].annotations()
    assert truth is not None
    assert truth.frames.tolist() == [1, 2]


def test_a_part_keeps_its_ground_truth(tmp_path: Path) -> None:
    sequence = DATASET.open(make_hieve(tmp_path, 1))[0].part(1, 3)
    truth = sequence.annotations()
    assert truth is not None
    assert truth.frames.tolist() == [1, 2]


def test_the_last_four_training_videos_are_held_out(tmp_path: Path) -> None:
    root = make_hieve(tmp_path, 12)
    train, val = HOLDOUT.cut(DATASET.open(root))
    # In the order of their numbers: 2 comes before 10.
    assert [s.name for s in train] == [str(n) for n in range(1, 9)]
    assert [s.name for s in val] == ["9", "10", "11", "12"]
    assert all(len(s) == FRAMES for s in train + val)


def test_four_videos_cannot_be_held_out_of_four(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"hieve/holdout holds out 4 .* 4 are given"):
        HOLDOUT.cut(DATASET.open(make_hieve(tmp_path, 4)))


def test_it_is_data_to_train_and_test_on(tmp_path: Path) -> None:
    config = DataConfig("hieve", split=HOLDOUT.name, input_size="64x64")
    data = open_data(config, make_hieve(tmp_path, 6))
    assert (data.rules.name, data.split) == ("hieve", HOLDOUT.name)
    assert [s.name for s in data.train] == ["1", "2"]
    assert [s.name for s in data.val] == ["3", "4", "5", "6"]
    dataset = TrainingSet(data.train, (64, 64), None, 0)
    # Two people in each of the two videos, the one with id 0 among them.
    assert (len(dataset), dataset.identities) == (2 * FRAMES, 5)


def test_the_manifest_knows_labels_that_lie_elsewhere(tmp_path: Path) -> None:
    root = make_hieve(tmp_path, 5, frame_xml)
    config = DataConfig("hieve", split=HOLDOUT.name)
    before = open_data(config, root).manifest_hash()
    file = root / "HIE20/labels/train/track1/1/000002.xml"
    file.write_text(file.read_text().replace("<ymin>6<", "<ymin>7<"))
    assert open_data(config, root).manifest_hash() != before


def test_test_videos_have_no_ground_truth(tmp_path: Path) -> None:
    root = make_hieve(tmp_path, 1)
    video_of(root / "HIE20", "20", "test")
    (sequence,) = DATASET.open(root, "test")
    assert sequence.annotations() is None
    assert len(list(sequence)) == FRAMES


def test_labels_alone_can_be_evaluated_on(tmp_path: Path) -> None:
    track_file(tmp_path / "hieve" / "labels" / "train", "1")
    (sequence,) = DATASET.open(tmp_path)
    assert not sequence.has_images
    assert len(sequence) == FRAMES
    with pytest.raises(InputError, match=r"no images or no ground truth for 1\."):
        open_data(DataConfig("hieve", split="full"), tmp_path)


def test_labels_that_go_on_after_the_video_are_refused(tmp_path: Path) -> None:
    root = make_hieve(tmp_path, 1)
    file = root / "HIE20/labels/train/track1/1.txt"
    file.write_text(file.read_text() + "4,1,1,1,5,5,1,-1,-1,-1\n")
    with pytest.raises(InputError, match=r"1\.txt goes on to frame 4, but .* has 3"):
        DATASET.open(root)[0].annotations()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("1.xml", "<annotations><track", "as XML"),
        ("1.xml", '<a><track><box frame="1" xtl="1"/></track></a>', "without an id"),
        ("1.txt", "1,1,2,3\n", "line 1: 4 columns"),
        ("1.txt", "1,1,nan,3,4,5\n", "not finite"),
        ("1.txt", "-1,1,2,3,4,5\n", "before the first"),
        ("a1/1.xml", "<a><object><id>1</id></object></a>", "without an id"),
        ("a1/one.xml", "<a><object/></a>", "no frame number"),
    ],
)
def test_broken_labels_are_named(
    tmp_path: Path, name: str, content: str, why: str
) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    labels = file.parent if file.parent != tmp_path else file
    with pytest.raises(InputError, match=why) as caught:
        HieveGroundTruth(labels).read()
    assert str(labels) in str(caught.value)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No HiEve under .*hieve with labels/train"):
        DATASET.find(tmp_path)
    with pytest.raises(InputError, match=r"No folder .*gone to look for hieve in"):
        DATASET.find(tmp_path / "gone")
    # A MOTChallenge set in the root is not HiEve.
    (tmp_path / "train" / "MOT17-02-SDP" / "gt").mkdir(parents=True)
    with pytest.raises(InputError, match="No HiEve under"):
        DATASET.find(tmp_path)
    with pytest.raises(InputError, match="no test sequences of hieve"):
        DATASET.open(make_hieve(tmp_path, 1), "test")
