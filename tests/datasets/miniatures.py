"""Made-up miniatures of every catalogued data set, as their archives hold them.

Written from descriptions of the formats, not from any of the data: pictures are noise,
people are boxes. What we could not check is taken at its hardest: CUHK-SYSU and PRW
have their training and test pictures in one folder, so that only the published lists
tell them apart.
"""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT, FRAMES = 96, 64, 4
#: Frames' persons: id, left, top, width, height.
PEOPLE = [(1, 8, 10, 14, 40), (2, 50, 12, 15, 42)]

Archives = dict[str, Path]


def publish(name: str, folder: Path) -> Archives:
    """Write what the archives of a data set hold.

    Args:
        name: one of ``NAMES``.
        folder: where; one folder an archive, in which all that is to be packed lies.

    Returns:
        Name of each file as the catalogue calls it -> the folder that is its content,
        or the file itself where it is none that is unpacked.
    """
    return _WRITERS[name](folder)


def unpack(archives: Archives, target: Path) -> Path:
    """Put the contents over one another, as a download does."""
    import shutil

    target.mkdir(parents=True, exist_ok=True)
    for content in archives.values():
        if content.is_dir():
            shutil.copytree(content, target, dirs_exist_ok=True)
        else:
            shutil.copy(content, target)
    return target


def picture(file: Path, seed: int = 0) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    assert cv2.imwrite(str(file), noise)


def sequence(
    folder: Path, frames: int = FRAMES, columns: int = 9, info: bool = True
) -> None:
    """A sequence in MOTChallenge's layout; a test one has no ground truth."""
    for frame in range(1, frames + 1):
        picture(folder / "img1" / f"{frame:06d}.jpg", frame)
    (folder / "det").mkdir()
    (folder / "det" / "det.txt").write_text("1,-1,8,10,14,40,0.9\n")
    rows = []
    for frame in range(1, frames + 1):
        for identity, left, top, width, height in PEOPLE:
            box = f"{frame},{identity},{left + frame},{top},{width},{height}"
            rows.append(f"{box},1,-1,-1,-1" if columns == 10 else f"{box},1,1,0.9")
        if columns == 9:
            rows.append(f"{frame},7,70,5,9,9,0,3,1")  # a car
    if folder.parent.name == "train":
        (folder / "gt").mkdir()
        (folder / "gt" / "gt.txt").write_text("\n".join(rows) + "\n")
    if info:
        (folder / "seqinfo.ini").write_text(
            f"[Sequence]\nname={folder.name}\nimDir=img1\nframeRate=30\n"
            f"seqLength={frames}\nimWidth={WIDTH}\nimHeight={HEIGHT}\nimExt=.jpg\n"
        )


