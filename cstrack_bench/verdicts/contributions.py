"""What each seed and sequence contributes to a score: the tables of the statistics.

A sequence is taken whole, since identities are matched over all of it. Scores such as
MOTA and IDF1 are ratios of sums over sequences, not means over them; the contribution
of a sequence is its jackknife pseudo-value, S·all − (S − 1)·(all but this one), whose
mean is the overall score (after a shift that removes the jackknife's correction) and
whose spread is what another sample of sequences would change (Efron 1982, chapter 2).
"""

import collections.abc as abc

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.verdicts.statistics import Floats

COUNTS = ("GT", "FP", "FN", "IDSW", "IDTP", "IDFP", "IDFN")
RATIOS = ("MOTA", "IDF1", "IDP", "IDR")


def counts_by_sequence(records: abc.Sequence[RunRecord]) -> Floats:
    """Summed counts of whole sequences, one layer a seed.

    Args:
        records: the seeds of one row, each with ``blocks``.

    Returns:
        (R, S, 7): seeds in the order given, sequences by name, ``COUNTS``.

    Raises:
        InputError: the seeds were measured on different frames.
    """
    first = _frames(records[0])
    for record in records:
        if _frames(record) != first:
            raise InputError(
                f"The seeds of {record.run.table} row {record.run.row} were measured "
                "on different frames: run them again with --fresh."
            )
    names = sorted({sequence for sequence, _, _ in first})
    counts = np.zeros((len(records), len(names), len(COUNTS)))
    for layer, record in zip(counts, records, strict=True):
        for block in record.blocks:
            layer[names.index(block.sequence)] += [getattr(block, c) for c in COUNTS]
    return counts


def _frames(record: RunRecord) -> list[tuple[str, int, int]]:
    return sorted((b.sequence, b.start, b.stop) for b in record.blocks)


def score(counts: Floats, metric: str) -> Floats:
    """A percentage or a count of summed counts.

    Args:
        counts: (..., 7) in the order of ``COUNTS``.
        metric: one of ``RATIOS`` or ``COUNTS``.

    Raises:
        ValueError: another metric, which does not follow from these counts.
    """
    named = {name: counts[..., i] for i, name in enumerate(COUNTS)}
    if metric == "MOTA":
        wrong = named["FP"] + named["FN"] + named["IDSW"]
        return 100.0 * (1.0 - wrong / np.maximum(named["GT"], 1.0))
    if metric == "IDF1":
        both = 2.0 * named["IDTP"]
        return 100.0 * both / np.maximum(both + named["IDFP"] + named["IDFN"], 1.0)
    if metric in ("IDP", "IDR"):
        rest = named["IDFP" if metric == "IDP" else "IDFN"]
        return 100.0 * named["IDTP"] / np.maximum(named["IDTP"] + rest, 1.0)
    if metric in COUNTS:
        return named[metric]
    raise ValueError(f"{metric} does not follow from summed counts")


def contributions(counts: Floats, metric: str) -> Floats:
    """Pseudo-values of each sequence.

    A count without a sequence is brought to the ground truth of all of them, so that a
    long sequence does not count as one with many switches.

    Args:
        counts: (..., S, 7) in the order of ``COUNTS``, two sequences or more.
        metric: one of ``RATIOS`` or ``COUNTS``.

    Returns:
        (..., S); the mean over S is the score of the summed counts.
    """
    total = counts.sum(axis=-2, keepdims=True)  # (..., 1, 7)
    without = total - counts
    left = score(without, metric)  # (..., S)
    if metric in COUNTS:
        left = left * total[..., 0] / np.maximum(without[..., 0], 1.0)
    return pseudo_values(score(total, metric), left)


def hota_contributions(records: abc.Sequence[RunRecord]) -> Floats:
    """Pseudo-values of HOTA, which does not follow from counts.

    The overall HOTA is close to the mean of the sequences', weighted by their
    ground-truth and reported boxes (within 0.5 points on the committed runs); what one
    sequence changes is taken from that mean, the level from the recorded overall score.

    Args:
        records: the seeds of one row.

    Returns:
        (R, S), sequences by name; the mean over S is the recorded HOTA.
    """
    names = sorted(records[0].scores.sequences)
    found = [[record.scores.sequences[name] for name in names] for record in records]
    values = np.array([[one["HOTA"] for one in row] for row in found], dtype=np.float64)
    # Reported boxes are the found ones, GT − FN, and the false ones.
    boxes = np.array(
        [[2 * one["GT"] - one["FN"] + one["FP"] for one in row] for row in found],
        dtype=np.float64,
    )
    weights = np.maximum(boxes, 1.0)
    total, weight = (weights * values).sum(axis=-1), weights.sum(axis=-1)
    left = (total[:, None] - weights * values) / (weight[:, None] - weights)
    approximate = pseudo_values((total / weight)[:, None], left)
    recorded = np.array([[record.scores.overall["HOTA"]] for record in records])
    return approximate - approximate.mean(axis=-1, keepdims=True) + recorded


def pseudo_values(everything: Floats, without: Floats) -> Floats:
    """Jackknife pseudo-values around the score of everything.

    Args:
        everything: (..., 1).
        without: (..., S), the score without each sequence.
    """
    sequences = without.shape[-1]
    change = (sequences - 1) * (without.mean(axis=-1, keepdims=True) - without)
    return everything + change
