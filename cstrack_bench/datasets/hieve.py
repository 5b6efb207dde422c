"""HiEve (Human in Events): 19 training and 13 test videos of crowds in complex events.

HiEve is given out on registration (docs/reference.md#dataset-downloads) and its format
is documented nowhere that we could check: the sources speak of XML and of track files.
So every layout that such a release can have is read, and which one is there is found
out from the files:

- Pictures: ``images/train/NAME/`` or ``frames/train/NAME/`` (one a frame, in the
  natural order of their names, or numbered in ``img1/`` of it), else
  ``videos/train/NAME.mp4``, else either of them in ``train/``.
- Labels: ``labels/train/track1/``, ``labels/track1/train/``, ``labels/train/``,
  ``annotations/train/`` or ``train/``, and in there ``NAME.txt``, ``NAME/gt/gt.txt``,
  ``NAME.xml`` or ``NAME/000001.xml`` for each video (``formats.hieve_labels``).

Where any file of a set has a frame 0, its frames count from 0, otherwise from 1.

Training draws frames in random order, which a video file gives only slowly: extract
the frames first (``ffmpeg -i NAME.mp4 images/train/NAME/%06d.jpg``).
"""

import collections.abc as abc
import dataclasses
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.components import Component
from cstrack_bench.datasets import dataset_registry
from cstrack_bench.datasets.catalogue_item import CatalogueItem, Expected
from cstrack_bench.datasets.dataset import DatasetAbsentError
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.datasets.folder_moves import unwrap
from cstrack_bench.datasets.sequence_dataset import SequenceDataset
from cstrack_bench.datasets.splits import Pair, Split
from cstrack_bench.errors import InputError
from cstrack_bench.formats.frames import list_pictures
from cstrack_bench.formats.hieve_labels import (
    HieveGroundTruth,
    counts_from_zero,
    read_label_rows,
)
from cstrack_bench.formats.names import natural_key
from cstrack_bench.formats.sequences import DEFAULT_FRAME_RATE, Sequence, open_sequence
from cstrack_bench.verification.annotation_checks import BoxRows, Findings, check_rows
from cstrack_bench.verification.faults import Fault, fault_of
from cstrack_bench.verification.findings import Verification

COMPONENT = Component("dataset hieve", 2)
#: Training and test videos as published, and what they are for.
_VIDEOS = {
    "train": (19, "needed for Table VII"),
    "test": (13, "needed for Table VII's server"),
}
_HELD_OUT = 4
_VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mov", ".mkv"})
_PICTURES = ("images/{}", "frames/{}", "videos/{}", "{}")
_LABELS = (
    "labels/{}/track1",
    "labels/track1/{}",
    "labels/{}",
    "annotations/{}",
    "{}",
)


def _hold_out(sequences: abc.Sequence[Sequence]) -> Pair:
    """The last videos, in the order of their names, are tested on."""
    if len(sequences) <= _HELD_OUT:
        raise InputError(
            f"{HOLDOUT.name} holds out {_HELD_OUT} sequences of more than that, but "
            f"{len(sequences)} are given."
        )
    return list(sequences[:-_HELD_OUT]), list(sequences[-_HELD_OUT:])


#: The test server is closed, so the last training videos are tested on.
HOLDOUT = Split("hieve/holdout", _hold_out)


