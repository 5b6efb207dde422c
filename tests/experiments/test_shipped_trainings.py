"""A detector that comes with the package is taken, and only where it is the one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cstrack_bench.errors import InputError
from cstrack_bench.experiments import shipped_trainings
from cstrack_bench.experiments.identity import training_components
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.recipes import Run, load_recipe
from cstrack_bench.experiments.shipped_trainings import (
    find_shipped,
    ship,
)
from cstrack_bench.experiments.train_run import Trained, find_training, train_run
from cstrack_bench.experiments.workspace import Workspace


def detector() -> Run:
    start = load_recipe("table2").runs("smoke", [4])[0].start
    assert start is not None
    return start


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Workspace]:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("ship")
    ledger = Ledger(folder / "results")
    workspace = Workspace(folder / "data", ledger, torch.device("cpu"))
    return train_run(detector(), workspace), workspace


@pytest.fixture
def shipped(
    trained: tuple[Trained, Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The package's folder with that training in it; its file is returned."""
    found, workspace = trained
    network = find_training(detector(), workspace)
    assert network is not None
    monkeypatch.setattr(shipped_trainings, "FOLDER", tmp_path / "detectors")
    return ship(
        network.network, "cstrack", found.summary, "make it", tmp_path / "detectors"
    )


def elsewhere(trained: tuple[Trained, Workspace], folder: Path) -> Workspace:
    return replace(trained[1], ledger=Ledger(folder))


def test_it_is_taken_in_the_place_of_the_training(
    trained: tuple[Trained, Workspace], shipped: Path, tmp_path: Path
) -> None:
    workspace = elsewhere(trained, tmp_path / "results")
    found = find_training(detector(), workspace)
    assert found is not None
    assert found.summary == trained[0].summary
    state = trained[0].network.state_dict()
    for name, value in found.network.state_dict().items():
        assert value.dtype == state[name].dtype
        # Matrices went through half precision.
        torch.testing.assert_close(value, state[name], rtol=1e-3, atol=1e-6)
    assert not (tmp_path / "results").exists()
    assert shipped.stat().st_size < 4_500_000


def test_another_training_does_not_get_it(
    trained: tuple[Trained, Workspace], shipped: Path, tmp_path: Path
) -> None:
    workspace = elsewhere(trained, tmp_path / "results")
    run = detector()
    longer = replace(run.settings.train, epochs=run.settings.train.epochs + 1)
    other = replace(run, settings=replace(run.settings, train=longer))
    assert find_training(other, workspace) is None
    assert find_training(replace(run, seed=run.seed + 1), workspace) is None


def test_it_can_be_refused_and_is_the_same_training(
    trained: tuple[Trained, Workspace], shipped: Path, tmp_path: Path
) -> None:
    workspace = elsewhere(trained, tmp_path / "results")
    run = detector()
    init = replace(run.settings.init, shipped=False)
    here = replace(run, settings=replace(run.settings, init=init))
    assert find_training(here, workspace) is None
    assert workspace.training_identity(here) == workspace.training_identity(run)


def test_a_damaged_file_is_named(
    trained: tuple[Trained, Workspace], shipped: Path
) -> None:
    identity = shipped.stem
    shipped.write_bytes(shipped.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match=r"init\.shipped=false"):
        find_shipped(identity)
    shipped.with_suffix(".json").write_text("{}")
    with pytest.raises(InputError, match="not a shipped training"):
        find_shipped(identity)


def test_a_command_replaces_its_own_training_alone(
    trained: tuple[Trained, Workspace], shipped: Path
) -> None:
    found = find_shipped(shipped.stem)
    assert found is not None
    network, record = found
    folder = shipped.parent
    for number, what in enumerate(("one", "another", "one")):
        named = record.model_copy(update={"hash": f"{number:016x}"})
        ship(network, "cstrack", named, what, folder)
    names = sorted(file.stem for file in folder.glob("*.safetensors"))
    assert names == sorted([f"{1:016x}", f"{2:016x}", shipped.stem])
    assert names == sorted(file.stem for file in folder.glob("*.json"))


def test_what_half_precision_cannot_hold_is_not_shipped(
    trained: tuple[Trained, Workspace], shipped: Path, tmp_path: Path
) -> None:
    found = find_shipped(shipped.stem)
    assert found is not None
    network, record = found
    with torch.no_grad():
        next(p for p in network.parameters() if p.dim() > 1).fill_(1e6)
    with pytest.raises(InputError, match="beyond float16"):
        ship(network, "cstrack", record, "make it", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_the_package_ships_is_sound_and_todays() -> None:
    """A component whose version was raised asks for ``scripts/ship_detector.py``."""
    shipped = {}
    for about in shipped_trainings.FOLDER.glob("*.json"):
        found = find_shipped(about.stem)
        assert found is not None
        shipped[type(found[0]).__name__] = found[1]
    for name, table, row in (("CSTrack", "table2", 4), ("JDE", "table1", 1)):
        (run,) = load_recipe(table).runs("twin", [row])
        assert run.start is not None
        assert shipped[name].components == training_components(run.start)
        assert shipped[name].epochs == run.start.settings.train.epochs
