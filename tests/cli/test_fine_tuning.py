"""Fine-tuning on another data set: a classifier of its own size, and a word."""

import json
import sys
from pathlib import Path

import pytest
import torch

from cstrack_bench.cli.app import main
from cstrack_bench.datasets.experiment_data import open_data
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.recipes import load_recipe
from cstrack_bench.experiments.run import renewed_classifier
from cstrack_bench.experiments.train_run import find_training
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.training_data.loading import TrainingSet

SETTINGS = ("model.size=n", "data.input_size=96x64", "init.detector_epochs=0")


def test_the_classifier_is_made_anew_for_a_third_data_set(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Row 6 of Table VII starts from a mix of worlds, one of which has boxes alone."""
    data, results = tmp_path / "data", tmp_path / "results"
    changes = [part for setting in SETTINGS for part in ("--set", setting)]
    command = ["cstrack", "train", "table7:6", "--profile", "smoke", "--json"]
    command += ["--data", str(data), "--results", str(results), *changes]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert not ended.value.code, err
    (run,) = load_recipe("table7").runs("smoke", [6], 1, SETTINGS)
    assert run.start is not None
    sizes = [
        TrainingSet(open_data(r.settings.data, data).train, (64, 96), None, 0)
        for r in (run, run.start)
    ]
    own, before = (dataset.identities - 1 for dataset in sizes)
    assert own != before
    document = json.loads(out)
    assert document["classifier"] == {
        "identities": own,
        "start": before,
        "of": "table4 row 4",
    }
    assert document["identities"] == own
    # The mix has the people of two worlds; those of the third are boxes.
    mix = open_data(run.start.settings.data, data).describe()["mix"]
    assert [part["identities"] > 0 for part in mix] == [True, False]
    words = f"made anew for {own} identities; table4 row 4 had {before}"
    assert words in " ".join(err.split())
    workspace = Workspace(data, Ledger(results), torch.device("cpu"))
    start = find_training(run.start, workspace)
    assert start is not None
    assert renewed_classifier(run.start, workspace, start.summary) is None
