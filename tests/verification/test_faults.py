"""Planted faults, in every kind of data set: each is found and named."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cstrack_bench.datasets.dataset_registry import find_dataset
from cstrack_bench.download.catalogue import find_item
from cstrack_bench.download.install import normalise_item
from tests.datasets.miniatures import (
    FOLDERS,
    NAMES,
    crowd,
    label,
    picture,
    publish,
    sequence,
    unpack,
)

MOT = "mot17/train/MOT17-02-SDP"
NO_PICTURE = b"text, with the ends of a JPEG \xff\xd9 and of a PNG IEND"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound")
    for name in NAMES:
        folder = root / FOLDERS.get(name, name)
        unpack(publish(name, tmp_path_factory.mktemp("published")), folder)
        normalise_item(find_item(name), folder)
    return root


@pytest.fixture
def root(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "root"))


def set_line(file: Path, number: int, text: str) -> None:
    lines = file.read_text().splitlines()
    if number > len(lines):
        lines.append(text)
    else:
        lines[number - 1] = text
    file.write_text("\n".join(lines) + "\n")


def line(name: str, number: int, text: str) -> Callable[[Path], None]:
    """Another line in the place of one of a file, or behind its last."""
    return lambda root: set_line(root / name, number, text)


def gone(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


def unreadable(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).write_bytes(NO_PICTURE) and None


def cut(name: str) -> Callable[[Path], None]:
    def plant(root: Path) -> None:
        file = root / name
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return plant


def shorter(root: Path) -> None:
    info = root / MOT / "seqinfo.ini"
    info.write_text(info.read_text().replace("seqLength=4", "seqLength=5"))


def longer_than_published(root: Path) -> None:
    shutil.rmtree(root / MOT / "img1")
    info = root / MOT / "seqinfo.ini"
    info.write_text(info.read_text().replace("seqLength=4", "seqLength=601"))


def test_sequence(root: Path) -> None:
    sequence(root / "mot17/train/MOT17-03-SDP")


test_sequence.__test__ = False  # type: ignore[attr-defined]


def sequence_in_both(root: Path) -> None:
    video = root / "hieve/images/test/3"
    picture(video / "000000.jpg")


def other_size(root: Path) -> None:
    import cv2
    import numpy as np

    file = root / "hieve/images/train/4/000003.jpg"
    cv2.imwrite(str(file), np.zeros((32, 32, 3), np.uint8))


def crowd_in_both(root: Path) -> None:
    file = root / "crowdhuman/annotation_val.odgt"
    file.write_text(file.read_text() + crowd("273271,c9db000d5146c15"))


def without_lists(root: Path) -> None:
    (root / "image_lists/prw.train").unlink()
    (root / "prw/prw.train").unlink()
    (root / "image_lists/prw.val").unlink()
    (root / "prw/prw.val").unlink()
    for number in range(5702):
        label(root / "prw/labels_with_ids" / f"n{number}.txt", 1)
    first = root / "prw/images/c1s1_000151.jpg"
    for number in range(5702):
        (root / "prw/images" / f"n{number}.jpg").hardlink_to(first)


def eth_of_mot16(root: Path) -> None:
    picture(root / "eth/images/eth04/a.png")
    label(root / "eth/labels_with_ids/eth04/a.txt", -1)
    set_line(root / "eth/eth.train", 6, "eth/images/eth04/a.png")


def hieve_xml(root: Path) -> None:
    """A film's labels as XML, with a box in line 4 that is outside the picture."""
    folder = root / "hieve/labels/train/track1"
    (folder / "2.txt").unlink()
    boxes = [
        f'<box frame="{frame}" outside="0" xtl="{x}" ytl="5" xbr="{x + 9}" ybr="30"/>'
        for frame, x in ((1, 5), (2, 200), (3, 7))
    ]
    rows = ["<annotations>", '<track id="1">', *boxes, "</track>", "</annotations>"]
    (folder / "2.xml").write_text("\n".join(rows))


GT = f"{MOT}/gt/gt.txt"
CITY = "citypersons/labels_with_ids/train/aachen/aachen_000000_leftImg8bit.txt"
TRACK = "hieve/labels/train/track1/1.txt"
ODGT = "crowdhuman/annotation_train.odgt"
OUTSIDE = "wholly outside the"