def label(file: Path, *identities: int) -> None:
    """A label file in JDE's layout, one box an id."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        f"0 {identity} {0.2 + 0.2 * n:.6f} 0.500000 0.150000 0.600000\n"
        for n, identity in enumerate(identities)
    ]
    file.write_text("".join(rows))


def _mot15(folder: Path) -> Archives:
    """Ten columns, no seqinfo.ini (docs/reference.md#dataset-downloads)."""
    inside = folder / "2DMOT2015.d" / "2DMOT2015"
    sequence(inside / "train" / "TUD-Campus", columns=10, info=False)
    sequence(inside / "test" / "TUD-Crossing", columns=10, info=False)
    return {"2DMOT2015.zip": folder / "2DMOT2015.d"}


def _mot16(folder: Path) -> Archives:
    """train/ and test/ without a folder around them."""
    sequence(folder / "MOT16.d" / "train" / "MOT16-02")
    sequence(folder / "MOT16.d" / "test" / "MOT16-01")
    return {"MOT16.zip": folder / "MOT16.d"}


def _mot17(folder: Path) -> Archives:
    """Each sequence once for each of three public detectors."""
    inside = folder / "MOT17.d" / "MOT17"
    for detector in ("DPM", "FRCNN", "SDP"):
        for number in ("02", "09"):
            sequence(inside / "train" / f"MOT17-{number}-{detector}")
        sequence(inside / "test" / f"MOT17-01-{detector}")
    return {"MOT17.zip": folder / "MOT17.d"}


def mot17_of_jde(folder: Path) -> Archives:
    """MOT17 with JDE's labels: sequences in images/train/."""
    inside = folder / "MOT17.d" / "MOT17"
    sequence(inside / "train" / "MOT17-02-SDP")
    (inside / "images").mkdir()
    (inside / "train").rename(inside / "images" / "train")
    for frame in range(1, FRAMES + 1):
        name = f"train/MOT17-02-SDP/img1/{frame:06d}.txt"
        label(inside / "labels_with_ids" / name, 1, 2)
    return {"MOT17.zip": folder / "MOT17.d"}


def _mot20(folder: Path) -> Archives:
    sequence(folder / "MOT20.d" / "MOT20" / "train" / "MOT20-01")
    sequence(folder / "MOT20.d" / "MOT20" / "test" / "MOT20-04")
    return {"MOT20.zip": folder / "MOT20.d"}


def film(file: Path, pictures: int, stamp: int = 8) -> None:
    """A StreamPix film of JPEG pictures."""
    header = bytearray(1024)
    struct.pack_into("<I", header, 0, 0xFEED)
    header[4:24] = "Norpix seq".encode("utf-16-le")
    struct.pack_into("<II", header, 548, WIDTH, HEIGHT)
    struct.pack_into("<I", header, 572, pictures)
    content = bytes(header)
    for number in range(pictures):
        noise = np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3))
        data = cv2.imencode(".jpg", noise.astype(np.uint8))[1].tobytes()
        content += struct.pack("<I", len(data) + 4) + data
        content += bytes(8 if number else stamp)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _caltech(folder: Path) -> Archives:
    """Labels of JDE's in one archive, films in one for each set."""
    labels = folder / "caltech_labels.d" / "Caltech" / "data" / "labels_with_ids"
    archives = {"caltech_labels.zip": folder / "caltech_labels.d"}
    for number in range(6):
        inside = folder / f"set{number:02}.d"
        film(inside / f"set{number:02}" / "V000.seq", 3, stamp=8 + 8 * (number % 2))
        label(labels / f"set{number:02}_V000_1.txt", 10 + number, -1)
        archives[f"set{number:02}.tar"] = inside
    label(labels / "set06_V000_0.txt", 90)
    return archives


def _citypersons(folder: Path) -> Archives:
    """Boxes without identity; pictures by city, some without anybody."""
    inside = folder / "Citypersons.d" / "Citypersons"
    for place in ("train/aachen/aachen_000000", "train/ulm/ulm_000001", "val/bonn/b_0"):
        picture(inside / "images" / f"{place}_leftImg8bit.png")
        label(inside / "labels_with_ids" / f"{place}_leftImg8bit.txt", -1, -1)
    picture(inside / "images" / "train/ulm/ulm_000002_leftImg8bit.png")
    label(inside / "labels_with_ids" / "train/ulm/ulm_000002_leftImg8bit.txt")
    return {"Citypersons.zip": folder / "Citypersons.d"}


