"""The audit of print: it explains what is known, and finds a digit that is planted."""

import re
from dataclasses import replace

import pytest

from cstrack_bench.paper.arithmetic import COUNTS, ground_truth, switches_range
from cstrack_bench.paper.audit import BOUNDS, RULES, Audit, audit_print
from cstrack_bench.paper.cell_checks import Tables, printed_tables, with_value
from cstrack_bench.paper.claims import load_table, parse_table, table_names, table_text
from cstrack_bench.paper.control_totals import RULE as CONTROL_TOTAL
from cstrack_bench.paper.control_totals import numeric_columns
from cstrack_bench.paper.errata import Erratum, load_errata


def claims() -> list[tuple[str, str]]:
    """Name and print of every number of every table that is a claim."""
    return [
        (claim.name, claim.printed)
        for name in table_names()
        for row in load_table(name).rows
        for claim in row.claims.values()
    ]


def digits(printed: str) -> list[int]:
    return [i for i, character in enumerate(printed) if character.isdigit()]


def other_digit(printed: str, position: int, step: int) -> str:
    changed = str((int(printed[position]) + step) % 10)
    return printed[:position] + changed + printed[position + 1 :]


def new_cells(audit: Audit) -> set[str]:
    return {cell for finding in audit.new for cell in finding.check.cells}


def test_the_print_as_it_is_has_nothing_new() -> None:
    audit = audit_print()
    assert audit.new == ()
    explaining = {finding.erratum for finding in audit.known}
    assert explaining == {e.id for e in load_errata() if e.computations}
    assert {finding.check.rule for finding in audit.findings} <= RULES.keys()


def test_known_slips_come_in_the_order_of_the_errata() -> None:
    order = [erratum.id for erratum in load_errata()]
    found = [order.index(f.erratum) for f in audit_print().known if f.erratum]
    assert found == sorted(found)


@pytest.mark.parametrize("name", table_names())
def test_a_wrong_digit_anywhere_in_a_table_is_found(name: str) -> None:
    """Every cell once, settings too, each with another digit."""
    text = table_text(name)
    table = load_table(name)
    tables = printed_tables()
    for number, line in enumerate(text.splitlines()[1:], start=1):
        cells = line.split(",")
        for index, column in enumerate(table.columns):
            if column not in numeric_columns(table) or not digits(cells[index]):
                continue
            position = digits(cells[index])[
                (number + index) % len(digits(cells[index]))
            ]
            changed = list(cells)
            changed[index] = other_digit(cells[index], position, 1 + number % 9)
            planted = text.splitlines()
            planted[number] = ",".join(changed)
            audit = audit_print({**tables, name: parse_table(name, "\n".join(planted))})
            key = next((m.key for m in table.metrics if m.column == column), column)
            exact = [
                finding.check
                for finding in audit.new
                if finding.check.rule == CONTROL_TOTAL
                and finding.check.cells == (f"{name}/{number}/{key}",)
            ]
            # The row's sum and the column's, both off by the change.
            assert len(exact) == 2, (number, column)


def unseen(tables: Tables) -> set[str]:
    return set(audit_print(tables).unchecked)


def visible(name: str, printed: str, planted: str) -> bool:
    """Whether rounding leaves room for the change: MOTA's last digit, in boxes."""
    table, row, key = name.split("/")
    if key not in COUNTS:
        return True
    boxes = ground_truth(table, load_table(table).row(int(row)).group)
    return boxes is None or abs(float(planted) - float(printed)) > boxes[1] / 1000


@pytest.mark.parametrize("table", table_names())
def test_arithmetic_alone_finds_a_wrong_leading_digit(table: str) -> None:
    """Without control totals: print's own relations see it and name the cell."""
    tables = printed_tables()
    skipped = unseen(tables)
    tried = 0
    for number, (name, printed) in enumerate(claims()):
        planted = other_digit(printed, 0, 1 + number % 9)
        if name in skipped or not name.startswith(f"{table}/"):
            continue
        if not visible(name, printed, planted):
            continue
        tried += 1
        found = {
            cell
            for finding in audit_print(with_value(tables, name, planted)).new
            if finding.check.rule not in (CONTROL_TOTAL, *BOUNDS)
            for cell in finding.check.cells
        }
        assert name in found, (printed, planted)
    assert tried >= 3


def test_what_mota_leaves_open_of_counts() -> None:
    """Half of MOTA's last digit is 91 boxes on MOT16: fewer than that go unseen."""
    row = load_table("table6").row(15)
    assert row.claims["FP"].printed == "9646"
    rules = {
        value: {
            f.check.rule
            for f in audit_print(
                with_value(printed_tables(), "table6/15/FP", value)
            ).new
        }
        for value in ("9647", "9846")
    }
    assert "mota_from_counts" not in rules["9647"]
    assert "mota_from_counts" in rules["9846"]
    assert all(CONTROL_TOTAL in found for found in rules.values())


