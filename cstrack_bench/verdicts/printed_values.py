"""Printed numbers under the paper's own protocol: reproduced or not, by rule.

Print is one draw, of one seed, on the same frames; the prediction interval says where
another draw of ours would lie. Reproduced: it lies within print ± margin. Not
reproduced: it leaves print out, and our mean is further off than the margin. Noise
widens the interval and so takes both away; more seeds narrow it, down to the spread of
a single draw, and take neither away.
"""

import collections.abc as abc

import numpy as np
from scipy.special import stdtrit

from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.paper.claims import Claim, Metric, PaperRow, PaperTable
from cstrack_bench.verdicts.comparable import measured
from cstrack_bench.verdicts.design import Design, Reasons
from cstrack_bench.verdicts.pairs import Rows, unfit
from cstrack_bench.verdicts.power import MOST_SEEDS
from cstrack_bench.verdicts.rules import (
    OPEN,
    WITHIN,
    PrintedVerdict,
    decide_printed,
    margin_of,
)
from cstrack_bench.verdicts.statistics import (
    CONFIDENCE,
    Difference,
    Floats,
    predicted_difference,
)

Cell = tuple[int, str]  # row number, key of the column


def printed_verdicts(
    paper: PaperTable,
    rows: Rows,
    reasons: Reasons,
    design: Design,
) -> dict[Cell, str]:
    """The verdict of every printed number that can have one.

    Args:
        paper: the printed table.
        rows: row number -> its runs under the paper's protocol, one a seed.
        reasons: row number -> why it has no runs.
        design: which rows no verdict leans on.
    """
    found: dict[Cell, str] = {}
    family: dict[Cell, tuple[Floats, Claim, float]] = {}
    for row in paper.rows:
        records = rows.get(row.number, ())
        for metric in paper.metrics:
            claim = row.claims.get(metric.key)
            if claim is None or not metric.judged:
                continue
            cell = (row.number, metric.key)
            said = _without_runs(paper, row, claim, records, reasons)
            if said is not None:
                found[cell] = said
                continue
            if row.number not in paper.ours:
                continue
            bad = unfit(row.number, records, design.undertrained)
            values = _values(records, metric)
            margin = margin_of(metric.key, claim.value)
            if values is None:
                found[cell] = f"{PrintedVerdict.NOT_ATTEMPTED}: not measured"
            elif bad is not None:
                found[cell] = f"{bad[0]}: {bad[1]}"
            elif margin is None:
                continue
            elif len(values) == 1:
                found[cell] = f"{PrintedVerdict.INCONCLUSIVE}: at least 2 more seeds"
            else:
                family[cell] = values, claim, margin
    return found | _judge(family)


def _without_runs(
    paper: PaperTable,
    row: PaperRow,
    claim: Claim,
    records: abc.Sequence[RunRecord],
    reasons: Reasons,
) -> str | None:
    """What is said whatever was measured; None where runs decide."""
    if claim.inconsistent is not None:
        return PrintedVerdict.INCONSISTENT
    if row.number not in paper.ours:
        return None
    if paper.server:
        return f"{PrintedVerdict.NOT_ATTEMPTED}: needs the {paper.server} server"
    if not records:
        why = reasons.get(row.number, paper.others)
        return f"{PrintedVerdict.NOT_ATTEMPTED}: {why}"
    return None


def _values(records: abc.Sequence[RunRecord], metric: Metric) -> Floats | None:
    values = [measured(record, metric.key) for record in records]
    if not values or None in values:
        return None
    return np.array(values, dtype=np.float64)


def _judge(family: abc.Mapping[Cell, tuple[Floats, Claim, float]]) -> dict[Cell, str]:
    """Verdicts of the numbers that were measured with two seeds or more."""
    if not family:
        return {}
    found = [predicted_difference(v, claim.value) for v, claim, _ in family.values()]
    margins = [margin for _, _, margin in family.values()]
    codes = decide_printed(Difference.family(found), margins)
    return {
        cell: _said(int(code), *family[cell])
        for cell, code in zip(family, codes, strict=True)
    }


def _said(code: int, values: Floats, claim: Claim, margin: float) -> str:
    if code == WITHIN:
        return PrintedVerdict.REPRODUCED
    if code != OPEN:
        return PrintedVerdict.NOT_REPRODUCED
    more = more_seeds(values, claim.value, margin)
    if more is not None:
        return f"{PrintedVerdict.INCONCLUSIVE}: about {more} more seeds"
    spread = float(values.std(ddof=1) * stdtrit(1e6, 0.5 + CONFIDENCE / 2))
    return (
        f"{PrintedVerdict.INCONCLUSIVE}: single draws vary by ±{spread:.1f} here, so "
        "no number of seeds decides"
    )


def more_seeds(values: Floats, printed: float, margin: float) -> int | None:
    """How many more seeds give a verdict if mean and spread stay as they are.

    Args:
        values: (R,) of our seeds.
        printed: the printed number.
        margin: a smaller difference does not matter.

    Returns:
        None where ``MOST_SEEDS`` in all do not.
    """
    distance = abs(float(values.mean()) - printed)
    spread = float(values.std(ddof=1))
    for seeds in range(len(values) + 1, MOST_SEEDS + 1):
        half = float(stdtrit(seeds - 1, 0.5 + CONFIDENCE / 2))
        half *= spread * (1 + 1 / seeds) ** 0.5
        if distance + half <= margin or distance > max(half, margin):
            return seeds - len(values)
    return None
