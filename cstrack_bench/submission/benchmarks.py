"""Benchmarks with a server: which files a submission has, and how they end.

Lengths of the training sequences are those of ``datasets``; of MOTChallenge's test
sequences they are those of the published ``seqinfo.ini``. HiEve's test videos are not
published without registration, so their names and lengths come from its files.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.datasets.dataset_registry import find_dataset
from cstrack_bench.datasets.motchallenge import TEST_NUMBERS, TRAINING_FRAMES
from cstrack_bench.errors import InputError, nearest

DETECTORS = ("DPM", "FRCNN", "SDP")
_TEST_FRAMES = dict(
    zip(TEST_NUMBERS, (450, 1500, 1194, 500, 625, 900, 750), strict=True)
)
_MOT20_TRAINING = {"01": 429, "02": 2782, "03": 2405, "05": 3315}
_MOT20_TEST = {"04": 2080, "06": 1008, "07": 585, "08": 806}
_MOT_NAME = re.compile(r"(MOT1[67])-(\d\d)(?:-(DPM|FRCNN|SDP))?")


@dataclass(frozen=True)
class Benchmark:
    """What a server asks of a submission.

    Attributes:
        name: such as mot17, as a data set is called.
        title: as it is printed.
        server: what the server is called.
        training: training sequence -> frames; empty where they are not submitted.
        testing: test sequence -> frames.
        detectors: whose public boxes each sequence exists with, to be submitted once
            for each; empty where there is one file a sequence.
        ending: what columns 7 to 10 have to be, where that is fixed.
        first_id: the least id of a track.
    """

    name: str
    title: str
    server: str
    training: Mapping[str, int]
    testing: Mapping[str, int]
    detectors: tuple[str, ...] = ()
    ending: tuple[str, ...] = ()
    first_id: int = 1

    @property
    def lengths(self) -> dict[str, int]:
        """Every sequence -> its frames, in the order of a submission."""
        return dict(sorted({**self.training, **self.testing}.items()))

    @property
    def scenes(self) -> dict[str, tuple[str, ...]]:
        """Sequence without its detector -> the sequences with the same frames."""
        found: dict[str, tuple[str, ...]] = {}
        for name in self.lengths:
            scene = split_name(name)[0] if self.detectors else name
            found[scene] = (*found.get(scene, ()), name)
        return found


def split_name(name: str) -> tuple[str, str]:
    """``MOT17-02-SDP`` is ``MOT17-02`` and ``SDP``; another name has no detector."""
    found = _MOT_NAME.fullmatch(name)
    return (f"{found[1]}-{found[2]}", found[3] or "") if found else (name, "")


def _named(
    title: str, frames: Mapping[str, int], detectors: tuple[str, ...] = ()
) -> dict[str, int]:
    suffixes = [f"-{detector}" for detector in detectors] or [""]
    return {
        f"{title}-{number}{suffix}": length
        for number, length in frames.items()
        for suffix in suffixes
    }


def _motchallenge(
    title: str,
    training: Mapping[str, int],
    testing: Mapping[str, int],
    detectors: tuple[str, ...] = (),
) -> Benchmark:
    return Benchmark(
        title.lower(),
        title,
        "MOTChallenge",
        _named(title, training, detectors),
        _named(title, testing, detectors),
        detectors,
    )


_MOTCHALLENGE = {
    found.name: found
    for found in (
        _motchallenge("MOT16", TRAINING_FRAMES, _TEST_FRAMES),
        _motchallenge("MOT17", TRAINING_FRAMES, _TEST_FRAMES, DETECTORS),
        _motchallenge("MOT20", _MOT20_TRAINING, _MOT20_TEST),
    )
}
#: Benchmarks that a submission can be made for.
#: The one server that is not MOTChallenge's.
HIEVE = "hieve"
BENCHMARKS = (*_MOTCHALLENGE, HIEVE)


def find_benchmark(name: str, data: Path) -> Benchmark:
    """A benchmark by name.

    Args:
        name: one of ``BENCHMARKS``, in any case.
        data: root of the data sets, where HiEve's test videos are looked for.

    Raises:
        InputError: another name, or HiEve's test videos are not there.
    """
    key = name.lower()
    if key in _MOTCHALLENGE:
        return _MOTCHALLENGE[key]
    if key != HIEVE:
        raise InputError(f"No server takes {name!r}: {nearest(name, BENCHMARKS)}.")
    videos = find_dataset(HIEVE).open(data, "test")
    return Benchmark(
        name=HIEVE,
        title="HiEve",
        server="HiEve",
        training={},
        testing={video.name: video.length for video in videos},
        ending=("1", "-1", "-1", "-1"),
        first_id=0,
    )


def benchmark_of(names: list[str]) -> str | None:
    """The benchmark that most of some file names are of; None where none is."""
    found = [
        title.lower()
        for title in (name.upper().partition("-")[0] for name in names)
        if title.lower() in _MOTCHALLENGE
    ]
    return max(sorted(set(found)), key=found.count) if found else None
