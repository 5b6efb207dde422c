"""The inputs on which the product went wrong, where ../shared/cases has them.

Each is copied, run by the command of its folder, and must end as is right: a code, and
a sentence or a table that says so. What they stand for is tested on made inputs beside
this file and in ``tests/corpus``.
"""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.console import remark_once
from cstrack_bench.errors import CstrackError

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"

EVALUATED = "evaluate {0}/res --dataset {1} --data {0}/data"
TRACKED = "track clip --detections {} --tracker sort --output out.txt"
SORT = "--tracker sort --output out.txt --video out.mp4"
MINE = (
    "train table2:4 --profile smoke --set data.dataset=mine --set "
    "data.split=half/official --data {} --results results --device cpu"
)
RIGHT: list[tuple[str, str, int, str]] = [
    ("02", "evaluate res --dataset mot15 --data data", 2, "write 1 there"),
    ("02", "evaluate res --dataset mot17 --data data", 2, "write 1 there"),
    ("03", "evaluate res --dataset mot15 --data data", 2, "gt.txt, line 1: its mark"),
    ("04", EVALUATED.format("visdrone-10", "mot15"), 2, "VisDrone"),
    ("04", EVALUATED.format("two-class-11", "mot17"), 2, "11 columns"),
    ("04", EVALUATED.format("darklabel", "mot17"), 0, "100.000"),
    ("04", EVALUATED.format("visdrone-mixed", "mot15"), 2, "line 61: it has a class"),
    (
        "12",
        "track len20/mot17/val/MOT17-90-FRCNN --detections len20/det.txt " + SORT,
        0,
        "frames 10 · tracks 3 · boxes 30",
    ),
    (
        "12",
        "track len10/mot17/val/MOT17-90-FRCNN --detections len10/det.txt " + SORT,
        2,
        "has a picture of frame 20",
    ),
    ("13", "track task_7 --detections det.txt " + SORT, 0, "frames 20 · tracks 3"),
    ("13", "verify mot17 --data data", 0, "yes"),
    ("15", "verify mot17 --data ini", 0, "000000.png is taken as frame 1"),
    ("15", f"track ini/mot17/train/KIT-0000 --detections det.txt {SORT}", 0, "frame 1"),
    ("20", f"track apron --detections det.txt {SORT}", 0, "40 by --max-aspect 1.6"),
    ("20", f"track apron --detections det.txt {SORT} --max-aspect 4", 0, "tracks 2"),
    ("21", TRACKED.format("norm.txt"), 2, "fractions"),
    ("21", TRACKED.format("xyxy.txt"), 0, "two corners"),
    ("21", TRACKED.format("neg.txt"), 2, "line 1: its width or height"),
    ("21", TRACKED.format("zero.txt"), 0, "60 of them have no width"),
    ("21", TRACKED.format("score100.txt"), 0, "look like percents"),
    ("21", TRACKED.format("scoreminus1.txt"), 0, "min_confidence 0.6"),
    ("21", TRACKED.format("inf.txt"), 2, "not finite"),
    ("21", TRACKED.format("nan.txt"), 2, "not finite"),
    ("21", TRACKED.format("six.txt"), 2, "a score, which may be 1"),
    ("21", TRACKED.format("yolotxt.txt"), 2, "YOLO's text"),
    ("21", TRACKED.format("cls-first.txt"), 2, "frame, class, score"),
    ("21", TRACKED.format("huge.txt"), 2, "beyond 1,000,000,000 pixels"),
    ("21", TRACKED.format("dets.json"), 0, "COCO"),
    ("21", TRACKED.format("det.npy"), 2, "a NumPy array"),
    ("21", TRACKED.format("yolo-dir"), 0, "tracks 3 · boxes 60"),
    ("24", MINE.format("cars"), 2, "marked rows is 3, never 1"),
    ("24", MINE.format("class0"), 2, "marked rows is 0, never 1"),
    ("24", MINE.format("conf06"), 2, "its mark (column 7)"),
    ("24", MINE.format("ids-minus1"), 2, "its id is not a whole number from 0"),
    ("24", MINE.format("resized"), 2, "320×240"),
    ("24", MINE.format("resized-ini-right"), 2, "wholly outside the 320×240 picture"),
    ("24", MINE.format("broken-frame"), 2, "000007.jpg: is not a picture"),
    ("24", MINE.format("negative-width"), 2, "is negative"),
    ("24", MINE.format("half-size-pictures"), 2, "160×120"),
    ("24", "verify mine --data prefix-names", 0, "the number in names such as"),
    ("24", "verify mine --data zero-based-pictures", 0, "is taken as frame 1"),
    *(
        ("24", f"verify mine --data {name}", 0, "sound")
        for name in (
            *("float-rate", "rate-fraction", "len-float", "lower-keys"),
            *("windows-ini", "comment-ini", "percent-ini"),
        )
    ),
    ("24", "verify mine --data nosection", 1, "no section"),
    ("24", "verify mine --data nokeys", 1, "lacks"),
    ("32", "evaluate res-one --dataset mot17 --data data", 2, "line"),
    ("33", EVALUATED.format("uavdt-with-ignore", "mot17"), 2, "line 61: its class"),
    ("33", EVALUATED.format("uavdt-with-ignore", "mot15"), 2, "line 61: its class"),
    ("33", EVALUATED.format("cvat-person", "mot15"), 2, "'person' is not a number"),
    ("33", EVALUATED.format("seven-columns", "mot17"), 2, "--dataset mot15"),
    ("33", EVALUATED.format("seven-columns", "mot15"), 0, "100.000"),
    ("33", EVALUATED.format("six-columns", "mot15"), 2, "6 columns"),
    ("33", EVALUATED.format("eight-columns", "mot17"), 0, "100.000"),
    ("33", EVALUATED.format("twelve", "mot17"), 2, "12 columns"),
    ("33", EVALUATED.format("empty", "mot15"), 2, "it has no row"),
]


@pytest.mark.skipif(not CASES.is_dir(), reason="no ../shared/cases")
@pytest.mark.parametrize(("folder", "command", "code", "said"), RIGHT)
def test_it_ends_as_is_right(
    folder: str,
    command: str,
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    remark_once.cache_clear()
    (found,) = CASES.glob(f"{folder}-*")
    shutil.copytree(found, tmp_path / "case", copy_function=shutil.copyfile)
    monkeypatch.chdir(tmp_path / "case")
    result = CliRunner().invoke(app, command.split())
    text = result.output + capsys.readouterr().err
    ended = result.exit_code
    if isinstance(result.exception, CstrackError):
        text += str(result.exception)
        ended = result.exception.exit_code
    elif result.exception is not None and result.exit_code:
        raise result.exception
    assert said in " ".join(text.split())
    assert ended == code
