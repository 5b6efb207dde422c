# ruff: noqa: E501
"""The corpus: bad inputs, each with the sentence that it is answered with.

A case writes what it needs into an empty folder and is then run: the command line in
this process, or the reader that the command line calls. ``case_count`` is what the
README quotes.
"""

import functools
import importlib.util
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file

from cstrack_bench.download.catalogue import load_weights as load_catalogue_file
from cstrack_bench.experiments.recipes import Recipe, load_recipe
from cstrack_bench.formats.hieve_labels import HieveGroundTruth
from cstrack_bench.formats.odgt import read_odgt
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.systems.weights import save_weights

Write = Callable[[Path], None]
Call = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes:
        name: of the case.
        write: puts its files into an empty folder.
        run: arguments of the command line, or a call.
        sentence: what the error says among other things.
    """

    name: str
    write: Write
    run: tuple[str, ...] | Call
    sentence: str


CASES: list[Case] = []


def case_count() -> int:
    """How many bad inputs the corpus holds."""
    return len(CASES)


def add(name: str, write: Write, run: tuple[str, ...] | Call, sentence: str) -> None:
    CASES.append(Case(name, write, run, sentence))


# Made inputs.

INFO = "[Sequence]\nname=A\nimDir=img1\nframeRate=10\nseqLength=3\nimWidth=64\nimHeight=48\n"
TRUTH = "".join(f"{f},1,10,10,10,20,1,1,1\n" for f in (1, 2, 3))
BOXES = "".join(f"{f},-1,10,10,10,20,0.9\n" for f in (1, 2, 3))


@functools.cache
def picture(width: int = 64, height: int = 48, suffix: str = ".png") -> bytes:
    image = np.full((height, width, 3), 90, np.uint8)
    return cv2.imencode(suffix, image)[1].tobytes()


def sequence(folder: Path, info: str | None = INFO, names: str = "{:06d}.png") -> None:
    (folder / "img1").mkdir(parents=True, exist_ok=True)
    for number in (1, 2, 3):
        (folder / "img1" / names.format(number)).write_bytes(picture())
    if info is not None:
        (folder / "seqinfo.ini").write_text(info)


def dataset(root: Path, truth: str = TRUTH, rows: str = BOXES) -> None:
    """``mine/train/A`` with ground truth, ``res/A.txt`` and ``det.txt``."""
    sequence(root / "mine/train/A")
    (root / "mine/train/A/gt").mkdir()
    (root / "mine/train/A/gt/gt.txt").write_text(truth)
    (root / "res").mkdir()
    (root / "res/A.txt").write_text(rows.replace(",-1,", ",1,"))
    (root / "det.txt").write_text(rows)


EVALUATE = ("evaluate", "res", "--dataset", "mine", "--data", ".")
TRACK = ("track", "mine/train/A", "--tracker", "sort", "--output", "out.txt")
TRACK_FILE = (*TRACK, "--detections", "det.txt")


def with_file(path: str, content: str | bytes) -> Write:
    def write(root: Path) -> None:
        dataset(root)
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        target.write_bytes(data)

    return write


# Rows of numbers: in ground truth, results and detections alike.

BAD_ROWS = {
    "text": ("1,x,10,10,10,20,1", "'x' is not a number (column 2)"),
    "underscore": ("1_0,1,10,10,10,20,1", "'1_0' is not a number"),
    "arabic-digit": ("٣,1,10,10,10,20,1", "is not a number"),
    "hex": ("0x1,1,10,10,10,20,1", "'0x1' is not a number"),
    "two-points": ("1,1,1.0.0,10,10,20,1", "'1.0.0' is not a number"),
    "long-text": (f"1,{'y' * 500},10,10,10,20,1", "is not a number"),
    "nan": ("1,1,nan,10,10,20,1", "not finite"),
    "inf": ("1,1,10,10,inf,20,1", "not finite"),
    "minus-infinity": ("1,1,-Infinity,10,10,20,1", "not finite"),
    "overflow": ("1,1,1e999,10,10,20,1", "not finite"),
    "frame-0": ("0,1,10,10,10,20,1", "its frame is below 1"),
    "frame-negative": ("-3,1,10,10,10,20,1", "its frame is below 1"),
    "frame-half": ("1.5,1,10,10,10,20,1", "not a whole number"),
    "frame-1e19": ("1e19,1,10,10,10,20,1", "beyond 2^53"),
    "frame-1e12": ("1e12,1,10,10,10,20,1", "CSTRACK_MAX_FRAMES"),
    "id-2^53": ("1,9007199254740994,10,10,10,20,1", "beyond 2^53"),
    "id-1e300": ("1,1e300,10,10,10,20,1", "beyond 2^53"),
    "id-half": ("1,1.5,10,10,10,20,1", "not a whole number"),
    "left-1e200": ("1,1,1e200,10,10,20,1", "beyond 1,000,000,000 pixels"),
    "top-minus-1e10": ("1,1,10,-1e10,10,20,1", "beyond 1,000,000,000 pixels"),
    "width-1e30": ("1,1,10,10,1e30,20,1", "beyond 1,000,000,000 pixels"),
    "width-negative": ("1,1,10,10,-5,20,1", "negative"),
    "height-negative": ("1,1,10,10,5,-20,1", "negative"),
    "five-columns": ("1,1,10,10,10", "5 columns"),
    "ragged": ("1,1,10,10,10,20,1,1", "columns where the rows before it have"),
    "empty-cell": ("1,,10,10,10,20,1", "6 columns"),
}
for key, (row, said) in BAD_ROWS.items():
    text = f"1,7,30,10,10,20,1\n{row}\n"
    gt, res = "mine/train/A/gt/gt.txt", "res/A.txt"
    add(f"truth-{key}", with_file(gt, text), EVALUATE, said)
    add(f"result-{key}", with_file(res, text), EVALUATE, said)
    add(f"detection-{key}", with_file("det.txt", text), TRACK_FILE, said)

for target, run in (("mine/train/A/gt/gt.txt", EVALUATE), ("res/A.txt", EVALUATE),
                    ("det.txt", TRACK_FILE)):  # fmt: skip
    kind = Path(target).stem
    add(f"{kind}-binary", with_file(target, b"\xff\xfe1\x00,\x00"), run, "UTF-16")
    add(f"{kind}-latin", with_file(target, b"1,\xe9,1"), run, "as text (UTF-8)")
    add(f"{kind}-npy", with_file(target, b"\x93NUMPY\x01\x00"), run, "NumPy array")
    add(f"{kind}-gzip", with_file(target, b"\x1f\x8b\x08\x00\xff"), run, "gzip")

for key, truth, said in [
    ("mark-score", "1,1,1,1,5,9,0.6,1,1\n", "its mark (column 7) is neither 0 nor 1"),
    ("mark-0.608", "1,1,1,1,5,9,0.608,-1,-1,-1\n", "its mark (column 7)"),
    ("empty", "", "it has no row"),
    ("blank", "\n \n", "it has no row"),
    ("unmarked", "1,1,1,1,5,9,0,1,1\n", "the mark (column 7) of all its 1 rows is 0"),
    ("cars", "1,1,1,1,5,9,1,3,1\n", "marked rows is 3, never 1"),
    ("class-0", "1,1,1,1,5,9,1,0,1\n", "class 0 in column 8"),
    ("class-99", "1,1,1,1,5,9,1,99,1\n", "class 99 in column 8"),
    ("class-half", "1,1,1,1,5,9,1,1.5,1\n", "column 8) is not a whole number"),
    ("class-text", "1,1,1,1,5,9,1,person,1\n", "'person' is not a number"),
    ("class-mixed", "1,1,1,1,5,9,1,1,1\n1,2,9,9,5,9,1,-1,1\n", "where other rows"),
    ("class-inf", "1,1,1,1,5,9,1,inf,1\n", "column 8) is not a whole number"),
    ("visdrone", "1,1,1,1,5,9,1,4,0,0\n", "VisDrone"),
    ("eleven", "1,1,1,1,5,9,1,2,1,0,0\n", "11 columns"),
    ("twelve", "1,1,1,1,5,9,1,2,1,0,0,0\n", "12 columns"),
    ("six", "1,1,1,1,5,9\n", "6 columns where at least 7"),
    ("id-twice", "1,1,1,1,5,9,1,1,1\n1,1,9,9,5,9,1,1,1\n", "id 1 twice in frame 1"),
    ("beyond", "9,1,1,1,5,9,1,1,1\n", "frame"),
    ("visibility-nan", "1,1,1,1,5,9,1,1,nan\n", "visibility (column 9)"),
]:
    add(f"truth-{key}", with_file("mine/train/A/gt/gt.txt", truth), EVALUATE, said)

for key, result, said in [
    ("id-negative", "1,-1,1,1,5,9,1\n", "a detection, not a track"),
    ("id-twice", "1,2,1,1,5,9,1\n1,2,9,9,5,9,1\n", "already has a box with its id"),
    ("class-7", "1,2,1,1,5,9,1,7,1\n", "not pedestrian"),
    ("beyond", "9,2,1,1,5,9,1\n", "the sequence ends at 3"),
    ("score-1e39", "1,2,1,1,5,9,1e39\n", "beyond float32"),
]:
    add(f"result-{key}", with_file("res/A.txt", result), EVALUATE, said)


def crowded(root: Path) -> None:
    dataset(root)
    rows = "".join(f"1,{i + 1},{i % 60},1,5,9,0.9\n" for i in range(3001))
    (root / "det.txt").write_text(rows)
    (root / "res/A.txt").write_text(rows)


add("detections-crowded", crowded, TRACK_FILE, "CSTRACK_MAX_BOXES")
add("results-crowded", crowded, EVALUATE, "CSTRACK_MAX_BOXES")

# Detections in other forms.

for key, content, said in [
    ("norm", "1,-1,0.1,0.4,0.09,0.3,0.9\n", "fractions"),
    ("yolo-row", "0 0.1 0.4 0.09 0.3 0.9 1\n", "YOLO"),
    (
        "score-third",
        "1,0,0.9,20,10,10,20\n2,0,0.8,20,10,10,21\n",
        "frame, class, score",
    ),
    ("six", "1,-1,20,10,10,20\n", "6 columns where at least 7"),
    ("empty", "", "holds no detections"),
    ("beyond", "9,-1,20,10,10,20,0.9\n", "has boxes in frame 9"),
    ("score-1e39", "1,-1,20,10,10,20,1e39\n", "beyond float32"),
    ("score-nan", "1,-1,20,10,10,20,nan\n", "not finite"),
]:
    add(f"form-{key}", with_file("det.txt", content), TRACK_FILE, said)
TURNED = (*TRACK_FILE, "--format", "xyxy")
add("xyxy-turned", with_file("det.txt", "1,-1,20,10,9,20,1\n"), TURNED, "second corner")
add("xyxy-nan", with_file("det.txt", "1,-1,20,10,nan,20,1\n"), TURNED, "not finite")
YOLO = (*TRACK, "--detections", "y", "--format", "yolo")
for key, content, said in [
    ("pixels", "0 20 10 10 20 0.9", "columns 2 to 5 are fractions"),
    ("text", "person 0.1 0.1 0.1 0.1", "'person' is not a number"),
    ("four", "0 0.1 0.1 0.1", "4 columns"),
    ("nan", "0 nan 0.1 0.1 0.1", "columns 2 to 5 are fractions"),
    ("negative", "0 0.5 0.5 -0.1 0.1", "negative"),
    ("inf-score", "0 0.5 0.5 0.1 0.1 inf", "not finite"),
]:
    add(f"yolo-{key}", with_file("y/a_1.txt", content), YOLO, said)
add("yolo-file", with_file("y", "0 0.5 0.5 0.1 0.1"), YOLO, "is not a folder")
add("yolo-unnumbered", with_file("y/a.txt", "0 0.5 0.5 0.1 0.1"), YOLO, "no text files")
add("yolo-far", with_file("y/a_99.txt", "0 .5 .5 .1 .1"), YOLO, "has boxes in frame")
add("yolo-number", with_file("y/a_9999999999.txt", ""), YOLO, "CSTRACK_MAX_FRAMES")
COCO = (*TRACK, "--detections", "d.json")
BOX = {"image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 9], "score": 0.9}
for key, document, said in [
    ("text", "hello", "is not JSON"),
    ("cut", '[{"image_id": 1', "is not JSON"),
    ("number", 5, "is no list of detections"),
    ("mapping", {"a": 1}, "is no list of detections"),
    ("entry", [5], "entry 1: is not a mapping"),
    ("bbox-none", [{**BOX, "bbox": None}], "its bbox is not"),
    ("bbox-three", [{**BOX, "bbox": [1, 2, 3]}], "its bbox is not"),
    ("bbox-text", [{**BOX, "bbox": ["a", 1, 1, 1]}], "is not a number"),
    ("bbox-bool", [{**BOX, "bbox": [True, 1, 1, 1]}], "is not a number"),
    ("bbox-huge", [{**BOX, "bbox": [10**400, 1, 1, 1]}], "not finite"),
    ("bbox-1e30", [{**BOX, "bbox": [1e30, 1, 1, 1]}], "entry 1: one of its coord"),
    ("negative", [{**BOX, "bbox": [1, 1, -5, 9]}], "negative"),
    ("image-none", [{"bbox": [1, 1, 5, 9]}], "is not a number"),
    ("image-list", [{**BOX, "image_id": [1]}], "is not a number"),
    ("image-unknown", {"images": [{"id": 2, "file_name": "1.png"}],
                       "annotations": [BOX]}, "of no image of the file"),
    ("image-unnumbered", {"images": [{"id": 1, "file_name": "a.png"}],
                          "annotations": [BOX]}, "no frame_id"),
    ("images-number", {"images": 5, "annotations": []}, "'images' is not a list"),
    ("image-id", {"images": [{}], "annotations": []}, "an image has no id"),
    ("categories", [{**BOX, "category_id": 3}, {**BOX, "category_id": 4}], "several"),
    ("empty", [], "holds no detections"),
]:  # fmt: skip
    content = document if isinstance(document, str) else json.dumps(document)
    add(f"coco-{key}", with_file("d.json", content), COCO, said)
add("coco-deep", with_file("d.json", "[" * 100_000), COCO, "is not JSON")

# seqinfo.ini.

INFOS = {
    "no-section": ("name=A\n", "Cannot read"),
    "other-section": ("[Video]\nname=A\n", "lacks the section [Sequence]"),
    "no-rate": (INFO.replace("frameRate=10\n", ""), "lacks frameRate"),
    "no-length": (INFO.replace("seqLength=3\n", ""), "lacks seqLength"),
    "no-width": (INFO.replace("imWidth=64\n", ""), "lacks imWidth"),
    "twice": (INFO + "seqLength=3\n", "already exists"),
    "no-equals": (INFO + "nonsense\n", "Cannot read"),
    "length-text": (INFO.replace("seqLength=3", "seqLength=three"), "not a whole"),
    "length-half": (INFO.replace("seqLength=3", "seqLength=2.5"), "not a whole"),
    "length-0": (INFO.replace("seqLength=3", "seqLength=0"), "must be positive"),
    "length-negative": (
        INFO.replace("seqLength=3", "seqLength=-1"),
        "must be positive",
    ),
    "length-3e8": (INFO.replace("seqLength=3", "seqLength=300000000"), "MAX_FRAMES"),
    "length-1e18": (INFO.replace("seqLength=3", "seqLength=1e18"), "must be positive"),
    "length-nan": (INFO.replace("seqLength=3", "seqLength=nan"), "not a whole"),
    "length-underscore": (INFO.replace("seqLength=3", "seqLength=1_0"), "not a whole"),
    "length-digits": (
        INFO.replace("seqLength=3", f"seqLength={'9' * 5000}"),
        "not a whole",
    ),
    "width-0": (INFO.replace("imWidth=64", "imWidth=0"), "must be positive"),
    "width-1e9": (INFO.replace("imWidth=64", "imWidth=1000000000"), "MAX_PIXELS"),
    "height-text": (INFO.replace("imHeight=48", "imHeight=high"), "not a whole"),
    "rate-inf": (INFO.replace("=10\n", "=inf\n"), "frameRate is 'inf', not a number"),
    "rate-nan": (INFO.replace("=10\n", "=nan\n"), "frameRate is 'nan', not a number"),
    "rate-0": (INFO.replace("=10\n", "=0\n"), "above 0 and at most"),
    "rate-negative": (INFO.replace("=10\n", "=-5\n"), "above 0 and at most"),
    "rate-1e308": (INFO.replace("=10\n", "=1e308\n"), "above 0 and at most"),
    "rate-by-0": (INFO.replace("=10\n", "=30/0\n"), "above 0 and at most"),
    "rate-fractions": (INFO.replace("=10\n", "=1/2/3\n"), "not a number"),
    "rate-text": (INFO.replace("=10\n", "=fast\n"), "not a number"),
    "dir-up": (INFO.replace("img1", "../../etc"), "within the sequence's own"),
    "dir-absolute": (INFO.replace("img1", "/etc"), "within the sequence's own"),
    "binary": ("\0\1\2", "Cannot read"),
    "large": ("#" * (2 << 20), "MAX_SETTINGS_BYTES"),
}
for key, (content, said) in INFOS.items():
    add(f"info-{key}", with_file("mine/train/A/seqinfo.ini", content), TRACK_FILE, said)


def changed(*steps: Callable[[Path], object]) -> Write:
    def write(root: Path) -> None:
        dataset(root)
        for step in steps:
            step(root)

    return write


def replaced_by_folder(path: str) -> Callable[[Path], object]:
    def step(root: Path) -> None:
        (root / path).unlink(missing_ok=True)
        (root / path).mkdir()

    return step


def replaced_by_pipe(path: str) -> Callable[[Path], object]:
    def step(root: Path) -> None:
        (root / path).unlink(missing_ok=True)
        os.mkfifo(root / path)

    return step


SEQ = "mine/train/A"
VIDEO = (*TRACK_FILE, "--video", "out.mp4")
for key, path, run in [
    ("info", f"{SEQ}/seqinfo.ini", TRACK_FILE),
    ("truth", f"{SEQ}/gt/gt.txt", EVALUATE),
    ("result", "res/A.txt", EVALUATE),
    ("detection", "det.txt", TRACK_FILE),
    ("picture", f"{SEQ}/img1/000001.png", VIDEO),
]:
    if key != "detection":
        add(f"{key}-folder", changed(replaced_by_folder(path)), run, "is a folder")
    add(f"{key}-pipe", changed(replaced_by_pipe(path)), run, "is a pipe")
add(
    "detection-folder",
    changed(replaced_by_folder("det.txt")),
    TRACK_FILE,
    "No such file",
)


# Pictures.


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b"")


FIRST = f"{SEQ}/img1/000001.png"
for key, content, said in [
    ("huge", png_header(30_000, 30_000), "CSTRACK_MAX_PIXELS"),
    ("endless", png_header(2**31 - 1, 2**31 - 1), "CSTRACK_MAX_PIXELS"),
    ("text", b"hello", "is not a picture that can be decoded"),
    ("empty", b"", "is not a picture that can be decoded"),
    ("cut", picture()[:-12], "is cut off"),
    ("other-size", picture(32, 24), "32×24 where the sequence says 64×48"),
    ("gif", b"GIF89a\x01", "is not a picture"),
    ("header", png_header(64, 48)[:20], "is not a picture that can be decoded"),
]:
    add(f"picture-{key}", with_file(FIRST, content), VIDEO, said)


def names(*new: str, info: bool = True) -> Write:
    def write(root: Path) -> None:
        dataset(root)
        for number in (1, 2, 3):
            (root / SEQ / "img1" / f"{number:06d}.png").unlink()
        for name in new:
            (root / SEQ / "img1" / name).write_bytes(picture())
        if not info:
            (root / SEQ / "seqinfo.ini").unlink()

    return write


for key, new, said in [
    ("letters", ("a.png", "b.png", "c.png"), "whose names give no frame"),
    ("mixed", ("a1.png", "b2.png", "c3.png"), "whose names give no frame"),
    ("twice", ("1.png", "01.png", "2.png"), "two pictures of one frame"),
    ("zero-gap", ("0.png", "1.png", "5.png"), "a picture of number 0 (0.png) and gaps"),
    ("gap", ("1.png", "3.png"), "lacks the pictures of 1 frames: 2"),
    ("too-few", ("1.png", "2.png"), "lacks the pictures of 1 frames: 3"),
    ("later", ("11.png", "12.png"), "has a picture of frame 12"),
    ("too-many", ("1.png", "2.png", "3.png", "4.png"), "has a picture of frame 4"),
    ("zero-more", ("0.png", "1.png", "2.png", "3.png"), "has a picture of frame 4"),
    ("none", (), "no pictures"),
]:
    add(f"names-{key}", names(*new), VIDEO, said)
add("names-bare", names("a.png", "b.png", info=False), TRACK_FILE, "give no frame")
add("names-far", names("999999999999.png", info=False), TRACK_FILE, "MAX_FRAMES")
add("names-empty", names(info=False), TRACK_FILE, "is not a sequence")


def odd_name(root: Path) -> None:
    dataset(root)
    (root / SEQ).rename(root / "mine/train/A\x1b[31m")


add(
    "name-escape",
    odd_name,
    ("verify", "mine/train/x", "--data", "."),
    "named by a word",
)
add(
    "name-escape-track",
    odd_name,
    ("track", "mine/train/A\x1b[31m", "--detections", "det.txt", "--output", "o.txt"),
    "control characters in its name",
)

# Options.

for key, extra, said in [
    ("conf-nan", ("--conf", "nan"), "--conf is a score, not nan"),
    ("conf-inf", ("--conf", "inf"), "--conf is a score, not inf"),
    ("area-negative", ("--min-area", "-5"), "min_area is an area"),
    ("area-nan", ("--min-area", "nan"), "cannot be nan"),
    ("aspect-0", ("--max-aspect", "0"), "max_aspect is width / height"),
    ("aspect-nan", ("--max-aspect", "nan"), "cannot be nan"),
    ("tracker", ("--tracker", "sorted"), "No tracker 'sorted'"),
    ("tracker-markup", ("--tracker", "[/]"), "No tracker '[/]'"),
    ("tracker-path", ("--tracker", "x.py:T"), "No file 'x.py'"),
    ("tracker-module", ("--tracker", "os:getcwd"), "is of type"),
    ("video-avi", ("--video", "o.avi"), "is written as .mp4"),
    ("video-folder", ("--video", "."), "is written as .mp4"),
    ("same", ("--output", "o.mp4", "--video", "o.mp4"), "are one file"),
    ("over-source", ("--output", "det.txt"), "would be written over"),
    ("output-folder", ("--output", "mine"), "is a folder"),
    ("size", ("--size", "64x64"), "--size is the network's input"),
    ("reid", ("--reid", "x.safetensors"), "compares no appearance"),
    ("weights-too", ("--weights", "x.pt"), "Give either --weights"),
]:
    add(f"option-{key}", dataset, (*TRACK_FILE, *extra), said)
add("option-neither", dataset, TRACK, "Give either --weights")
add(
    "option-absent",
    dataset,
    ("track", "gone", "--detections", "det.txt"),
    "No such file",
)
for key, extra, said in [
    ("as-newline", ("--as", "a\nb"), "name"),
    ("as-escape", ("--as", "\x1b]0;x\x07"), "name"),
    ("as-long", ("--as", "x" * 300), "name"),
    ("as-empty", ("--as", ""), "name"),
    ("split", ("--split", "quarter"), "No split 'quarter'"),
    ("split-folders", ("--split", "folders"), "--subset val"),
    ("sequences", ("--sequences", "B*"), "names no sequence"),
    ("subset", ("--subset", "test"), "has no test sequences"),
    ("dataset-up", ("--dataset", "../../etc"), "named by a word"),
    ("dataset-absolute", ("--dataset", "/etc"), "named by a word"),
    ("dataset-nul", ("--dataset", "a\0b"), "named by a word"),
    ("dataset-empty", ("--dataset", ""), "named by a word"),
    ("dataset-long", ("--dataset", "d" * 5000), "named by a word"),
    ("dataset-escape", ("--dataset", "a\x1b[31m"), "named by a word"),
    ("data", ("--data", "gone"), "No folder gone"),
]:
    add(f"evaluate-{key}", dataset, (*EVALUATE, *extra), said)


def zipped(*entries: tuple[str, str], cut: int | None = None) -> Write:
    def write(root: Path) -> None:
        dataset(root)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in entries:
                archive.writestr(name, text)
        (root / "r.zip").write_bytes(buffer.getvalue()[:cut])

    return write


ZIP = ("evaluate", "r.zip", *EVALUATE[2:])
add("zip-cut", zipped(("A.txt", "1"), cut=30), ZIP, "is not an archive of tracks")
add("zip-empty", zipped(), ZIP, "holds no result files")
add("zip-csv", zipped(("A.csv", "1")), ZIP, "holds no result files")
add("zip-up", zipped(("../A.txt", "1")), ZIP, "lies outside it")
add("zip-absolute", zipped(("/A.txt", "1")), ZIP, "lies outside it")
add("zip-other", zipped(("B.txt", "")), ZIP, "lacks 1 of 1 result files: A.txt")
add("zip-rows", zipped(("data/A.txt", "1,x,1,1,1,1,1\n")), ZIP, "'x' is not a number")
for key, name, said in [
    ("csv", "A.csv", "holds no result files (SEQUENCE.txt); it has A.csv"),
    ("hidden", "._A.txt", "holds no result files"),
    ("other", "notes.txt", "lacks 1 of 1 result files"),
]:
    add(f"folder-{key}", with_file(f"only/{name}", ""),
        ("evaluate", "only", *EVALUATE[2:]), said)  # fmt: skip

# Weights.


@functools.cache
def network() -> CSTrack:
    torch.manual_seed(0)
    return CSTrack(make_config("xs"))


def header(**changes: object) -> Write:
    def write(root: Path) -> None:
        dataset(root)
        entries = {"config": json.dumps({"system": "cstrack", **changes})}
        tensors = {"a": torch.zeros(2)}
        save_file(tensors, root / "w.safetensors", {"cstrack": json.dumps(entries)})

    return write


def spoilt(value: float) -> Write:
    def write(root: Path) -> None:
        dataset(root)
        save_weights(
            root / "w.safetensors", "cstrack", network(), {"input_size": "64x64"}
        )
        from safetensors.torch import load_file

        tensors = load_file(root / "w.safetensors")
        for tensor in tensors.values():
            if tensor.is_floating_point():
                tensor.fill_(value)
        entries = {"config": json.dumps({"system": "cstrack"})}
        save_file(tensors, root / "w.safetensors", {"cstrack": json.dumps(entries)})

    return write


WEIGHTS = (*TRACK, "--weights")
SAFE = (*WEIGHTS, "w.safetensors")
for key, changes, said in [
    ("channels", {"embedding": 10**9}, "w.safetensors"),
    ("channels-1e30", {"embedding": 10**30}, "w.safetensors"),
    ("width-1e9", {"width": 1e9}, "at most 4"),
    ("depth-nan", {"depth": float("nan")}, "at most 4"),
    ("depth-text", {"depth": "deep"}, "at most 4"),
    ("field", {"colour": 1}, "Unknown setting model.colour"),
    ("system", {"system": "other"}, "No model.system 'other'"),
    ("anchors", {"anchors": [1]}, "w.safetensors"),
    ("tensors", {}, "do not fit the configuration"),
]:
    add(f"weights-{key}", header(**changes), SAFE, said)
add("weights-nan", spoilt(float("nan")), SAFE, "numbers that are not finite")
add("weights-inf", spoilt(float("inf")), SAFE, "numbers that are not finite")
# Whether it can be read at all is told before what is in it.
READS_ONNX = importlib.util.find_spec("onnxruntime") is not None
ONNX_SAID = "cannot be read as ONNX" if READS_ONNX else "needs onnxruntime"
for name, content, said in [
    ("w.onnx", b"\x08\x07\x12\x07pytorch", ONNX_SAID),
    ("w.bin", b"\x08\x07\x12\x07pytorch", "an ONNX model"),
    ("w.engine", b"x", "a TensorRT engine"),
    ("w.h5", b"\x89HDF", "a Keras model"),
    ("w.pt", b"hello", "cannot be read as a checkpoint"),
    ("w.pt", b"", "cannot be read as a checkpoint"),
    ("w.pt", b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00idtR.", "w.pt"),
    ("w.safetensors", b"hello world", "cannot be read as safetensors"),
    ("w.safetensors", b"", "cannot be read as safetensors"),
    ("w.safetensors", b"\xff" * 64, "cannot be read as safetensors"),
    ("w.safetensors", b"\x02\0\0\0\0\0\0\0{}", "names no configuration"),
]:
    key = f"weights-file-{len(CASES)}"
    add(key, with_file(name, content), (*WEIGHTS, name), said)
add("weights-absent", dataset, (*WEIGHTS, "gone.pt"), "There are no weights")
add("weights-folder", dataset, (*WEIGHTS, "mine"), "is a folder")
add("weights-pipe", changed(replaced_by_pipe("w.pt")), (*WEIGHTS, "w.pt"), "is a pipe")


def plain_yolo(root: Path) -> None:
    dataset(root)
    torch.save({"model.24.m.0.weight": torch.zeros(255, 8, 1, 1)}, root / "w.pt")


add("weights-yolo", plain_yolo, (*WEIGHTS, "w.pt"), "is a plain YOLOv5")

# Settings.


@functools.cache
def table2() -> Recipe:
    return load_recipe("table2")


def settings(*overrides: str) -> Call:
    return lambda _: table2().runs("smoke", [4], 1, overrides)


def nothing(root: Path) -> None:
    """No files."""


BOMB = "[&a [x,x,x,x,x,x,x,x,x,x]" + "".join(
    f", &{b} [{', '.join([f'*{a}'] * 10)}]"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
) + "]"  # fmt: skip
for text, said in [
    ("train.epochs", "--set takes key=value"),
    ("=5", "--set takes key=value"),
    ("train.epochs=many", "cannot be 'many'"),
    ("train.epochs=0", "at least 1"),
    ("train.epochs=-1", "at least 1"),
    ("train.epochs=1e9", "cannot be '1e9'"),
    ("train.epochs=1000000000", "CSTRACK_MAX_EPOCHS"),
    ("train.epochs=[1]", "cannot be [1]"),
    ("train.epochs=null", "cannot be None"),
    ("train.epochs=.inf", "not a finite number"),
    ("train.epochs=99999999999999999999999", "beyond 64 bits"),
    ("train.batch=1000000000", "train.nominal_batch at least"),
    ("train={batch: 999999, nominal_batch: 999999}", "CSTRACK_MAX_BATCH"),
    ("train.workers=-2", "must not be negative"),
    ("train.workers=100000", "CSTRACK_MAX_WORKERS"),
    ("train.save_seconds=-1", "must be above 0"),
    ("train.lr=0", "must be positive"),
    ("train.lr=.nan", "not a finite number"),
    ("train.lr=1e300", "cannot be 1e+300"),
    ("train.optimizer=adam", "cannot be 'adam'"),
    ("train.epoch=5", "No setting 'train.epoch'"),
    ("train=5", "is a mapping"),
    ("train=[]", "a mapping"),
    ("trian.epochs=5", "No setting 'trian'"),
    ("model.embedding=1000000000000", "beyond 32 bits"),
    ("model.embedding=1000000", "CSTRACK_MAX_CHANNELS"),
    ("model.embedding=0", "at least 1"),
    ("model.embedding=-5", "at least 1"),
    ("model.embedding=x", "whole number"),
    ("model.saan_width=3", "multiple of 4"),
    ("model.saan_width=1000000000", "CSTRACK_MAX_CHANNELS"),
    ("model.depth=1e9", "at most 4"),
    ("model.width=-1", "at most 4"),
    ("model.ren=half", "model.ren is 'half'"),
    ("model.size=huge", "Unknown model.size 'huge'"),
    ("model.system=../x", "No model.system"),
    ("model.colour=1", "No setting 'model.colour'"),
    ("model=[a]", "model"),
    ("model=5", "model"),
    ("data.input_size=99968x99968", "CSTRACK_MAX_INPUT_PIXELS"),
    ("data.input_size=99968x32768", "CSTRACK_MAX_INPUT_PIXELS"),
    ("data.input_size=100x100", "multiples of 32"),
    ("data.input_size='0x0'", "multiples of 32"),
    ("data.input_size=٣٢x٣٢", "multiples of 32"),
    ("data.dataset=../../etc", "named by a word"),
    ("data.dataset=/etc", "named by a word"),
    ("data.dataset=..", "named by a word"),
    ("data.dataset=''", "named by a word"),
    ("data.dataset=5", "data.dataset cannot be 5"),
    ("data.mix=nothing", "No mix 'nothing'"),
    ("data.mix=[{dataset: a, step: 0}]", "step must be at least 1"),
    ("data.mix=[{}]", "dataset"),
    ("data.mix=[5]", "data.mix"),
    ("data.synth.train_sequences=1000000000", "CSTRACK_MAX_SYNTHETIC"),
    ("data.synth.train_sequences=-1", "give 0 or more"),
    ("data.synth.config.frames=1000000000", "give a value from"),
    ("data.synth.config.width=100000", "give a value from"),
    ("data.synth.config.crowding=2", "give a value from"),
    ("data.synth.config.noise=x", "cannot be 'x'"),
    ("init.weights=\"a\\0b\"", "control characters"),
    ("init.weights=[a]", "cannot be ['a']"),
    ("init.row=table4", "init.row is TABLE:ROW"),
    ("init.row=table2:4", "cannot start from itself"),
    ("init.row=table99:1", "No recipe for 'table99'"),
    ("init.detector_epochs=-1", "must not be negative"),
    ("init.detector_epochs=100000000", "CSTRACK_MAX_EPOCHS"),
    ("nms.confidence=2", "NMS confidence"),
    ("nms.confidence=high", "cannot be 'high'"),
    ("nms.kind=soft", "cannot be 'soft'"),
    ("track.name=nobody", "No tracker 'nobody'"),
    ("track.options.gate=x", "is a number, not 'x'"),
    ("track.options.gate=[1]", "is a number, not [1]"),
    ("track.options.gate=null", "is a number, not None"),
    ("track.options.gate={a: 1}", "is a number, not {'a': 1}"),
    ("track.options.gate=true", "is a number, not True"),
    ("track.options.gate=1.0e+30", "cannot be 1e+30"),
    ("track.options.removal=5", "is text, not 5"),
    ("track.options.nonsense=5", "No setting 'nonsense'"),
    ("track.options=5", "track.options cannot be 5"),
    ("track.filter.min_area=-1", "min_area is an area"),
    ("track.filter.max_aspect=x", "is a number, not 'x'"),
    ("augment.zoom=[0, 1]", "augment.zoom"),
    ("augment.zoom=[1]", "augment.zoom"),
    ("augment.fit=crop", "cannot be 'crop'"),
    ("implementation=mine", "No implementation 'mine'"),
    ("measure.part=test", "cannot be 'test'"),
    ("measure.data=5", "measure.data cannot be 5"),
    (f"train.epochs={BOMB}", "its aliases written out"),
    ("train.epochs=&a [*a]", "holds itself"),
    (f"train.epochs={'[' * 100}{']' * 100}", "nested deeper"),
    ("train.epochs=[", "cannot be read as YAML"),
    ("train.epochs=!!python/object:os.system {}", "cannot be read as YAML"),
    ("train.epochs=2001-12-12", "is read as a date"),
    ("train.epochs=2001-99-99", "cannot be read as YAML"),
    ("train.epochs=!!binary aGk=", "is read as a bytes"),
    ("train.epochs=" + "9" * 5000, "YAML"),
    ("train.epochs={null: 1}", "which is not text"),
    ("a\x1bb=1", "is no key"),
    ("k" * 300 + "=1", "is no key"),
    ("data.sequences=" + "x" * 5000, "5,000 characters"),
    ("train.epochs=a\nb: c: d", "YAML"),
]:  # fmt: skip
    add(f"set-{len(CASES)}", nothing, settings(text), said)

# Recipes.


def recipe(text: str, name: str = "mine") -> tuple[Write, Call]:
    def write(root: Path) -> None:
        (root / "recipes").mkdir()
        (root / "recipes/mine.yaml").write_text(text)

    return write, lambda root: load_recipe(name, root / "recipes").runs("smoke")


DEEP = "".join(f"{' ' * i}a{i}:\n" for i in range(60))
for text, said in [
    ("", "is not a mapping"),
    ("5", "is not a mapping"),
    ("[a]", "is not a mapping"),
    ("a: [", "cannot be read as YAML"),
    ("rows: 5", "rows and profiles are mappings"),
    ("rows: [a]", "rows and profiles are mappings"),
    ("extends: table2", "has no rows"),
    ("extends: table2\nrows: {71: 5}", "a row is a number and its keys"),
    ("extends: table2\nrows: {71: null}", "a row is a number and its keys"),
    ("extends: table2\nrows: {71: [a]}", "a row is a number and its keys"),
    ("extends: table2\nrows: {a: {}}", "a row is a number and its keys"),
    ("extends: table2\nrows: {true: {}}", "which is not text"),
    ("extends: table2\nrows: {-1: {}}", "a row is a number and its keys"),
    ("extends: table2\nrows: {4: {}}", "row 4 is one of those that it extends"),
    ("extends: table2\nrows: {71: {name: [a]}}", "is not a short text"),
    ('extends: table2\nrows: {71: {name: "a\\eb"}}', "control characters"),
    ("extends: table2\nrows: {71: {profiles: 5}}", "profiles is a mapping"),
    ("extends: table2\nrows: {71: {profiles: {twin: 5}}}", "twin is a mapping"),
    ("extends: table2\nrows: {71: {profiles: {twin: [a]}}}", "twin is a mapping"),
    ("extends: table2\nrows: {71: {model: [a]}}", "model is a mapping"),
    ("extends: table2\nrows: {71: {train: 5}}", "train is a mapping"),
    ("extends: table2\nrows: {71: {train: {epochs: many}}}", "cannot be 'many'"),
    ("extends: table2\nrows: {71: {trian: {}}}", "no setting"),
    ("extends: table2\nrows: {71: {data: {dataset: ../x}}}", "named by a word"),
    ("extends: table2\ntrain: 5\nrows: {71: {}}", "is a mapping"),
    ("extends: table2\ntrain: {epochs: many}\nrows: {71: {}}", "cannot be 'many'"),
    ("extends: table2\nmodel: [a]\nrows: {71: {}}", "model is a mapping"),
    ("extends: table2\nmodel: {embedding: x}\nrows: {71: {}}", "cannot be 'x'"),
    ("extends: table2\nprofiles: [a]\nrows: {71: {}}", "are mappings"),
    ("extends: table2\nprofiles: {twin: [a]}\nrows: {71: {}}", "twin is a mapping"),
    ("extends: table2\nprofiles: {twin: {extends: twin}}\nrows: {71: {}}", "extends"),
    ("extends: table2\nprofiles: {twin: {mixes: 5}}\nrows: {71: {}}", "mixes"),
    ("extends: table2\nprofiles: {twin: {mixes: {S: 5}}}\nrows: {71: {}}", "list"),
    ("extends: table2\nprofiles: {twin: {systems: 5}}\nrows: {71: {}}", "systems"),
    ("extends: table2\nprofiles: {twin: {systems: {jde: 5}}}\nrows: {71: {}}", "jde"),
    ("extends: table2\nimplementation: [a]\nrows: {71: {}}", "implementation is text"),
    ("extends: 5\nrows: {71: {}}", "extends 5"),
    ("extends: null\nrows: {71: {}}", "extends None"),
    ("extends: [a]\nrows: {71: {}}", "extends ['a']"),
    ("extends: mine\nrows: {71: {}}", "extends itself"),
    ("extends: ../table2\nrows: {71: {}}", "A recipe is named by"),
    ("extends: /etc/passwd\nrows: {71: {}}", "A recipe is named by"),
    (f"extends: {'le2' * 100}\nrows: {{71: {{}}}}", "A recipe is named by"),
    ("extends: gone\nrows: {71: {}}", "neither beside it nor a table"),
    ("a: &a {b: *a}", "holds itself"),
    (f"a: {BOMB}", "its aliases written out"),
    (DEEP, "nested deeper"),
    ("a: " + "[" * 5000, "nested deeper"),
    ("a: .nan", "not a finite number"),
    ("? [a]\n: b", "YAML"),
    ("a: 1\n---\nb: 2", "YAML"),
    ("#" * (2 << 20), "MAX_SETTINGS_BYTES"),
]:
    write, call = recipe(text)
    add(f"recipe-{len(CASES)}", write, call, said)
for name, said in [
    ("../recipes/table2", "A recipe is named by"),
    ("/etc/passwd", "A recipe is named by"),
    ("", "A recipe is named by"),
    ("table99", "No recipe for 'table99'"),
    ("[/]", "A recipe is named by"),
    ("base", "No recipe for 'base'"),
]:
    write, call = recipe("extends: table2\nrows: {71: {}}", name)
    add(f"recipe-name-{len(CASES)}", write, call, said)
DRY = ("reproduce", "table2", "--profile", "smoke", "--dry-run")
for arguments, said in [
    ((*DRY, "--seeds", "1000000000"), "CSTRACK_MAX_SEEDS"),
    ((*DRY, "--seeds", "0"), "at least 1"),
    ((*DRY, "--rows", "x"), "--rows takes numbers"),
    ((*DRY, "--rows", "99"), "has rows"),
    ((*DRY, "--profile", "[/]"), "No profile '[/]'"),
    ((*DRY, "--recipes", "gone"), "No such folder of recipes"),
    ((*DRY, "--device", "tpu"), "device"),
    (("reproduce", "../recipes/table2", "--dry-run"), "A recipe is named by"),
    (
        ("train", "table2:4", "--profile", "smoke", "--seed", "1000000000000"),
        "MAX_SEEDS",
    ),
    (("train", "table2:4", "--profile", "smoke", "--seed", "-1"), "0 or more"),
    (("train", "table2:x", "--profile", "smoke"), "A row is a number"),
    (("train", "table2:²", "--profile", "smoke"), "A row is a number"),
    (("train", "../recipes/table2:4"), "A recipe is named by"),
    (("train", "table2:4", "--resume", "--fresh"), "give one of them"),
]:
    add(f"run-{len(CASES)}", nothing, arguments, said)

# Annotations of other data sets, and the catalogue.

PERSON = "<object><id>1</id><bndbox>{}</bndbox></object>"
# A few hundred bytes that mean 10¹² of them.
GROWING = '<!ENTITY e0 "0123456789">' + "".join(
    f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12)
)
SIDES = "<xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>9</ymax>"


def reader(name: str, content: str | bytes, call: Call) -> tuple[Write, Call]:
    data = content.encode() if isinstance(content, str) else content
    return lambda root: (root / name).write_bytes(data), call


for text, said in [
    ("", "cannot be read as XML"),
    ("<a>", "cannot be read as XML"),
    ("hello", "cannot be read as XML"),
    (f"<a>{PERSON.format('')}</a>", "f_1.xml, line 1"),
    (f"<a>{PERSON.format(SIDES.replace('>1<', '>x<', 1))}</a>", "f_1.xml, line 1"),
    (f"<a>{PERSON.format(SIDES.replace('>1<', '>nan<', 1))}</a>", "finite"),
    (f"<a>{PERSON.format(SIDES.replace('>1<', '>1e300<', 1))}</a>", "f_1.xml, line 1"),
    (f"<a>{PERSON.format(SIDES).replace('<id>1', '<id>1e19')}</a>", "f_1.xml, line 1"),
    ('<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY c "&b;&b;">]><a>&d;</a>', "as XML"),
    (f"<!DOCTYPE a [{GROWING}]><a>&e11;</a>", "as XML"),
]:
    write, call = reader("f_1.xml", text, lambda root: HieveGroundTruth(root).read())
    add(f"hieve-{len(CASES)}", write, call, said)
for text, said in [
    ("hello\n", "is not JSON"),
    ("5\n", "is not a picture with gtboxes"),
    ("{}\n", "lacks 'gtboxes'"),
    ('{"ID": "a", "gtboxes": 5}\n', "is not a picture with gtboxes"),
    ('{"ID": "a", "gtboxes": [{"tag": "person"}]}\n', "lacks 'fbox'"),
    ('{"ID": "a", "gtboxes": [{"tag": "person", "fbox": [1, 2]}]}\n', "four numbers"),
    ('{"ID": "a", "gtboxes": [{"tag": "person", "fbox": ["x", 1, 1, 1]}]}\n', "four"),
    ("[" * 100_000 + "\n", "is not JSON"),
]:
    write, call = reader("a.odgt", text, lambda root: list(read_odgt(root / "a.odgt")))
    add(f"odgt-{len(CASES)}", write, call, said)
for text, said in [
    ("", "is not a catalogue"),
    ("5", "is not a catalogue"),
    ("[a]", "is not a catalogue"),
    ("a: 5", "is not a catalogue"),
    ("a: {}", "a."),
    ("a: {colour: 1}", "a"),
    ("a: &b [*b]", "holds itself"),
    ("a: [", "cannot be read as YAML"),
]:
    write, call = reader("w.yaml", text, lambda r: load_catalogue_file(r / "w.yaml"))
    add(f"catalogue-{len(CASES)}", write, call, said)
