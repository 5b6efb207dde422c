"""The curve of a training survives an interruption and belongs to one training."""

from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.training_curve import TrainingCurve
from cstrack_bench.models.network_base import Network
from cstrack_bench.training.checkpoint import Position


class Learning(Network):
    """Only its λ matter here."""

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.weight = 0.5

    def parts(self) -> dict[str, object]:  # type: ignore[override]
        return {}

    def relation_weights(self) -> list[tuple[float, float]]:
        return [(self.weight, 1 - self.weight)] * 3


def ended(epoch: int, loss: float) -> Position:
    return Position(epoch=epoch, losses={"box": loss})


def test_epochs_are_kept_from_before_the_first(tmp_path: Path) -> None:
    network = Learning()
    curve = TrainingCurve(tmp_path / "a.curve.json", "a", network, resumed=False)
    network.weight = 0.25
    curve.add(ended(1, 2.0))
    assert [(e.epoch, e.loss) for e in curve.epochs] == [(0, {}), (1, {"box": 2.0})]
    assert curve.epochs[0].relation_weights == [(0.5, 0.5)] * 3
    assert curve.epochs[1].relation_weights == [(0.25, 0.75)] * 3


def test_an_interrupted_training_goes_on_with_its_curve(tmp_path: Path) -> None:
    path, network = tmp_path / "a.curve.json", Learning()
    curve = TrainingCurve(path, "a", network, resumed=False)
    for epoch in (1, 2, 3):
        curve.add(ended(epoch, 1 / epoch))
    # The checkpoint is older than the file: epoch 3 is trained again.
    again = TrainingCurve(path, "a", network, resumed=True)
    assert again.epochs == curve.epochs
    again.add(ended(3, 0.9))
    again.add(ended(4, 0.8))
    assert [(e.epoch, e.loss.get("box")) for e in again.epochs] == [
        *((0, None), (1, 1.0), (2, 0.5), (3, 0.9), (4, 0.8))
    ]
    assert TrainingCurve(path, "b", network, resumed=True).epochs == []
    fresh = TrainingCurve(path, "a", network, resumed=False)
    assert [e.epoch for e in fresh.epochs] == [0]


def test_other_processes_keep_no_file_and_a_damaged_one_is_told(
    tmp_path: Path,
) -> None:
    quiet = TrainingCurve(None, "a", Learning(), resumed=False)
    quiet.add(ended(1, 1.0))
    assert list(tmp_path.iterdir()) == []
    path = tmp_path / "a.curve.json"
    path.write_text("{")
    with pytest.raises(InputError, match="a training's curve"):
        TrainingCurve(path, "a", Learning(), resumed=True)
