"""From what a recipe says about data to parts of sequences to train and test on."""

import fnmatch
import hashlib
import json
import re
from collections.abc import Sequence as Many
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cstrack_bench.datasets.mixes import (
    SYNTHMOT,
    MixPart,
    OpenedPart,
    count,
    list_dataset,
    open_part,
)
from cstrack_bench.datasets.splits import split_hash, split_sequences
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import FrameSource, Sequence, list_sequences
from cstrack_bench.synthmot.generate import SynthSpec, make_synthmot

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
        split: a named half split; ``full`` trains and tests on everything;
            ``hieve/holdout`` tests on HiEve's last training videos. SynthMOT has its
            own, ``folders``: ``train/`` against ``val/``.
        input_size: width × height of the network's input, divisible by 32.
        synth: the synthetic world, for ``synthmot``.
        mix: further data sets to train on, all of their training images; nothing of
            them is tested on.
    """

    dataset: str = "mot17"
    sequences: str = "*"
    split: str = "half/official"
    input_size: str = "1088x608"
    synth: SynthSpec = field(default_factory=SynthSpec)
    mix: tuple[MixPart, ...] = ()

    def __post_init__(self) -> None:
        """Check that no part of the mix is another, or the main data set.

        Raises:
            InputError: two parts of one name; worlds of equal seeds share people.
        """
        names = [part.name for part in self.mix]
        if self.dataset == SYNTHMOT:
            names.append(MixPart(SYNTHMOT, self.synth).name)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            hint = (
                "give each synthetic world a synth.seed of its own"
                if twice[0].startswith(SYNTHMOT)
                else "name several lists in one part"
            )
            raise InputError(f"{twice[0]} is in the data more than once; {hint}.")

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
        own: parts of its sequences to train on.
        val: parts of its sequences to test on.
        mix: further images to train on.
    """

    dataset: str
    benchmark: str
    split: str
    own: list[Sequence]
    val: list[Sequence]
    mix: tuple[OpenedPart, ...] = ()

    @property
    def train(self) -> list[FrameSource]:
        """Everything to train on: its own parts, then the mix in its order."""
        return [*self.own, *(s for part in self.mix for s in part.sources)]

    def describe(self) -> dict[str, Any]:
        """Name, split, counts and hashes, for the ledger.

        With a mix, ``mix`` has a row for each part of it and ``total`` counts all that
        is trained on; ``train`` is always the data set's own part.
        """

        def part(sequences: Many[Sequence]) -> dict[str, Any]:
            return {
                "sequences": len(sequences),
                "names": [s.name for s in sequences],
                "frames": sum(len(s) for s in sequences),
                "hash": split_hash(sequences),
            }

        described: dict[str, Any] = {
            "dataset": self.dataset,
            "benchmark": self.benchmark,
            "split": self.split,
            "train": {**part(self.own), **count(self.own)},
            "val": part(self.val),
        }
        if self.mix:
            described["mix"] = [
                {
                    "name": added.name,
                    **count(added.sources),
                    "hash": _content_hash([("train", added.sources)])[:12],
                }
                for added in self.mix
            ]
            described["total"] = count(self.train)
        return described

    def manifest_hash(self, roles: Many[str] = ("train", "val")) -> str:
        """Hash of the frames' places and of the ground truth behind them.

        Args:
            roles: ``train`` alone stands for all that a training depends on.
        """
        parts: dict[str, Many[FrameSource]] = {"train": self.train, "val": self.val}
        return _content_hash([(role, parts[role]) for role in roles])[:16]


def _content_hash(parts: Many[tuple[str, Many[FrameSource]]]) -> str:
    digest = hashlib.sha256()
    for role, sources in parts:
        for source in sources:
            place = [role, source.name, source.start, source.stop]
            digest.update(json.dumps(place).encode())
            for content in source.truth():
                digest.update(content)
    return digest.hexdigest()


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
        InputError: it is not there, has no images, no ground truth or no such part; or
            a part of the mix is empty, or has a sequence of the main data set.
    """
    if config.dataset == SYNTHMOT:
        folder = make_synthmot(root / SYNTHMOT, config.synth)
        train, val = list_sequences(folder, "train"), list_sequences(folder, "val")
        mix = tuple(open_part(part, root) for part in config.mix)
        return ExperimentData(SYNTHMOT, SYNTHMOT, FOLDERS, train, val, mix)
    local = config.dataset == LOCAL
    found = _local_sequences(root) if local else list_dataset(root, config.dataset)
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
    name = "+".join(s.name for s in chosen) if local else config.dataset
    benchmark = _benchmark(chosen) if local else config.dataset
    train, val = split_sequences(chosen, config.split)
    mix = tuple(open_part(part, root) for part in config.mix)
    _check_apart(chosen, mix)
    return ExperimentData(name, benchmark, config.split, train, val, mix)


def _check_apart(own: Many[Sequence], mix: Many[OpenedPart]) -> None:
    """Refuse a mix with the very videos that are tested on."""
    known = {_video(s.name) for s in own}
    for part in mix:
        for source in part.sources:
            name = source.name.removeprefix(f"{part.name}/")
            if _video(name) in known:
                raise InputError(
                    f"The mix's part {part.name} has {name}, a video of the data set "
                    "that is tested on; leave it out with sequences, a pattern."
                )


def _video(sequence: str) -> str:
    """A name for the pictures: MOT16 and MOT17 have the same, MOT17 three times."""
    found = re.match(r"MOT1[67]-(\d\d)(?!\d)", sequence)
    return f"MOT17-{found[1]}" if found else sequence


def data_is_there(config: DataConfig, root: Path) -> bool:
    """Whether ``open_data`` would find (or make) its data."""
    try:
        if config.dataset != SYNTHMOT:
            open_data(config, root)
        for part in config.mix:
            if part.dataset != SYNTHMOT:
                open_part(part, root)
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