FAULTS: list[tuple[str, Callable[[Path], None], str, str]] = [
    # MOTChallenge's layout
    ("mot17", gone(f"{MOT}/img1/000002.jpg"), f"{MOT}/img1", "lacks 1 of 4 frames: 2"),
    ("mot17", cut(f"{MOT}/img1/000003.jpg"), f"{MOT}/img1/000003.jpg", "is cut off"),
    (
        "mot17",
        unreadable(f"{MOT}/img1/000003.jpg"),
        f"{MOT}/img1/000003.jpg",
        "cannot be decoded",
    ),
    ("mot17", line(GT, 4, "2,1,96,5,9,9,1,1,1"), f"{GT}, line 4", OUTSIDE),
    ("mot17", line(GT, 4, "2,2,9,5,9,9,1,1,1"), f"{GT}, line 5", "already has a box"),
    ("mot17", line(GT, 13, "1,2,9,5"), f"{GT}, line 13", "4 columns"),
    ("mot17", line(GT, 2, "1,two,9,5,9,9,1,1,1"), f"{GT}, line 2", "not a number"),
    ("mot17", shorter, f"{MOT}/img1", "lacks 1 of 5 frames: 5"),
    ("mot17", longer_than_published, f"{MOT}/seqinfo.ini", "as published 600"),
    ("mot17", test_sequence, "mot17/train/MOT17-03-SDP", "is a test sequence"),
    (
        "mot17",
        line(f"{MOT}/det/det.txt", 2, "9,-1,8,1,4,4,0.9"),
        f"{MOT}/det/det.txt",
        "has frame 9 of 4",
    ),
    ("mot15", gone("mot15/train/TUD-Campus/gt/gt.txt"), "gt/gt.txt", "is absent"),
    # JDE's layout
    (
        "eth",
        gone("eth/images/eth02/image_00000000_0.png"),
        "eth.train, line 2",
        "absent",
    ),
    (
        "eth",
        cut("eth/images/eth03/image_00000000_0.png"),
        "eth03/image_00000000_0.png",
        "is cut off",
    ),
    (
        "eth",
        unreadable("eth/images/eth03/image_00000000_0.png"),
        "eth03/image_00000000_0.png",
        "cannot be decoded",
    ),
    ("citypersons", line(CITY, 2, "0 -1 1.2 .5 .2 .5"), f"{CITY}, line 2", OUTSIDE),
    ("citypersons", line(CITY, 2, "0 -1 640 9 80 9"), f"{CITY}, line 2", OUTSIDE),
    ("citypersons", line(CITY, 1, "0 .5 .5 .2 .5"), f"{CITY}, line 1", "5 columns"),
    ("citypersons", line(CITY, 1, "0 -2 .5 .5 .2 .5"), f"{CITY}, line 1", "its id"),
    ("citypersons", line(CITY, 1, "0 -1 .5 .5 0 .5"), f"{CITY}, line 1", "no width"),
    ("citypersons", line(CITY, 1, "0 -1 .5 nan 1 1"), f"{CITY}, line 1", "not finite"),
    (
        "prw",
        line("prw/labels_with_ids/c1s1_000151.txt", 2, "0 0 .2 .2 .1 .1"),
        "c1s1_000151.txt, line 2",
        "already has a box with its id",
    ),
    (
        "prw",
        line("prw/prw.train", 2, "prw/images/c6s3_01.jpg"),
        "prw/prw.train, line 2",
        "trains on c6s3_01.jpg, which is tested on",
    ),
    (
        "prw",
        line("prw/prw.train", 3, "prw/images/c1s1_000151.jpg"),
        "prw/prw.train, line 3",
        "is in the list already",
    ),
    ("prw", without_lists, "/prw", "all of its 5,705 labelled pictures"),
    (
        "cuhk-sysu",
        gone("cuhk-sysu/labels_with_ids/s2.txt"),
        "cuhksysu.train, line 2",
        "has no label file",
    ),
    (
        "caltech",
        line("caltech/caltech.train", 7, "caltech/images/set06_V000_0.jpg"),
        "caltech.train, line 7",
        "its picture is absent",
    ),
    ("eth", eth_of_mot16, "eth/eth.train, line 6", "a part that is tested on"),
    # CrowdHuman's own
    ("crowdhuman", line(ODGT, 2, '{"ID": '), f"{ODGT}, line 2", "is not JSON"),
    (
        "crowdhuman",
        line(ODGT, 2, '{"ID": "273271,c9db000d5146c15"}'),
        f"{ODGT}, line 2",
        "lacks 'gtboxes'",
    ),
    (
        "crowdhuman",
        line(ODGT, 3, crowd("none").strip()),
        f"{ODGT}, line 3",
        "its picture is absent",
    ),
    (
        "crowdhuman",
        crowd_in_both,
        "annotation_val.odgt, line 2",
        "is in",
    ),
    (
        "crowdhuman",
        line(
            ODGT,
            1,
            crowd(
                "273270,c9db000d5146c15",
                {"tag": "person", "fbox": [-40, 5, 20, 9]},
            ).strip(),
        ),
        f"{ODGT}, line 1",
        OUTSIDE,
    ),
    # HiEve
    ("hieve", gone("hieve/images/train/3/000001.jpg"), "images/train/3", "lacks 1"),
    ("hieve", line(TRACK, 8, "5,2,9,9,9,9,1"), f"{TRACK}, line 8", "7 columns"),
    (
        "hieve",
        line(TRACK, 2, "1,1,9,9,9,9,1,-1,-1,-1"),
        f"{TRACK}, line 2",
        "already has a box with its id",
    ),
    (
        "hieve",
        line(TRACK, 2, "5,2,9,9,9,9,1,-1,-1,-1"),
        f"{TRACK}, line 2",
        "its frame is not one of 1 to 4",
    ),
    ("hieve", hieve_xml, "track1/2.xml, line 4", OUTSIDE),
    ("hieve", sequence_in_both, "hieve", "video 3 is a test video in train/"),
    ("hieve", other_size, "train/4/000003.jpg", "is 32×32 where"),
]


def test_there_are_enough_of_them() -> None:
    assert len(FAULTS) >= 20


@pytest.mark.parametrize(
    ("name", "plant", "location", "what"),
    FAULTS,
    ids=[f"{number}-{fault[0]}" for number, fault in enumerate(FAULTS, 1)],
)
def test_a_planted_fault_is_named(
    root: Path, name: str, plant: Callable[[Path], None], location: str, what: str
) -> None:
    plant(root)
    found = find_dataset(name).verify(root / name, every_picture=name != "prw")
    problems = found.problems
    named = [p for p in problems if p.location.endswith(location) and what in p.what]
    assert len(named) == 1, [(p.location, p.what) for p in problems]
    # One cause may show in a few places: labels of a frame that is not there any more.
    assert len(problems) <= 3, [(p.location, p.what) for p in problems]
    assert named[0].mend
