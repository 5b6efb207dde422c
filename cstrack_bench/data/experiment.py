"""From what a recipe says about data to parts of sequences to train and test on."""

import fnmatch
import hashlib
import json
from collections.abc import Sequence as Many
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cstrack_bench.data.locations import find_dataset
from cstrack_bench.data.sequences import Sequence, list_sequences
from cstrack_bench.data.splits import split_hash, split_sequences
from cstrack_bench.data.synthetic import SynthSpec, make_synthmot
from cstrack_bench.errors import InputError

SYNTHMOT = "synthmot"
LOCAL = "local"
FOLDERS = "folders"


@dataclass(frozen=True)
class DataConfig:
    """Where images come from and how they are divided.

    Attributes:
        dataset: a data set's name under the root; ``synthmot`` is made on the spot;
            ``local`` is every MOT sequence with images and ground truth found there.
        sequences: shell pattern of the sequence names to use (``*-SDP``: MOT17 has
            each sequence three times).
        split: a named half split, or ``folders`` for ``train/`` against ``val/``.
        input_size: width × height of the network's input, divisible by 32.
        synth: the synthetic world, for ``synthmot``.
    """

    dataset: str = "mot17"
    sequences: str = "*"
    split: str = "half/official"
    input_size: str = "1088x608"
    synth: SynthSpec = field(default_factory=SynthSpec)

    @property
    def size(self) -> tuple[int, int]:
        """Height, width of the network's input."""
        return parse_size(self.input_size)


@dataclass(frozen=True)
class ExperimentData:
    """Parts of sequences to train and to test on.

    Attributes:
        dataset: its name.
        benchmark: which evaluation rules hold (mot15, mot17, …).
        split: name of the split.
        train: parts to train on.
        val: parts to test on.
    """

    dataset: str
    benchmark: str
    split: str
    train: list[Sequence]
    val: list[Sequence]

    def describe(self) -> dict[str, Any]:
        """Name, split, counts and hashes, for the ledger."""

        def part(sequences: Many[Sequence]) -> dict[str, Any]:
            return {
                "sequences": len(sequences),
                "names": [s.name for s in sequences],
                "frames": sum(len(s) for s in sequences),
                "hash": split_hash(sequences),
            }

        return {
            "dataset": self.dataset,
            "benchmark": self.benchmark,
            "split": self.split,
            "train": part(self.train),
            "val": part(self.val),
        }

    def manifest_hash(self) -> str:
        """Hash of the frames' places and of the ground truth behind both parts."""
        digest = hashlib.sha256()
        for role, sequences in (("train", self.train), ("val", self.val)):
            for sequence in sequences:
                place = [role, sequence.name, sequence.start, sequence.stop]
                digest.update(json.dumps(place).encode())
                digest.update(sequence.annotation_file.read_bytes())
        return digest.hexdigest()[:16]


def parse_size(text: str) -> tuple[int, int]:
    """Height, width from ``WIDTHxHEIGHT``.

    Raises:
        InputError: not two multiples of 32.
    """
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise InputError(
            f"An input size is WIDTHxHEIGHT such as 1088x608, not {text!r}."
        ) from None
    if width < 32 or height < 32 or width % 32 or height % 32:
        raise InputError(
            f"Both sides of an input size must be multiples of 32, not {text!r}."
        )
    return height, width


def open_data(config: DataConfig, root: Path) -> ExperimentData:
    """The parts of sequences that a recipe asks for.

    Args:
        config: what is asked for.
        root: folder of the data sets; SynthMOT is made below it.

    Raises:
        InputError: it is not there, has no images, no ground truth or no such part.
    """
    if config.dataset == SYNTHMOT:
        folder = make_synthmot(root / SYNTHMOT, config.synth)
        train, val = list_sequences(folder, "train"), list_sequences(folder, "val")
        return ExperimentData(SYNTHMOT, SYNTHMOT, FOLDERS, train, val)
    if config.dataset == LOCAL:
        found = _local_sequences(root)
    else:
        found = list_sequences(find_dataset(root, config.dataset), "train")
    chosen = [s for s in found if fnmatch.fnmatch(s.name, config.sequences)]
    if not chosen:
        raise InputError(
            f"No sequence of {config.dataset} under {root} is called "
            f"{config.sequences!r}."
        )
    lacking = [s.name for s in chosen if not s.has_images or s.annotations() is None]
    if lacking:
        raise InputError(
            f"{config.dataset} under {root} has no images or no ground truth for "
            f"{', '.join(lacking)}."
        )
    local = config.dataset == LOCAL
    name = "+".join(s.name for s in chosen) if local else config.dataset
    benchmark = _benchmark(chosen) if local else config.dataset
    train, val = split_sequences(chosen, config.split)
    return ExperimentData(name, benchmark, config.split, train, val)


def data_is_there(config: DataConfig, root: Path) -> bool:
    """Whether ``open_data`` would find (or make) its data."""
    if config.dataset == SYNTHMOT:
        return True
    try:
        open_data(config, root)
    except InputError:
        return False
    return True


def _local_sequences(root: Path) -> list[Sequence]:
    """Every MOT sequence with images and ground truth at or just below ``root``."""
    if not root.is_dir():
        raise InputError(
            f"The data folder {root} does not exist; name one with --data."
        )
    folders = [root, *sorted(p for p in root.iterdir() if p.is_dir())]
    found: dict[str, Sequence] = {}
    for folder in folders:
        if folder.name != SYNTHMOT and (folder / "train").is_dir():
            for sequence in list_sequences(folder, "train"):
                if sequence.has_images and sequence.annotations() is not None:
                    found.setdefault(sequence.name, sequence)
    if not found:
        raise InputError(
            f"No MOT sequence with images and ground truth lies under {root} "
            "(expected train/NAME/img1, gt/gt.txt and seqinfo.ini); name another "
            "folder with --data."
        )
    return [found[name] for name in sorted(found)]


def _benchmark(sequences: Many[Sequence]) -> str:
    """MOT15 rules where ground truth has no classes, MOT17 rules where it has."""
    kinds = set()
    for sequence in sequences:
        annotations = sequence.annotations()
        assert annotations is not None, f"{sequence.name} was chosen for having some"
        kinds.add("mot15" if bool((annotations.classes < 0).all()) else "mot17")
    if len(kinds) > 1:
        raise InputError(
            "MOT15 sequences and later ones lie in one folder but are evaluated by "
            "different rules; name one data set's folder with --data."
        )
    return kinds.pop()