def test_cells_that_no_equation_ties_to_others_are_named() -> None:
    found = unseen(printed_tables())
    # Table V but for the row that is Table II ④ too; no row of it is quoted.
    assert {n for n, _ in claims() if n.startswith("table5/")} - found == {
        f"table5/8/{key}" for key in ("MOTA", "IDF1", "IDSW")
    }
    # Percentages of identities are bounded by each other alone.
    assert {n for n, _ in claims() if n.endswith(("/MTR", "/MLR"))} <= found
    # IDF1 of Table VI is in equations where another table or the text has it.
    assert "table6/14/IDF1" in found
    assert "table6/15/IDF1" not in found
    assert "table8/1/MOTA" in found


@pytest.mark.parametrize(
    ("cell", "printed", "rule"),
    [
        ("table6/25/FP", "23848", "divisible_by_three"),
        ("table6/29/MOTA", "65.6", "mota_from_counts"),
        ("table6/1/MLR", "82.7", "mt_ml_sum"),
        ("table7/6/MOTA", "58.6", "mota_from_counts"),
        ("table7/5/MOTA", "46.3", "ground_truth_total"),
        ("table8/3/IDF1", "96.8", "idf1_from_idp_idr"),
        ("table3/6/IDSW", "536", "equal_rows"),
        ("table1/2/IDF1", "60.8", "quoted_difference"),
        ("table1/3/IDSW", "1366", "quoted_value"),
        ("table7/5/IDF1", "53.2", "ordering"),
        ("table2/1/IDSW", "613", "quoted_difference"),
    ],
)
def test_each_rule_finds_what_it_is_for(cell: str, printed: str, rule: str) -> None:
    audit = audit_print(with_value(printed_tables(), cell, printed))
    found = [f.check for f in audit.new if f.check.rule == rule]
    assert found
    assert any(cell in check.cells for check in found) or rule == "ground_truth_total"


def test_a_digit_beside_a_known_slip_is_new() -> None:
    """An erratum explains its own numbers, not whatever is wrong with its cells."""
    audit = audit_print(with_value(printed_tables(), "table6/13/IDSW", "1545"))
    rules = {f.check.rule for f in audit.new if "table6/13/IDSW" in f.check.cells}
    assert {"switches_range", "equal_rows"} <= rules


def test_a_slip_that_is_mended_makes_its_erratum_wrong() -> None:
    audit = audit_print(with_value(printed_tables(), "table1/5/IDSW", "1050"))
    (stale,) = (f.check for f in audit.new if f.check.rule == "erratum")
    assert stale.cells[0] == "table1/5/IDSW"
    assert stale.printed.startswith("table1-identity-switches: 1121 printed")


@pytest.mark.parametrize(
    "erratum", [e for e in load_errata() if e.computations], ids=lambda e: e.id
)
def test_a_wrong_digit_in_an_erratum_is_found(erratum: Erratum) -> None:
    for index, computation in enumerate(erratum.computations):
        position = re.search(r"\d", computation.implied)
        assert position
        wrong = replace(
            computation, implied=other_digit(computation.implied, position.start(), 1)
        )
        computations = list(erratum.computations)
        computations[index] = wrong
        changed = [
            replace(e, computations=tuple(computations)) if e.id == erratum.id else e
            for e in load_errata()
        ]
        audit = audit_print(errata=changed)
        assert computation.cells[0] in new_cells(audit)


@pytest.mark.parametrize("name", table_names())
def test_a_wrong_number_in_a_sentence_is_found(name: str) -> None:
    table = load_table(name)
    for index, found in enumerate(table.arguments):
        for key in found.quoted:
            quoted = {**found.quoted, key: found.quoted[key] + 0.1}
            ends = {k: v for k, v in found.endpoints.items() if k != key}
            changed = list(table.arguments)
            changed[index] = replace(found, quoted=quoted, endpoints=ends)
            tables = {
                **printed_tables(),
                name: replace(table, arguments=tuple(changed)),
            }
            cells = new_cells(audit_print(tables))
            assert f"{name}/{found.first}/{key}" in cells, (found.quote, key)


def test_a_range_of_switches_is_that_of_rounded_mota() -> None:
    row = load_table("table6").row(15)
    check = switches_range("table6", row)
    low, high = map(int, check.implied.split(" to "))
    others = row.claims["FP"].value + row.claims["FN"].value
    for switches, fits in (
        (low, True),
        (high, True),
        (low - 1, False),
        (high + 1, False),
    ):
        mota = 100 * (1 - (others + switches) / 182_326)
        assert (abs(mota - 75.6) <= 0.05) == fits
    assert check.agrees
