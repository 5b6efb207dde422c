"""The arithmetic that printed cells obey: counts, ratios, sums, equal rows."""

import math
from collections.abc import Iterator
from itertools import chain

from cstrack_bench.paper.cell_checks import (
    EPSILON,
    Check,
    Tables,
    find_row,
    plain,
    relations,
)
from cstrack_bench.paper.printed import Claim, PaperRow

COUNTS = ("FP", "FN", "IDSW")
Range = tuple[int, int]


def ground_truth(table: str, group: str) -> Range | None:
    """Least and largest number of ground-truth boxes of a benchmark; None if unknown.

    Args:
        table: ``table6``.
        group: the benchmark, where the table has several; else empty.
    """
    found = relations()["ground_truth"].get(table, {}).get(group)
    return None if found is None else (found[0], found[1])


def cells_of(table: str, row: PaperRow, *keys: str) -> tuple[str, ...]:
    """Names of some cells of a row."""
    return tuple(f"{table}/{row.number}/{key}" for key in keys)


def mota_from_counts(table: str, row: PaperRow) -> Check | None:
    """MOTA = 1 − (FP + FN + IDSW) / ground-truth boxes; None where a part is missing.

    Where the ground truth is known within a range only, MOTA follows to one decimal.
    """
    boxes = ground_truth(table, row.group)
    if boxes is None or not {"MOTA", *COUNTS} <= row.claims.keys():
        return None
    errors = sum(row.claims[key].value for key in COUNTS)
    low, high = (100 * (1 - errors / total) for total in boxes)
    claim = row.claims["MOTA"]
    agrees = (
        low <= claim.value + claim.margin + EPSILON
        and high >= claim.value - claim.margin - EPSILON
    )
    middle = plain((low + high) / 2, 2 if low == high else 1)
    cells = cells_of(table, row, "MOTA", *COUNTS)
    return Check("mota_from_counts", cells, claim.printed, middle, agrees)


def switches_range(table: str, row: PaperRow) -> Check:
    """The identity switches with which FP and FN give the printed MOTA.

    Raises:
        KeyError: the row has no MOTA, or its benchmark no known ground truth.
    """
    boxes = ground_truth(table, row.group)
    if boxes is None:
        raise KeyError(f"no ground truth of {table} {row.group}".rstrip())
    mota = row.claims["MOTA"]
    others = row.claims["FP"].value + row.claims["FN"].value
    ends = [
        total * (1 - (mota.value + side * mota.margin) / 100) - others
        for total in boxes
        for side in (1, -1)
    ]
    low, high = math.ceil(min(ends) - EPSILON), math.floor(max(ends) + EPSILON)
    claim = row.claims["IDSW"]
    return Check(
        "switches_range",
        cells_of(table, row, "IDSW", "MOTA", "FP", "FN"),
        claim.printed,
        f"{low} to {high}",
        low <= claim.value <= high,
    )


def shared_total(table: str, rows: list[PaperRow]) -> Range | None:
    """The numbers of ground-truth boxes that give every row its printed MOTA."""
    low, high = 0, 10**9
    for row in rows:
        mota = row.claims["MOTA"]
        errors = sum(row.claims[key].value for key in COUNTS)
        least, most = (
            errors / (1 - (mota.value + side * mota.margin) / 100) for side in (-1, 1)
        )
        low, high = max(low, math.ceil(least)), min(high, math.floor(most))
    return (low, high) if rows and low <= high else None


def ground_truth_totals(tables: Tables) -> Iterator[Check]:
    """One number of ground-truth boxes serves all rows of a benchmark.

    Rows whose MOTA does not follow from their counts are left out: they have a check of
    their own.
    """
    for name, table in tables.items():
        for group in table.groups:
            boxes = ground_truth(name, group)
            if boxes is None:
                continue
            rows = []
            for row in table.rows:
                check = mota_from_counts(name, row) if row.group == group else None
                if check is not None and check.agrees:
                    rows.append(row)
            shared = shared_total(name, rows)
            # A public total lies in the range; one that rows imply is the range.
            agrees = shared is not None and (
                shared == boxes
                if boxes[0] < boxes[1]
                else shared[0] <= boxes[0] <= shared[1]
            )
            yield Check(
                "ground_truth_total",
                tuple(chain(*(cells_of(name, row, "MOTA") for row in rows))),
                _range(boxes),
                _range(shared) if shared else "no common number",
                agrees,
            )


def idf1_from_idp_idr(table: str, row: PaperRow) -> Check | None:
    """IDF1 is the harmonic mean of IDP and IDR; None where one is not printed."""
    if not {"IDF1", "IDP", "IDR"} <= row.claims.keys():
        return None
    idf1, idp, idr = (row.claims[key] for key in ("IDF1", "IDP", "IDR"))
    low, middle, high = (
        _harmonic_mean(idp.value + side * idp.margin, idr.value + side * idr.margin)
        for side in (-1, 0, 1)
    )
    agrees = (
        low <= idf1.value + idf1.margin + EPSILON
        and high >= idf1.value - idf1.margin - EPSILON
    )
    cells = cells_of(table, row, "IDF1", "IDP", "IDR")
    return Check("idf1_from_idp_idr", cells, idf1.printed, plain(middle, 2), agrees)


def mt_ml_sum(table: str, row: PaperRow) -> Check | None:
    """Identities mostly tracked and mostly lost are at most all of them."""
    if not {"MTR", "MLR"} <= row.claims.keys():
        return None
    mt, ml = row.claims["MTR"], row.claims["MLR"]
    total = mt.value + ml.value
    return Check(
        "mt_ml_sum",
        cells_of(table, row, "MTR", "MLR"),
        plain(total, 1),
        "at most 100",
        total <= 100 + EPSILON,
    )


def divisible_by_three(table: str, row: PaperRow) -> Iterator[Check]:
    """Counts that are summed over three equal submissions are multiples of three."""
    if row.number not in relations()["tripled"].get(table, ()):
        return
    for key in COUNTS:
        claim = row.claims[key]
        cells = cells_of(table, row, key)
        agrees = claim.value % 3 == 0
        yield Check(
            "divisible_by_three", cells, claim.printed, "a multiple of 3", agrees
        )


def equal_rows(tables: Tables) -> Iterator[Check]:
    """A run that is printed more than once has the same numbers each time.

    Of three or more that differ, the one unlike the others is taken for wrong; of two,
    the first.
    """
    for relation in relations()["equal"]:
        for key in relation["metrics"]:
            claims: dict[str, Claim] = {
                f"{row}/{key}": find_row(tables, row).claims[key]
                for row in relation["rows"]
            }
            values = [claim.value for claim in claims.values()]
            usual = max(reversed(values), key=values.count)
            odd = [cell for cell, claim in claims.items() if claim.value != usual]
            cells = tuple(sorted(claims, key=lambda cell: cell not in odd))
            first, last = claims[cells[0]], claims[cells[-1]]
            yield Check("equal_rows", cells, first.printed, last.printed, not odd)


def table_checks(tables: Tables) -> Iterator[Check]:
    """Every check of the tables by themselves."""
    for name, table in tables.items():
        for row in table.rows:
            for rule in (mota_from_counts, idf1_from_idp_idr, mt_ml_sum):
                check = rule(name, row)
                if check is not None:
                    yield check
            yield from divisible_by_three(name, row)
    yield from equal_rows(tables)


def _harmonic_mean(first: float, second: float) -> float:
    return 2 * first * second / (first + second)


def _range(ends: Range) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
