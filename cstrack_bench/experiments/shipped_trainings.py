"""Trainings that come with the package: a shared detector without the wait for it.

The paper's networks start from published COCO weights. The twin's start from a detector
that its rows share; it can be shipped likewise. A shipped training is used where its
identity is asked for, that is for the same settings, data, seed and versions of
components, and for nothing else. ``scripts/ship_detector.py`` makes it again.
"""

from pathlib import Path
from typing import Literal

import torch

from cstrack_bench.documents import Document, read_document, write_document
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.records import TrainingRecord, schema_field
from cstrack_bench.files import sha256
from cstrack_bench.models.network_base import Network
from cstrack_bench.systems.weights import load_weights, read_metadata, save_weights

FOLDER = Path(__file__).resolve().parents[1] / "detectors"
_MEND = "train the detector here with --set init.shipped=false"


class ShippedTraining(Document):
    """The record of a shipped training.

    Attributes:
        schema_number: of this document.
        what: the command that trains it.
        sha256: of its weights' file.
        training: its record, hash and provenance included.
    """

    schema_number: Literal[1] = schema_field(1)
    what: str
    sha256: str
    training: TrainingRecord


def find_shipped(
    identity: str, folder: Path | None = None
) -> tuple[Network, TrainingRecord] | None:
    """The shipped training of an identity; None where none is shipped.

    Args:
        identity: hash of the training.
        folder: by default the package's own.

    Raises:
        InputError: what is shipped is damaged, or is another training's.
    """
    weights, about = _files(identity, folder or FOLDER)
    if not weights.is_file() or not about.is_file():
        return None
    record = read_document(about, ShippedTraining, "a shipped training", _MEND)
    same = record.training.hash == identity == read_metadata(weights).get("training")
    if not same or sha256(weights) != record.sha256:
        raise InputError(f"{weights} is not what {about.name} describes; {_MEND}.")
    return load_weights(weights).network, record.training


def ship(
    network: Network, system: str, record: TrainingRecord, what: str, folder: Path
) -> Path:
    """Write a training to be shipped; its matrices in half the bits.

    Args:
        network: as it was trained.
        system: its name.
        record: of the training.
        what: the command that trains it.
        folder: where it goes; what the same command made before is removed.

    Returns:
        The file of its weights.

    Raises:
        InputError: the weights do not survive half precision.
    """
    if record.hash is None:
        raise InputError("A training without a hash cannot be asked for.")
    halved = halve(network)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        old = read_document(path, ShippedTraining, "a shipped training", _MEND)
        if old.what == what:
            for file in _files(path.stem, folder):
                file.unlink(missing_ok=True)
    weights, about = _files(record.hash, folder)
    save_weights(weights, system, halved, {"training": record.hash})
    shipped = ShippedTraining(what=what, sha256=sha256(weights), training=record)
    write_document(about, shipped)
    return weights


def halve(network: Network) -> Network:
    """Convert the matrices of a network to float16, in it; vectors stay float32.

    Raises:
        InputError: a number that float16 cannot hold.
    """
    for name, parameter in network.named_parameters():
        if parameter.dim() < 2:
            continue
        half = parameter.detach().half()
        if not bool(torch.isfinite(half).all()):
            raise InputError(f"{name} has numbers beyond float16.")
        parameter.data = half
    return network


def _files(identity: str, folder: Path) -> tuple[Path, Path]:
    return folder / f"{identity}.safetensors", folder / f"{identity}.json"