@dataclass(frozen=True, kw_only=True, eq=False)
class Hieve(SequenceDataset):
    """HiEve in any of the layouts that are read."""

    def has_layout(self, folder: Path) -> bool:
        """Whether labels or pictures lie in one of the known folders."""
        patterns = (*_PICTURES, *_LABELS)
        there = any((folder / pattern.format("train")).is_dir() for pattern in patterns)
        return there and dataset_registry.owner(folder) is None

    def not_found(self, root: Path, named: abc.Sequence[Path]) -> InputError:
        """Where its files are expected."""
        return DatasetAbsentError(
            f"No HiEve under {root}: expected {root / self.name} with labels/train/ "
            "and images/train/ or videos/train/."
        )

    def sequences(self, folder: Path, subset: str) -> list[Sequence]:
        """The videos in the natural order of their names (2 before 10).

        One that has labels but no pictures is listed too, with the frames that its
        labels have: results can be evaluated without pictures.
        """
        labels, pictures = _labels(folder, subset), _pictures(folder, subset)
        first = 0 if any(map(counts_from_zero, labels.values())) else 1
        return [
            _sequence(name, pictures.get(name), labels.get(name), first)
            for name in sorted({*labels, *pictures}, key=natural_key)
        ]

    def rearrange(self, folder: Path) -> list[str]:
        """Every layout is read; only what wraps it is in the way."""
        return unwrap(folder)

    def check_truth(self, sequence: Sequence) -> Findings:
        """Every person, with file and line."""
        truth = sequence.ground_truth
        assert isinstance(truth, HieveGroundTruth), "opened by this data set"
        try:
            found = read_label_rows(truth.path)
        except InputError as error:
            return [fault_of(error, truth.path)], []
        faults = [Fault(location, what) for location, what in found.malformed]
        if not len(found.table) and not faults:
            return [Fault(str(truth.path), "has no person")], []
        table = found.table
        rows = BoxRows(
            table[:, 0], table[:, 1], table[:, 2:6], found.locations.__getitem__
        )
        more, remarks = check_rows(rows, sequence, truth.first)
        return faults + more, remarks

    def without_truth(self, sequence: Sequence) -> Fault:
        """There are several folders where labels may lie."""
        what = "has no label file in any of HiEve's folders"
        return Fault(str(sequence.folder), what)

    def compare(self, result: Verification) -> None:
        """Set the videos against the published ones; none may be in both parts."""
        names = {
            subset: [s.name for s in result.sequences if s.subset == subset]
            for subset in _VIDEOS
        }
        for both in sorted(set(names["train"]) & set(names["test"])):
            what = f"video {both} is a test video in train/: it would be trained on"
            result.add([Fault(str(result.folder), what)])
        for subset, (published, use) in _VIDEOS.items():
            found = len(names[subset])
            if found > published:
                what = f"has {found} {subset} videos; as published {published}"
                result.add([Fault(str(result.folder), what)])
            elif found < published:
                result.missing.append(
                    f"{published - found} of the {published} {subset} videos, {use}"
                )
        unseen = [s.name for s in result.sequences if not s.pictures]
        if unseen:
            result.missing.append(f"pictures of videos {', '.join(unseen)}")


def _sequence(
    name: str, pictures: Path | None, labels: Path | None, first: int
) -> Sequence:
    if pictures is None:
        assert labels is not None, "a name comes from pictures or from labels"
        truth = HieveGroundTruth(labels, first)
        found = truth.read()
        length = int(found.frames.max()) + 1 if len(found) else 0
        return Sequence(
            name,
            DEFAULT_FRAME_RATE,
            width=0,
            height=0,
            length=length,
            folder=labels.parent,
            ground_truth=truth,
        )
    seen = open_sequence(pictures)
    labelled = HieveGroundTruth(labels, first, seen.length) if labels else None
    return dataclasses.replace(seen, name=name, ground_truth=labelled)


def _pictures(folder: Path, subset: str) -> dict[str, Path]:
    """Name of a video -> its file or the folder of its frames."""
    for pattern in _PICTURES:
        found: dict[str, Path] = {}
        where = folder / pattern.format(subset)
        for entry in sorted(where.iterdir()) if where.is_dir() else []:
            if entry.suffix.lower() in _VIDEO_SUFFIXES:
                found[entry.stem] = entry
            elif list_pictures(entry) or list_pictures(entry / "img1"):
                found[entry.name] = entry
        if found:
            return found
    return {}


def _labels(folder: Path, subset: str) -> dict[str, Path]:
    """Name of a video -> its track file, XML file or folder of XML files."""
    for pattern in _LABELS:
        found: dict[str, Path] = {}
        where = folder / pattern.format(subset)
        for entry in sorted(where.iterdir()) if where.is_dir() else []:
            if (entry / "gt" / "gt.txt").is_file():
                found[entry.name] = entry / "gt" / "gt.txt"
            elif entry.is_file() and entry.suffix in (".txt", ".xml"):
                found[entry.stem] = entry
            elif entry.is_dir() and any(entry.glob("*.xml")):
                found[entry.name] = entry
        if found:
            return found
    return {}


DATASET = Hieve(
    name="hieve",
    component=COMPONENT,
    # It has none of the distractors that MOTChallenge's rules remove.
    rules=EvaluationRules("hieve", "MOT15"),
    splits=(HOLDOUT,),
    entry=CatalogueItem(
        name="hieve",
        title="HiEve (Human in Events)",
        licence="non-commercial research, on registration",
        page="http://humaninevents.org/",
        register="it is given out on registration at humaninevents.org",
        use="Table VII",
        tables=(7,),
        also=("hie20",),
        expects=Expected(videos=19),
        # Its pictures or films; labels lie in one of the folders named above.
        holds=("**/train",),
    ),
)
