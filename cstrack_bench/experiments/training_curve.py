"""The training curve: losses and λ after each epoch, kept while a training goes on.

It lies beside the training's checkpoint until the training's record takes it in, so an
interrupted training loses no epoch of it.
"""

from pathlib import Path
from typing import Literal

from cstrack_bench.documents import Document, read_document, write_document
from cstrack_bench.experiments.records import EpochFacts, schema_field
from cstrack_bench.models.network_base import Network
from cstrack_bench.training.checkpoint import Position


class CurveFile(Document):
    """``<training>.curve.json``: the epochs of a training that is not finished."""

    schema_number: Literal[1] = schema_field(1)
    training: str
    epochs: list[EpochFacts]


class TrainingCurve:
    """Collects the epochs of one training, over all its sessions.

    Args:
        path: file that holds them while the training goes on; None keeps none on disk
            (processes of a distributed training other than the first).
        training: identity of the training; a file of another one is not read.
        network: that is trained.
        resumed: whether a checkpoint goes on; else an earlier file is left over.

    Attributes:
        epochs: what is known, ascending; an epoch trained again is replaced.
    """

    def __init__(
        self, path: Path | None, training: str, network: Network, resumed: bool
    ) -> None:
        self._path = path
        self._training = training
        self._network = network
        self.epochs: list[EpochFacts] = []
        if path is not None and resumed and path.is_file():
            found = read_document(path, CurveFile, "a training's curve", "delete it")
            if found.training == training:
                self.epochs = list(found.epochs)
        elif not resumed:
            self._add(0, {})

    def add(self, position: Position) -> None:
        """Take in the epoch that has just ended."""
        self._add(position.epoch, position.losses)

    def _add(self, epoch: int, losses: dict[str, float]) -> None:
        learned = self._network.relation_weights()
        facts = EpochFacts(
            epoch=epoch,
            loss={name: round(value, 5) for name, value in losses.items()},
            relation_weights=learned
            and [(round(detection, 5), round(reid, 5)) for detection, reid in learned],
        )
        # A checkpoint may be older than the file: what it repeats takes the place.
        self.epochs = [one for one in self.epochs if one.epoch < epoch] + [facts]
        if self._path is not None:
            document = CurveFile(training=self._training, epochs=self.epochs)
            write_document(self._path, document)