def _cuhksysu(folder: Path) -> Archives:
    inside = folder / "CUHKSYSU.d" / "CUHKSYSU"
    for number in range(1, 6):
        picture(inside / "images" / f"s{number}.jpg", number)
        label(inside / "labels_with_ids" / f"s{number}.txt", number // 2, -1)
    return {"CUHKSYSU.zip": folder / "CUHKSYSU.d"}


def _prw(folder: Path) -> Archives:
    inside = folder / "PRW.d" / "PRW"
    for name, identity in (("c1s1_000151", 0), ("c1s1_000176", 3), ("c6s3_01", 9)):
        picture(inside / "images" / f"{name}.jpg")
        label(inside / "labels_with_ids" / f"{name}.txt", identity)
    return {"PRW.zip": folder / "PRW.d"}


def _eth(folder: Path) -> Archives:
    """A pair of images/ and labels_with_ids/ for each sequence; no identities."""
    for number in ("01", "02", "03", "05", "07"):
        inside = folder / "ETHZ.d" / "ETHZ" / f"eth{number}"
        picture(inside / "images" / "image_00000000_0.png", int(number))
        label(inside / "labels_with_ids" / "image_00000000_0.txt", -1)
    return {"ETHZ.zip": folder / "ETHZ.d"}


def crowd(name: str, *extra: dict) -> str:
    """A line of an odgt file: one person that is seen in part, and what is given."""
    person = {
        "tag": "person",
        "fbox": [-6, 5, 30, 58],
        "vbox": [0, 5, 24, 30],
        "hbox": [0, 5, 8, 8],
        "head_attr": {"ignore": 0, "occ": 0, "unsure": 0},
        "extra": {"box_id": 0, "occ": 1},
    }
    return json.dumps({"ID": name, "gtboxes": [person, *extra]}) + "\n"


def _crowdhuman(folder: Path) -> Archives:
    ignored = {"tag": "person", "fbox": [40, 5, 9, 9], "extra": {"ignore": 1}}
    mask = {"tag": "mask", "fbox": [60, 5, 20, 20], "extra": {"ignore": 1}}
    archives = {}
    lines: dict[str, str] = {"train": "", "val": ""}
    parts = ("train01", "train02", "train03", "val")
    for number, part in enumerate(parts):
        name = f"{273270 + number},c9db000d5146c15"
        inside = folder / f"CrowdHuman_{part}.d"
        picture(inside / "Images" / f"{name}.jpg", number)
        extra = [ignored, mask][: number % 3]
        lines["val" if part == "val" else "train"] += crowd(name, *extra)
        archives[f"CrowdHuman_{part}.zip"] = inside
    for subset, text in lines.items():
        file = folder / f"annotation_{subset}.odgt"
        file.write_text(text)
        archives[file.name] = file
    return archives


def _hieve(folder: Path) -> Archives:
    """Given out on registration; frames and track files."""
    inside = folder / "HIE20.d" / "HIE20"
    for number in range(1, 6):
        for frame in range(FRAMES):
            picture(inside / "images" / "train" / str(number) / f"{frame:06d}.jpg")
        labels = inside / "labels" / "train" / "track1"
        labels.mkdir(parents=True, exist_ok=True)
        rows = [
            f"{frame + 1},{i},{x + frame},{y},{w},{h},1,-1,-1,-1\n"
            for frame in range(FRAMES)
            for i, x, y, w, h in PEOPLE
        ]
        (labels / f"{number}.txt").write_text("".join(rows))
    picture(inside / "images" / "test" / "20" / "000000.jpg")
    return {"HIE20.zip": folder / "HIE20.d"}


def _image_lists(folder: Path) -> Archives:
    """The lists, which name pictures as JDE's folders do; Caltech's is another."""
    inside = folder / "image_lists.d" / "image_lists"
    inside.mkdir(parents=True)
    lists = {
        "caltech.train": ["Caltech/data/images/set00_V000_1.png"],
        "cuhksysu.train": [f"CUHKSYSU/images/s{n}.jpg" for n in (1, 2, 4)],
        "cuhksysu.val": [f"CUHKSYSU/images/s{n}.jpg" for n in (3, 5)],
        "prw.train": [f"PRW/images/c1s1_000{n}.jpg" for n in (151, 176)],
        "prw.val": ["PRW/images/c6s3_01.jpg"],
        "eth.train": [
            f"ETHZ/eth{n}/images/image_00000000_0.png"
            for n in ("01", "02", "03", "05", "07")
        ],
    }
    for name, paths in lists.items():
        (inside / name).write_text("\n".join(paths) + "\n")
    return {"image_lists.zip": folder / "image_lists.d"}


_WRITERS: dict[str, Callable[[Path], Archives]] = {
    "mot15": _mot15,
    "mot16": _mot16,
    "mot17": _mot17,
    "mot20": _mot20,
    # Before the data sets whose pictures only the lists tell apart.
    "image-lists": _image_lists,
    "caltech": _caltech,
    "citypersons": _citypersons,
    "cuhk-sysu": _cuhksysu,
    "prw": _prw,
    "eth": _eth,
    "crowdhuman": _crowdhuman,
    "hieve": _hieve,
}
NAMES = tuple(_WRITERS)
#: What it is called below the root where that is not its name.
FOLDERS = {"image-lists": "image_lists"}
