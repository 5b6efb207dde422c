"""A user's data set, from a file outside the package: docs/examples/my_dataset.py."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from cstrack_bench.cli.app import main
from cstrack_bench.datasets.experiment_data import open_data
from cstrack_bench.experiments.recipes import load_recipe
from cstrack_bench.training_data.loading import TrainingSet

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "my_dataset.py"
CAMERAS = ("door", "hall", "yard")
FRAMES = 4
SIZE = (64, 96)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The file and its data, elsewhere; two persons pass each camera."""
    shutil.copy(EXAMPLE, tmp_path / "my_dataset.py")
    own = tmp_path / "data" / "my-cameras"
    rows = ["camera,frame,person,left,top,width,height"]
    for camera in CAMERAS:
        (own / "frames" / camera).mkdir(parents=True)
        for frame in range(FRAMES):
            noise = np.random.default_rng(frame).integers(0, 255, (*SIZE, 3), np.uint8)
            cv2.imwrite(str(own / "frames" / camera / f"{frame:06d}.png"), noise)
            rows += [
                f"{camera},{frame},{person},{left + frame},10,14,40"
                for person, left in ((0, 8), (5, 50))
            ]
    (own / "boxes.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


@pytest.fixture
def cstrack(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run the program in that folder; return exit code, stdout and stderr."""
    monkeypatch.delenv("CSTRACK_DATA", raising=False)
    monkeypatch.chdir(folder)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cstrack", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_it_is_verified(cstrack: Run, folder: Path) -> None:
    command = ("verify", "my_dataset.py:DATASET", "--json")
    code, out, err = cstrack(*command)
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert (document["dataset"], document["complete"]) == ("my-cameras", True)
    assert [row["boxes"] for row in document["sequences"]] == [2 * FRAMES] * 3
    assert document["splits"]["my-cameras/last"]["val_frames"] == FRAMES


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("hall,0,0,1,1,9,9", "its frame already has a box with its id"),
        ("hall,9,1,1,1,9,9", "its frame is not one of 1 to 4"),
        ("hall,0,7,1,1,0,9", "its box has no width or no height"),
        ("hall,one,7,1,1,9,9", "is no box"),
    ],
)
def test_a_wrong_row_is_found(cstrack: Run, folder: Path, row: str, what: str) -> None:
    file = folder / "data" / "my-cameras" / "boxes.csv"
    file.write_text(file.read_text() + row + "\n")
    code, out, _ = cstrack("verify", "my_dataset.py:DATASET", "--json")
    (problem,) = json.loads(out)["problems"]
    assert code == 1
    assert what in problem["what"]
    assert problem["place"].startswith("data/my-cameras/boxes.csv")


def test_results_are_evaluated(cstrack: Run, folder: Path) -> None:
    (folder / "results").mkdir()
    for camera in CAMERAS:
        rows = [f"{f + 1},3,{8 + f},10,14,40,1,-1,-1,-1\n" for f in range(FRAMES)]
        (folder / "results" / f"{camera}.txt").write_text("".join(rows))
    known = ("--dataset", "my_dataset.py:DATASET", "--json")
    code, out, err = cstrack("evaluate", "results", *known)
    assert (code, err) == (0, "")
    overall = json.loads(out)["overall"]
    assert (overall["GT"], overall["FN"], overall["MOTA"]) == (24, 12, 50)
    _, out, _ = cstrack("evaluate", "results", *known, "--split", "my-cameras/last")
    assert list(json.loads(out)["sequences"]) == ["yard"]


def test_a_training_opens_it(folder: Path) -> None:
    path = f"{folder / 'my_dataset.py'}:DATASET"
    changes = [f"data.dataset={path}", "data.split=my-cameras/last"]
    changes += ["data.sequences='*'"]
    (run,) = load_recipe("table2").runs("real", [4], 1, changes)
    settings = run.settings
    data = open_data(settings.data, folder / "data")
    assert [s.name for s in data.train] == ["door", "hall"]
    described = data.describe()
    assert (described["dataset"], described["benchmark"]) == ("my-cameras",) * 2
    # Neither a record nor an identity knows where the file lies.
    assert settings.as_dict()["data"]["dataset"] == "my-cameras"
    assert str(folder) not in json.dumps(settings.as_dict())
    dataset = TrainingSet(data.train, SIZE, None, 0)
    assert (len(dataset), dataset.identities) == (2 * FRAMES, 5)
    assert settings.data.resolved.component.name == "dataset my-cameras"


def test_a_row_is_trained_on_it(cstrack: Run, folder: Path) -> None:
    known = ("--set", "data.dataset=my_dataset.py:DATASET")
    split = ("--set", "data.split=my-cameras/last")
    code, out, err = cstrack("train", "table2:4", "--profile", "smoke", *known, *split)
    assert (code, "over 8 images" in out) == (0, True), err


def test_another_row_is_another_run(folder: Path) -> None:
    path = f"{folder / 'my_dataset.py'}:DATASET"
    changes = [f"data.dataset={path}", "data.split=my-cameras/last"]
    (run,) = load_recipe("table2").runs("real", [4], 1, changes)
    data = open_data(run.settings.data, folder / "data")
    train, whole = data.manifest_hash(("train",)), data.manifest_hash()
    file = folder / "data" / "my-cameras" / "boxes.csv"
    file.write_text(file.read_text().replace("yard,0,0,8,", "yard,0,0,9,"))
    data = open_data(run.settings.data, folder / "data")
    # The camera that is tested on changed, those that are trained on did not.
    assert data.manifest_hash(("train",)) == train
    assert data.manifest_hash() != whole
