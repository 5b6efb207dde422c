"""The audit of the print: every check, and which disagreements an erratum explains."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cstrack_bench.paper import arithmetic
from cstrack_bench.paper.cell_checks import (
    Check,
    Tables,
    find_row,
    printed_tables,
    with_value,
)
from cstrack_bench.paper.control_totals import RULE as CONTROL_TOTAL
from cstrack_bench.paper.control_totals import control_totals
from cstrack_bench.paper.errata import Computation, Erratum, load_errata
from cstrack_bench.paper.text_checks import text_checks

#: rule -> what it says, in words.
RULES: Mapping[str, str] = {
    "mota_from_counts": "MOTA follows from FP, FN, ID switches and the ground truth",
    "switches_range": "ID switches follow from MOTA, FP, FN and the ground truth",
    "ground_truth_total": "one number of ground-truth boxes serves a benchmark's rows",
    "idf1_from_idp_idr": "IDF1 is the harmonic mean of IDP and IDR",
    "mt_ml_sum": "mostly tracked and mostly lost are at most 100 %",
    "divisible_by_three": "MOT17 counts of one result sent in three times are triple",
    "equal_rows": "a run printed twice has the same numbers",
    "quoted_value": "a number of the text stands in the table",
    "quoted_difference": "a difference of the text follows from the table",
    "ordering": "what the text calls better is better in the table",
    "replaced_value": "another value in one cell settles a disagreement",
    CONTROL_TOTAL: "sums of rows and columns are those noted from the print",
    "erratum": "an erratum's arithmetic gives what it says",
}
#: Rules that leave a range to each of their cells.
BOUNDS = ("mt_ml_sum", "ordering")


@dataclass(frozen=True)
class Finding:
    """A disagreement.

    Attributes:
        check: that disagrees.
        erratum: id of the erratum that explains it; None where it is new.
    """

    check: Check
    erratum: str | None


@dataclass(frozen=True)
class Audit:
    """What auditing the printed tables gives.

    Attributes:
        checks: how many were made.
        findings: the disagreements, those of errata in their order, then new ones.
        unchecked: names of printed numbers that no equation ties to another; a sum or
            an ordering may bound them, and a control total notices a changed digit.
    """

    checks: int
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]

    @property
    def known(self) -> tuple[Finding, ...]:
        """What errata explain."""
        return tuple(f for f in self.findings if f.erratum is not None)

    @property
    def new(self) -> tuple[Finding, ...]:
        """What no erratum explains."""
        return tuple(f for f in self.findings if f.erratum is None)


def audit_print(
    tables: Tables | None = None, errata: Iterable[Erratum] | None = None
) -> Audit:
    """Hold the printed tables against each other, the text and the errata.

    An erratum explains a disagreement only where it records the same cells, the same
    printed and the same implied value, so that a digit that changes beside a known slip
    is new.

    Args:
        tables: name -> printed table; those of this package by default.
        errata: those of this package by default.
    """
    tables = printed_tables() if tables is None else tables
    errata = load_errata() if errata is None else tuple(errata)
    totals = list(control_totals(tables))
    made = [*_checks(tables, errata), *_of_errata(tables, errata)]
    known = {
        (c.rule, c.cells, c.printed, c.implied): erratum.id
        for erratum in errata
        for c in erratum.computations
    }
    findings = []
    for check in (*made, *totals):
        if not check.agrees:
            key = (check.rule, check.cells, check.printed, check.implied)
            findings.append(Finding(check, known.get(key)))
    explained = {(f.check.rule, f.check.cells) for f in findings if f.erratum}
    findings += [
        Finding(_unfounded(erratum, computation), None)
        for erratum in errata
        for computation in erratum.computations
        if (computation.rule, computation.cells) not in explained
    ]
    order = {erratum.id: number for number, erratum in enumerate(errata)}
    findings.sort(key=lambda f: order.get(f.erratum or "", len(order)))
    return Audit(
        len(made) + len(totals), tuple(findings), tuple(_unchecked(tables, made))
    )


def _checks(tables: Tables, errata: Iterable[Erratum]) -> Iterator[Check]:
    """All but control totals and the arithmetic that errata alone ask for."""
    yield from arithmetic.table_checks(tables)
    yield from text_checks(tables)
    corrected = tables
    for erratum in errata:
        for computation in erratum.computations:
            if computation.rule == "replaced_value":
                cell = computation.cells[0]
                corrected = with_value(corrected, cell, computation.implied)
    yield from arithmetic.ground_truth_totals(corrected)


def _of_errata(tables: Tables, errata: Iterable[Erratum]) -> Iterator[Check]:
    """The arithmetic that only errata ask for."""
    for erratum in errata:
        for computation in erratum.computations:
            cell = computation.cells[0]
            table, number, key = cell.split("/")
            row = find_row(tables, f"{table}/{number}")
            if computation.rule == "switches_range":
                yield arithmetic.switches_range(table, row)
            elif computation.rule == "replaced_value":
                value = computation.implied
                settles = _settles(tables, cell, value)
                yield Check(
                    "replaced_value",
                    (cell,),
                    row.claims[key].printed,
                    value if settles else f"not {value}",
                    False,
                )


def _settles(tables: Tables, cell: str, value: str) -> bool:
    """Whether a check on the cell that disagrees would agree with another value."""

    def disagreements(of: Tables) -> set[tuple[str, tuple[str, ...]]]:
        checks = (*arithmetic.table_checks(of), *text_checks(of))
        return {(c.rule, c.cells) for c in checks if cell in c.cells and not c.agrees}

    return bool(disagreements(tables) - disagreements(with_value(tables, cell, value)))


def _unfounded(erratum: Erratum, computation: Computation) -> Check:
    """An erratum says what its arithmetic does not give."""
    return Check(
        "erratum",
        computation.cells,
        f"{erratum.id}: {computation.printed} printed, {computation.implied} implied",
        f"{computation.rule} finds no such disagreement",
        False,
    )


def _unchecked(tables: Tables, checks: Iterable[Check]) -> Iterator[str]:
    """Printed numbers of the measured columns that no equation takes in."""
    equations = (check for check in checks if check.rule not in BOUNDS)
    seen = {cell for check in equations for cell in check.cells}
    for table in tables.values():
        for row in table.rows:
            for claim in row.claims.values():
                if claim.name not in seen:
                    yield claim.name
