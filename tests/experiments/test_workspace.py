"""Who is who: identities of trainings and of runs."""

from pathlib import Path

import pytest
import torch

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.recipes import Run, load_recipe
from cstrack_bench.experiments.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("workspace")
    return Workspace(folder / "data", Ledger(folder / "results"), torch.device("cpu"))


def smoke(*overrides: str, row: int = 4, table: str = "table2", seed: int = 0) -> Run:
    recipe = load_recipe(table)
    return recipe.runs("smoke", [row], seed + 1, overrides=overrides)[seed]


def test_a_training_is_known_by_what_changes_its_weights(workspace: Workspace) -> None:
    base = workspace.training_identity(smoke())
    same = ("train.workers=7", "train.save_seconds=1", "nms.iou=0.3", "track.name=iou")
    for override in same:
        assert workspace.training_identity(smoke(override)) == base, override
    others = [smoke("train.lr=1"), smoke("data.synth.seed=5"), smoke(row=5)]
    others += [smoke(seed=1), smoke("init.detector_epochs=0")]
    found = {workspace.training_identity(run) for run in others}
    assert base not in found
    assert len(found) == len(others)


def test_a_run_is_known_by_its_thresholds_too(workspace: Workspace) -> None:
    base = workspace.identity(smoke())
    others = [smoke("nms.iou=0.3"), smoke("track.name=iou"), smoke("train.lr=1")]
    found = {workspace.identity(run) for run in others}
    assert base not in found
    assert len(found) == len(others)


def test_rows_that_are_the_same_run_have_one_identity(workspace: Workspace) -> None:
    same = [smoke(table="table3", row=6), smoke(table="table5", row=8)]
    for run in same:
        assert workspace.identity(run) == workspace.identity(smoke()), run.title


def test_the_row_that_is_started_from_belongs_to_the_identity(
    workspace: Workspace,
) -> None:
    fine = smoke(table="table7", row=6)
    other = smoke("loss.box=0.06", table="table7", row=6)
    assert fine.start is not None
    assert workspace.training_identity(fine) != workspace.training_identity(fine.start)
    assert workspace.training_identity(fine) != workspace.training_identity(other)


def test_a_file_counts_by_its_content(workspace: Workspace, tmp_path: Path) -> None:
    one, two = tmp_path / "one.pt", tmp_path / "two.pt"
    one.write_bytes(b"a")
    two.write_bytes(b"a")
    runs = [smoke(f"init.weights={path}") for path in (one, two)]
    assert runs[0].start is None
    with pytest.raises(InputError, match=r"nowhere\.pt"):
        workspace.training_identity(smoke("init.weights=nowhere.pt"))
    with pytest.raises(InputError, match=r"cstrack download yolov5l-v2\.0"):
        workspace.training_identity(smoke("init.weights=yolov5l-v2.0.pt"))
    before = workspace.training_identity(runs[0])
    one.write_bytes(b"b")
    assert workspace.training_identity(runs[0]) != before
