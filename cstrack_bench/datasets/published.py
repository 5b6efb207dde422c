"""What the published data sets hold: sequences and their lengths, lists, mixes."""

import functools
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

_MOT17 = {
    "02": 600,
    "04": 1050,
    "05": 837,
    "09": 525,
    "10": 654,
    "11": 900,
    "13": 750,
}
_MOT17_TEST = ("01", "03", "06", "07", "08", "12", "14")
_DETECTORS = ("DPM", "FRCNN", "SDP")

#: Data set -> names of its training sequences.
TRAINING = {
    "mot15": (
        *("ADL-Rundle-6", "ADL-Rundle-8", "ETH-Bahnhof", "ETH-Pedcross2"),
        *("ETH-Sunnyday", "KITTI-13", "KITTI-17", "PETS09-S2L1", "TUD-Campus"),
        *("TUD-Stadtmitte", "Venice-2"),
    ),
    "mot16": tuple(f"MOT16-{n}" for n in _MOT17),
    "mot17": tuple(f"MOT17-{n}-{d}" for n in _MOT17 for d in _DETECTORS),
    "mot20": tuple(f"MOT20-{n}" for n in ("01", "02", "03", "05")),
}
#: Data set -> names of its test sequences.
TESTING = {
    "mot15": (
        *("ADL-Rundle-1", "ADL-Rundle-3", "AVG-TownCentre", "ETH-Crossing"),
        *("ETH-Jelmoli", "ETH-Linthescher", "KITTI-16", "KITTI-19", "PETS09-S2L2"),
        *("TUD-Crossing", "Venice-1"),
    ),
    "mot16": tuple(f"MOT16-{n}" for n in _MOT17_TEST),
    "mot17": tuple(f"MOT17-{n}-{d}" for n in _MOT17_TEST for d in _DETECTORS),
    "mot20": tuple(f"MOT20-{n}" for n in ("04", "06", "07", "08")),
}
#: Data set -> what its training sequences, and its test sequences, are for.
USES = {
    "mot15": ("which no table needs", "which no table needs"),
    "mot16": ("needed for Table VIII", "needed for Tables I, IV and VI"),
    "mot17": ("needed for Tables I to VI", "needed for Table VI"),
    "mot20": ("needed for Table VI", "needed for Table VI"),
    "hieve": ("needed for Table VII", "needed for Table VII's server"),
}
#: Training and test videos of HiEve (REFERENCE 8).
HIEVE_VIDEOS = {"train": 19, "test": 13}


@dataclass(frozen=True)
class PublishedList:
    """One list of images.

    Attributes:
        name: of its file, such as caltech.train.
        images: how many it names.
        split: what the paths of its pictures have and no others; None where only the
            list itself can tell.
        official: whether this is not the list that is published under that name but
            CSTrack's own (REFERENCE 4.6), which goes by ``split``.
    """

    name: str
    images: int
    split: str | None = None
    official: bool = False

    @property
    def trains(self) -> bool:
        """Whether it is trained on under its own name."""
        return self.name.endswith(".train")


@dataclass(frozen=True)
class PublishedMix:
    """A mix of Table IV.

    Attributes:
        lists: that it consists of.
        images: how many they name together.
        boxes: thousands, as the paper prints them.
        identities: thousands, as the paper prints them.
    """

    lists: tuple[str, ...]
    images: int
    boxes: float
    identities: float


def published_length(sequence: str) -> int | None:
    """Frames of a MOT16 or MOT17 training sequence; None where we know none."""
    found = re.match(r"MOT1[67]-(\d\d)(?!\d)", sequence)
    return _MOT17.get(found[1]) if found else None


def published_lists(dataset: str) -> tuple[PublishedList, ...]:
    """The lists of a data set of images; none for one that is not known."""
    rows = _document()["lists"].get(dataset, {})
    return tuple(PublishedList(name, **row) for name, row in rows.items())


def never_trained_on(dataset: str) -> re.Pattern[str] | None:
    """What the path of a picture that is tested on has in it."""
    pattern = _document()["never"].get(dataset)
    return re.compile(pattern) if pattern else None


def published_mixes() -> dict[str, PublishedMix]:
    """Table IV's mixes S, M and B."""
    return {
        name: PublishedMix(tuple(row.pop("lists")), **row)
        for name, row in ((n, dict(r)) for n, r in _document()["mixes"].items())
    }


@functools.cache
def _document() -> dict[str, Any]:
    text = resources.files("cstrack_bench.datasets").joinpath("lists.yaml")
    document: dict[str, Any] = yaml.safe_load(text.read_text(encoding="utf-8"))
    return document
