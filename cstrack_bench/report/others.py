"""Scores of other trackers, evaluated here from their result files.

``<results>/others/<dataset>/<name>.json`` is written by ``cstrack evaluate --as`` and
fills the row of that name in the printed tables. It is another tracker's result on
public ground truth: neither a run of ours nor the benchmark's server.
"""

import collections.abc as abc
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from cstrack_bench.documents import read_document, write_document
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.scores import Evaluation
from cstrack_bench.experiments.comparison_records import OtherRecord
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.files import sha256
from cstrack_bench.paper.claims import PaperRow, PaperTable, plain_name

FOLDER = "others"
_LONGEST_NAME = 100


class Filling(Protocol):
    """What can stand in a printed row without a run of it."""

    @property
    def dataset(self) -> str:
        """Such as mot16."""
        ...

    def is_row(self, table: PaperTable, row: PaperRow) -> bool:
        """Whether a printed row is its own."""
        ...


F = TypeVar("F", bound=Filling)


@dataclass(frozen=True)
class Evaluated:
    """One tracker's files on one data set.

    Attributes:
        record: what was written about them.
    """

    record: OtherRecord

    #: What stands in the column of seeds.
    kind = "files"

    @property
    def name(self) -> str:
        """The tracker's, as given."""
        return self.record.name

    @property
    def dataset(self) -> str:
        """Such as mot16."""
        return self.record.dataset

    @property
    def frames_measured(self) -> str:
        """Subset, split and its hash: ``train, split full (0123456789ab)``."""
        found = self.record
        return f"{found.subset}, split {found.split} ({found.split_hash})"

    def is_row(self, table: PaperTable, row: PaperRow) -> bool:
        """Whether a printed row is this tracker on this data set."""
        return (
            table.measured_on(row) == self.dataset.casefold()
            and row.label.casefold() == plain_name(self.name).casefold()
        )

    def describe(self) -> str:
        """``DeepSORT-2: its files on mot16 train, split full (…), 7 sequences, …``."""
        return (
            f"{self.name}: its result files on {self.dataset} "
            f"{self.frames_measured}, {len(self.record.scores.sequences)} sequences, "
            f"{self.record.frames} frames"
        )

    def note(self) -> str:
        """What a reader must know of a row that it fills."""
        return (
            f"evaluated here, {self.describe()}; another tracker's result on public "
            "ground truth, not the server's"
        )

    @property
    def status(self) -> str:
        """For the table's CSV."""
        return f"evaluated here: {self.describe()}"


def write_other(
    root: Path,
    name: str,
    dataset: str,
    subset: str,
    split: str,
    split_hash: str,
    frames: int,
    files: abc.Mapping[str, Path],
    scores: Evaluation,
) -> Path:
    """Record another tracker's scores atomically.

    Args:
        root: the results folder.
        name: of the tracker; a printed row of that name is filled.
        dataset: such as mot16.
        subset: train, val or test.
        split: full, or a half's name.
        split_hash: of the frames that were measured.
        frames: how many.
        files: sequence -> the tracker's file.
        scores: over all sequences and of each.

    Returns:
        The file written.

    Raises:
        InputError: the name has no letter or digit, or other signs.
    """
    check_tracker_name(name)
    slug = re.sub(r"[^\w.+-]+", "-", plain_name(name)).strip("-.").casefold()
    if not re.search(r"\w", slug):
        raise InputError(f"--as takes the tracker's name, not {name!r}.")
    path = root / FOLDER / dataset / f"{slug}.json"
    record = OtherRecord(
        name=name,
        dataset=dataset,
        subset=subset,
        split=split,
        split_hash=split_hash,
        frames=frames,
        files={sequence: sha256(file) for sequence, file in sorted(files.items())},
        scores=scores,
        provenance=provenance("cpu"),
    )
    return write_document(path, record)


def check_tracker_name(name: str) -> None:
    """Refuse a name that could not stand in a table, a page or a file's name.

    Raises:
        InputError: too long, or other signs than letters, digits and a few.
    """
    if len(name) > _LONGEST_NAME or not re.fullmatch(r"[\w .,:+()/&'#*@\[\]-]+", name):
        raise InputError(
            f"--as takes the tracker's name: up to {_LONGEST_NAME} letters, digits, "
            f"spaces and .,:+()/&'-, not {name[:60]!r}."
        )


def read_others(root: Path) -> list[Evaluated]:
    """Every tracker recorded below a results folder, by path.

    Raises:
        InputError: a file is not such a record.
    """
    what = "a record of `cstrack evaluate --as`"
    return [
        Evaluated(read_document(path, OtherRecord, what, "delete it"))
        for path in sorted((root / FOLDER).glob("*/*.json"))
    ]


def match_rows(
    table: PaperTable, others: abc.Iterable[F]
) -> tuple[dict[int, F], list[F]]:
    """Which printed rows are filled, and what has no row in print.

    Args:
        table: the printed table.
        others: what fills rows; of two for one row the later does.

    Returns:
        Row number -> what fills it, and what is on the table's data sets and fills
        none.
    """
    filled: dict[int, F] = {}
    rest: list[F] = []
    datasets = {table.measured_on(row) for row in table.rows}
    for other in others:
        rows = [row.number for row in table.rows if other.is_row(table, row)]
        rest += [filled[number] for number in rows if number in filled]
        filled |= dict.fromkeys(rows, other)
        if not rows and other.dataset.casefold() in datasets:
            rest.append(other)
    return filled, rest
