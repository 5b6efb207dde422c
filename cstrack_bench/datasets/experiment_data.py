"""From what a recipe says about data to parts of sequences to train and test on."""

import collections.abc as abc
import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cstrack_bench.datasets.dataset import Dataset
from cstrack_bench.datasets.dataset_registry import find_dataset
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.datasets.mixes import MixPart, OpenedPart, count, open_part
from cstrack_bench.datasets.splits import split_hash
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import FrameSource, Sequence
from cstrack_bench.input_size import parse_input_size
from cstrack_bench.synthmot.generate import SynthSpec

Plain = dict[str, Any]  # a JSON document


@dataclass(frozen=True)
class DataConfig:
    """Where images come from and how they are divided.

    Attributes:
        dataset: a name that ``registry.find_dataset`` knows (``synthmot`` is made on
            the spot, ``local`` is every MOT sequence with images and ground truth found
            under the root); any other is that of a folder in MOTChallenge's layout.
        sequences: shell pattern of the sequence names to use (``*-SDP``: MOT17 has
            each sequence three times).
        split: a named half split; ``full`` trains and tests on everything; a data set
            may bring splits of its own (``hieve/holdout``, SynthMOT's ``folders``).
        input_size: width × height of the network's input, divisible by 32.
        synth: the synthetic world, for a data set that is made.
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
        worlds = [self.resolved] if self.resolved.is_generated else []
        data_sets = [*worlds, *(part.resolved for part in self.mix)]
        names = [dataset.label for dataset in data_sets]
        for dataset in data_sets:
            if names.count(dataset.label) > 1:
                hint = (
                    "give each synthetic world a synth.seed of its own"
                    if dataset.is_generated
                    else "name several lists in one part"
                )
                raise InputError(
                    f"{dataset.label} is in the data more than once; {hint}."
                )

    @property
    def resolved(self) -> Dataset:
        """The data set, with the synthetic world where it is made."""
        return find_dataset(self.dataset).made_from(self.synth)

    @property
    def size(self) -> tuple[int, int]:
        """Height, width of the network's input."""
        return parse_input_size(self.input_size, "data.input_size")

    def as_dict(self) -> Plain:
        """Plain nested values, as records and identities hold them.

        A data set has its own name, wherever the file lies that declares it, and a
        synthetic world only where it is made.
        """
        document: Plain = json.loads(json.dumps(dataclasses.asdict(self)))
        for part in (document, *document["mix"]):
            dataset = find_dataset(part["dataset"])
            part["dataset"] = dataset.name
            if not dataset.is_generated:
                part.pop("synth")
        return document

    def training_dict(self) -> Plain:
        """What of it trained weights depend on, beside the frames themselves.

        The split and the number of sequences to measure on decide nothing of that: the
        manifest of the training frames does.
        """
        document = self.as_dict()
        document.pop("split")
        for part in (document, *document["mix"]):
            for subset in ("tune", "test"):
                part.get("synth", {}).pop(f"{subset}_sequences", None)
        return document

    def planned_images(self) -> int | None:
        """Training images where all of it is made on the spot, without making it."""
        counts = [self.resolved.planned_images()]
        counts += [part.resolved.planned_images(part.step) for part in self.mix]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None


@dataclass(frozen=True)
class ExperimentData:
    """Parts of sequences to train and to test on.

    Attributes:
        dataset: its name.
        rules: by which results on it are evaluated.
        split: name of the split.
        own: parts of its sequences to train on.
        val: parts of its sequences to test on.
        mix: further images to train on.
    """

    dataset: str
    rules: EvaluationRules
    split: str
    own: list[Sequence]
    val: list[Sequence]
    mix: tuple[OpenedPart, ...] = ()

    @property
    def train(self) -> list[FrameSource]:
        """Everything to train on: its own parts, then the mix in its order."""
        return [*self.own, *(s for part in self.mix for s in part.sources)]

    def describe(self) -> Plain:
        """Name, split, counts and hashes, for the ledger.

        With a mix, ``mix`` has a row for each part of it and ``total`` counts all that
        is trained on; ``train`` is always the data set's own part.
        """

        def part(sequences: abc.Sequence[Sequence]) -> Plain:
            return {
                "sequences": len(sequences),
                "names": [s.name for s in sequences],
                "frames": sum(len(s) for s in sequences),
                "hash": split_hash(sequences),
            }

        described: Plain = {
            "dataset": self.dataset,
            "benchmark": self.rules.name,
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

    def manifest_hash(self, roles: abc.Sequence[str] = ("train", "val")) -> str:
        """Hash of names and numbers of the frames, and of their ground truth.

        Args:
            roles: ``train`` alone stands for all that a training depends on.
        """
        parts: dict[str, abc.Sequence[FrameSource]] = {
            "train": self.train,
            "val": self.val,
        }
        return _content_hash([(role, parts[role]) for role in roles])[:16]


def _content_hash(parts: abc.Sequence[tuple[str, abc.Sequence[FrameSource]]]) -> str:
    digest = hashlib.sha256()
    for role, sources in parts:
        for source in sources:
            frames = [role, source.name, source.start, source.stop]
            digest.update(json.dumps(frames).encode())
            for content in source.truth():
                digest.update(content)
    return digest.hexdigest()


def open_data(config: DataConfig, root: Path) -> ExperimentData:
    """The parts of sequences that a recipe asks for.

    Args:
        config: what is asked for.
        root: folder of the data sets; what is made is made below it.

    Raises:
        InputError: it is not there, has no images, no ground truth or no such part; or
            a part of the mix is empty, or has a sequence of the main data set.
    """
    dataset = config.resolved
    found = dataset.parts(root, config.split, config.sequences)
    mix = tuple(open_part(part, root) for part in config.mix)
    _check_apart({dataset.video(s.name) for s in (*found.train, *found.val)}, mix)
    return ExperimentData(
        found.name, found.rules, found.split, found.train, found.val, mix
    )


def _check_apart(own: set[str], mix: abc.Iterable[OpenedPart]) -> None:
    """Refuse a mix with the very videos that are tested on."""
    for part in mix:
        for source, video in zip(part.sources, part.videos, strict=True):
            if video in own:
                name = source.name.removeprefix(f"{part.name}/")
                raise InputError(
                    f"The mix's part {part.name} has {name}, a video of the data set "
                    "that is tested on; leave it out with sequences, a pattern."
                )


def data_is_there(config: DataConfig, root: Path) -> bool:
    """Whether ``open_data`` would find (or make) its data."""
    try:
        if not config.resolved.is_generated:
            open_data(config, root)
        for part in config.mix:
            if not part.resolved.is_generated:
                open_part(part, root)
    except InputError:
        return False
    return True
