"""Import: scores that a server returned become an entry of the results.

An entry says who submitted which zip, by its hash, and when. What its numbers say of
each other is computed, so that a mistyped one is found.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cstrack_bench.documents import write_document
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.evaluation.scores import Evaluation, Scores
from cstrack_bench.experiments.comparison_records import (
    ServerRecord,
    read_server_record,
)
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.files import sha256
from cstrack_bench.paper.arithmetic import ground_truth
from cstrack_bench.paper.claims import load_table, plain_name
from cstrack_bench.submission.benchmarks import HIEVE
from cstrack_bench.submission.zip_check import SubmissionCheck

#: Folder of the entries below the results folder.
FOLDER = "server"
# Half of the last digit that servers show, and a rounding error.
_ROUNDING = 0.05 + 1e-6


@dataclass(frozen=True)
class Submitted:
    """What was submitted.

    Attributes:
        name: of the tracker; a printed row of that name is filled.
        by: who submitted it.
        on: the day.
        server: that scored it.
        fills: printed rows, such as ``table1/5``, in the place of that of its name.
    """

    name: str
    by: str
    on: date
    server: str
    fills: tuple[str, ...] = ()


def import_scores(
    root: Path,
    submitted: Submitted,
    check: SubmissionCheck,
    scores: Evaluation,
    returned: Path | None = None,
    keep_inconsistent: bool = False,
) -> tuple[Path, ServerRecord]:
    """Write an entry.

    Args:
        root: the results folder.
        submitted: who, when, for which rows.
        check: of the zip.
        scores: that the server returned.
        returned: the file that they were read from, if any.
        keep_inconsistent: record numbers that contradict each other, with a remark.

    Returns:
        The file, and what it holds.

    Raises:
        CstrackError: the zip does not pass its check.
        InputError: a name without letters, a day to come, a row that this is not of,
            numbers that contradict each other, or an entry of this zip with others.
    """
    dataset = check.benchmark.name
    if check.faults:
        first = check.faults[0]
        raise CstrackError(
            f"No server can have scored this zip: {first.location} {first.what}."
        )
    if not submitted.by.strip():
        raise InputError("--by takes the name of who submitted the zip.")
    if submitted.on > date.today():
        raise InputError(f"The zip cannot have been submitted on {submitted.on}.")
    for fill in submitted.fills:
        _check_row(fill, dataset)
    remarks = contradictions(scores.overall, dataset)
    if remarks and not keep_inconsistent:
        raise InputError(
            f"{remarks[0]}; correct it, or keep it with --keep-inconsistent."
        )
    record = ServerRecord(
        name=submitted.name,
        dataset=dataset,
        server=submitted.server,
        submitted_by=submitted.by.strip(),
        submitted_on=submitted.on.isoformat(),
        zip_sha256=check.sha256,
        files=check.files,
        rows=check.rows,
        returned_sha256=sha256(returned) if returned else None,
        fills=list(submitted.fills),
        scores=scores,
        remarks=remarks,
        provenance=provenance("cpu"),
    ).sealed()
    path = root / FOLDER / dataset / f"{_slug(submitted.name)}-{check.sha256[:8]}.json"
    if path.is_file() and read_server_record(path).scores != scores:
        raise InputError(
            f"{path} has other scores of this zip; delete it first if they are wrong."
        )
    return write_document(path, record), record


def read_entries(root: Path) -> list[ServerRecord]:
    """Every entry below a results folder, the newest last.

    Raises:
        InputError: a file is none, or was edited.
    """
    found = [read_server_record(p) for p in sorted((root / FOLDER).glob("*/*.json"))]
    return sorted(found, key=lambda record: record.submitted_on)


def contradictions(scores: Scores, dataset: str) -> list[str]:
    """What does not add up in a server's scores, as sentences without a full stop.

    MOTA follows from FP, FN, IDSW and the boxes of the ground truth (public for
    MOTChallenge, within a range for HiEve), IDF1 from IDP and IDR; MT and ML are parts
    of one whole.

    Args:
        scores: overall.
        dataset: such as mot17.
    """
    found = []
    table, group = ("table7", "") if dataset == HIEVE else ("table6", dataset.upper())
    boxes = ground_truth(table, group)
    errors = [scores.get(key) for key in ("FP", "FN", "IDSW")]
    mota = scores.get("MOTA")
    counts = [value for value in errors if value is not None]
    if boxes is not None and mota is not None and len(counts) == len(errors):
        low, high = (100 * (1 - sum(counts) / total) for total in boxes)
        if not low - _ROUNDING <= mota <= high + _ROUNDING:
            found.append(
                f"MOTA is {mota:g}, but FP, FN and IDSW over {boxes[0]:,} boxes give "
                f"{low:.2f}"
            )
    idf1, idp, idr = (scores.get(key) for key in ("IDF1", "IDP", "IDR"))
    if idf1 is not None and idp is not None and idr is not None and idp + idr:
        # Each of the three is rounded.
        mean = 2 * idp * idr / (idp + idr)
        if abs(mean - idf1) > 2 * _ROUNDING:
            found.append(f"IDF1 is {idf1:g}, but IDP and IDR give {mean:.2f}")
    shares = scores.get("MTR", 0.0) + scores.get("MLR", 0.0)
    if shares > 100 + 2 * _ROUNDING:
        found.append(f"MT and ML are {shares:g} % of all identities together")
    return found


def _check_row(fill: str, dataset: str) -> None:
    """Refuse a row that was not printed from this server's test set."""
    matched = re.fullmatch(r"(table\d+)/(\d+)", fill)
    if matched is None:
        raise InputError(f"--row takes TABLE/ROW such as table1/5, not {fill!r}.")
    table = load_table(matched[1])
    row = table.row(int(matched[2]))
    printed = table.measured_on(row) or table.split.partition(" ")[0].casefold()
    if not table.server or printed != dataset:
        raise InputError(
            f"{fill} was not printed from the {dataset} server: Table {table.number} "
            f"has {row.group or table.split}."
        )


def _slug(name: str) -> str:
    slug = re.sub(r"[^\w.+-]+", "-", plain_name(name)).strip("-.").casefold()
    if not re.search(r"\w", slug):
        raise InputError(f"--as takes the tracker's name, not {name!r}.")
    return slug
