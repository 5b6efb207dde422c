"""FairMOT and CenterTrack as systems: published weights, starts, options, schedule."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.recipes import load_recipe
from cstrack_bench.models.center_heads import CenterNetwork
from cstrack_bench.models.centertrack_network import CenterTrack
from cstrack_bench.models.dla_config import CenterTrackConfig, FairMotConfig
from cstrack_bench.models.fairmot_network import FairMot
from cstrack_bench.systems import centertrack, fairmot
from cstrack_bench.systems.starts import transfer
from cstrack_bench.systems.system import TrainingOptions
from cstrack_bench.systems.weights import load_weights, save_weights
from cstrack_bench.training.optimiser import Schedule, make_optimizer
from cstrack_bench.training.train_config import LossConfig
from cstrack_bench.training_data.augment import AugmentConfig

NANO = 0.25
NETWORKS: dict[str, CenterNetwork] = {
    "fairmot": FairMot(FairMotConfig(NANO, embedding=16)),
    "centertrack": CenterTrack(CenterTrackConfig(NANO)),
}


def published(network: CenterNetwork) -> dict[str, Tensor]:
    """As both projects save it: prefix, ImageNet's classifier, no batch counters."""
    tensors = {
        f"module.{name}": tensor + 1
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    classifier = {"base.fc.weight": torch.ones(10, 8, 1, 1)}
    return {**tensors, **{f"module.{k}": v for k, v in classifier.items()}}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_published_checkpoint_loads_with_a_full_report(
    tmp_path: Path, name: str, zipped: bool
) -> None:
    network, path = NETWORKS[name], tmp_path / "published.pth"
    document = {
        "epoch": 30,
        "state_dict": published(network),
        "optimizer": {"state": {0: {"step": 3, "exp_avg": torch.ones(2)}}},
    }
    torch.save(document, path, _use_new_zipfile_serialization=zipped)
    loaded = load_weights(path)
    assert loaded.system.name == name
    assert loaded.network.config == network.config
    assert not loaded.network.training
    own = network.state_dict()
    for key, value in loaded.network.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            assert torch.equal(value, own[key] + 1)
    report = loaded.report
    assert report is not None
    assert (report.missing, report.unexpected, report.reshaped) == ((), (), ())
    assert report.ignored == ("base.fc.weight",)
    filled = sum(not key.endswith("num_batches_tracked") for key in own)
    assert report.words() == (f"{filled} tensors filled · 1 of no use (base.fc.weight)")


def test_a_part_of_a_checkpoint_is_refused(tmp_path: Path) -> None:
    tensors = published(NETWORKS["fairmot"])
    del tensors["module.reg.2.weight"]
    torch.save({"state_dict": tensors}, tmp_path / "part.pth")
    with pytest.raises(InputError, match=r"Cannot use .*part.pth: .*reg.2.weight"):
        load_weights(tmp_path / "part.pth")


class Command:
    """Runs when it is unpickled by a reader that trusts its file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("key", ["state_dict", "optimizer"])
def test_a_command_in_a_published_layout_is_not_run(
    tmp_path: Path, name: str, zipped: bool, key: str
) -> None:
    sentinel, path = tmp_path / "touched", tmp_path / "hostile.pth"
    document: dict[str, object] = {"epoch": 1, "state_dict": published(NETWORKS[name])}
    document[key] = Command(sentinel)
    torch.save(
        document, path, _use_new_zipfile_serialization=zipped, pickle_module=pickle
    )
    with pytest.raises(InputError, match=r"refused|no state dict"):
        load_weights(path)
    assert not sentinel.exists()


def test_starts_take_what_fits_by_name_and_shape(tmp_path: Path) -> None:
    network = FairMot(FairMotConfig(NANO))
    imagenet = {
        name.removeprefix("base."): torch.full_like(tensor, 0.5)
        for name, tensor in network.state_dict().items()
        if name.startswith("base.")
    }
    torch.save({**imagenet, "fc.weight": torch.ones(4)}, tmp_path / "dla34.pth")
    assert fairmot.SYSTEM.start(network, tmp_path / "dla34.pth") == len(imagenet)
    assert bool((network.base.level0[0].weight == 0.5).all())
    coco = {name: tensor + 1 for name, tensor in network.state_dict().items()}
    coco["hm.2.weight"], coco["wh.2.weight"] = torch.ones(80, 64, 1, 1), torch.ones(2)
    torch.save({"epoch": 1, "state_dict": coco}, tmp_path / "coco.pth")
    found = fairmot.SYSTEM.start(network, tmp_path / "coco.pth")
    assert found == len(network.state_dict()) - 2
    torch.save({"state_dict": {"other": torch.ones(2)}}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="no tensor that fits"):
        fairmot.SYSTEM.start(network, tmp_path / "other.pth")


def test_a_network_that_starts_from_a_detector_keeps_its_embedding_head() -> None:
    source, target = (FairMot(FairMotConfig(NANO, embedding=8)) for _ in range(2))
    copied = transfer(source, target)
    assert not [name for name in copied if name.startswith("id.")]
    assert len(copied) == len(target.state_dict()) - 4
    assert len(transfer(source, target, reid=True)) == len(target.state_dict())


def test_our_own_weights_of_both(tmp_path: Path) -> None:
    for name, network in NETWORKS.items():
        path = tmp_path / f"{name}.safetensors"
        save_weights(path, name, network, {})
        loaded = load_weights(path)
        assert (loaded.system.name, loaded.network.config) == (name, network.config)
        assert loaded.report is None


@pytest.mark.parametrize(
    ("system", "changed"),
    [
        (fairmot.SYSTEM, {"hue": 0.1}),
        (fairmot.SYSTEM, {"scale": 0.1}),
        (centertrack.SYSTEM, {"rotation": 5.0}),
    ],
)
def test_changes_of_pictures_that_a_system_has_not_are_refused(
    system: Any, changed: dict[str, float]
) -> None:
    declared = dict(system.settings["augment"])
    if "zoom" in declared:
        declared["zoom"] = tuple(declared["zoom"])
    augment = replace(AugmentConfig(**declared), **changed)
    config = system.make_config("n", "official", (64, 96), {})
    with pytest.raises(InputError, match="augment"):
        system.training_images([], config, TrainingOptions((64, 96), augment, 0))


@pytest.mark.parametrize(
    ("row", "epochs", "batch", "rate", "drop"),
    [(24, 30, 12, 1e-4, 20), (22, 70, 32, 1.25e-4, 60)],
)
def test_the_published_schedule(
    row: int, epochs: int, batch: int, rate: float, drop: int
) -> None:
    (run,) = load_recipe("table6").runs("paper", [row])
    config = run.settings.train
    assert (config.epochs, config.batch) == (epochs, batch)
    schedule = Schedule(config, batches=10)
    assert {schedule.at(i).lr for i in range(10 * drop)} == {rate}
    (after,) = {schedule.at(i).lr for i in range(10 * drop + 1, 10 * epochs)}
    assert after == pytest.approx(rate / 10)
    assert schedule.full_accumulation == 1
    assert {schedule.at(i).bias_lr for i in range(10)} == {rate}


def test_without_decay_the_optimiser_is_adam() -> None:
    (run,) = load_recipe("table6").runs("paper", [24])
    config = run.settings.train
    torch.manual_seed(0)
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    optimizer = make_optimizer(ours, nn.Module(), config)
    adam = torch.optim.Adam(theirs.parameters(), config.lr)
    schedule = Schedule(config, batches=10)
    for step in range(5):
        x = torch.randn(4, 3)
        schedule.apply(optimizer, step)
        for network, one in ((ours, optimizer), (theirs, adam)):
            one.zero_grad()
            network(x).square().sum().backward()
            one.step()
    assert torch.equal(ours.weight, theirs.weight)


def test_the_loss_of_a_detector_learns_no_identity() -> None:
    network = FairMot(FairMotConfig(NANO, embedding=8))
    targets = torch.tensor([[0, 1, 0.5, 0.5, 0.2, 0.4]])
    output = network(torch.rand(1, 3, 64, 96))
    for weight, learns in ((0.02, True), (0.0, False)):
        loss = fairmot.SYSTEM.loss(network, 5, LossConfig(identity=weight))
        assert bool(loss(output, targets).identity > 0) == learns
