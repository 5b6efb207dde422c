"""The arithmetic that a run's record obeys: ratios, sums of sequences and of blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.scores import (
    COUNTS,
    Evaluation,
    Scores,
    ratios,
    sum_counts,
)
from cstrack_bench.experiments.records import Block, RunRecord, read_record

#: Counts that blocks of frames have; they add up to those of their sequence.
BLOCK_COUNTS = ("GT", "TP", "FP", "FN", "IDSW", "IDTP", "IDFP", "IDFN")
# Ratios are kept as floats of the same formula; sums may be taken in another order.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class RecordFinding:
    """A number of a record that its other numbers contradict, or a file that is none.

    Attributes:
        record: path of the file below the root of the results.
        number: which one, ``scores.overall.MOTA``; empty where the file is no record.
        found: what stands there, or why the file cannot be read.
        implied: what follows from the others; empty where the file is no record.
    """

    record: str
    number: str
    found: str
    implied: str


@dataclass(frozen=True)
class RecordAudit:
    """What auditing a folder of results gives.

    Attributes:
        records: how many were read.
        findings: what is wrong in them.
    """

    records: int
    findings: tuple[RecordFinding, ...]


def audit_records(root: Path) -> RecordAudit:
    """Check every run's record below a root of results; a missing root has none.

    Args:
        root: holds ``<profile>/<table>/row<k>/seed<s>.json``.
    """
    read = 0
    findings: list[RecordFinding] = []
    for path in sorted(root.rglob("row*/seed*.json")):
        name = path.relative_to(root).as_posix()
        try:
            record = read_record(path)
        except InputError as error:
            findings.append(RecordFinding(name, "", str(error), ""))
            continue
        read += 1
        findings += [
            RecordFinding(name, number, found, implied)
            for number, found, implied in contradictions(record)
        ]
    return RecordAudit(read, tuple(findings))


def contradictions(record: RunRecord) -> Iterator[tuple[str, str, str]]:
    """Which numbers of a record do not follow from the others.

    Yields:
        The number's name, what stands there, and what follows.
    """
    evaluations = {"scores": record.scores}
    evaluations |= {f"baselines.{k}": v for k, v in record.baselines.items()}
    for name, evaluation in evaluations.items():
        yield from _evaluation(name, evaluation)
    for index, variant in enumerate(record.variants or ()):
        yield from _scores(f"variants.{index}.scores", variant.scores)
    yield from _blocks(record.scores, record.blocks)


def _evaluation(name: str, evaluation: Evaluation) -> Iterator[tuple[str, str, str]]:
    """Ratios of each sequence and of all; the counts of all are the sequences' sums."""
    yield from _scores(f"{name}.overall", evaluation.overall)
    for sequence, scores in evaluation.sequences.items():
        yield from _scores(f"{name}.sequences.{sequence}", scores)
    sums = sum_counts(evaluation.sequences.values())
    yield from _differences(f"{name}.overall", evaluation.overall, sums)


def _scores(name: str, scores: Scores) -> Iterator[tuple[str, str, str]]:
    implied: Scores = ratios(scores)
    implied |= {
        "GT": scores["TP"] + scores["FN"],
        "IDFN": scores["GT"] - scores["IDTP"],
        "IDFP": scores["TP"] + scores["FP"] - scores["IDTP"],
        "IDs": scores["MT"] + scores["PT"] + scores["ML"],
    }
    yield from _differences(name, scores, implied)


def _blocks(
    evaluation: Evaluation, blocks: list[Block]
) -> Iterator[tuple[str, str, str]]:
    for sequence, scores in evaluation.sequences.items():
        own = [block for block in blocks if block.sequence == sequence]
        sums: Scores = {
            key: sum(getattr(block, key) for block in own) for key in BLOCK_COUNTS
        }
        counts: Scores = {key: scores[key] for key in BLOCK_COUNTS}
        yield from _differences(f"blocks.{sequence}", sums, counts)


def _differences(
    name: str, found: Scores, implied: Scores
) -> Iterator[tuple[str, str, str]]:
    for key in sorted(found.keys() & implied.keys()):
        whole = key in COUNTS
        if abs(found[key] - implied[key]) > (0 if whole else TOLERANCE):
            decimals = 0 if whole else 6
            yield (
                f"{name}.{key}",
                f"{found[key]:.{decimals}f}",
                f"{implied[key]:.{decimals}f}",
            )
