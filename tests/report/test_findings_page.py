"""The page for readers is of the committed records, and complete."""

from collections import Counter
from pathlib import Path

import pytest

from cstrack_bench.paper.claims import load_table, table_names
from cstrack_bench.report.direction_words import pair
from cstrack_bench.report.findings_page import QUESTIONS, findings_page
from cstrack_bench.report.rows import Table
from cstrack_bench.report.verdict_summary import attempted, worlds
from cstrack_bench.report.views import find_tables, findings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tables() -> list[Table]:
    found = worlds(table for table, _ in find_tables(ROOT / "results"))
    return found["twin"]


def test_the_committed_page_is_of_the_committed_records() -> None:
    """Else: python scripts/write_findings_page.py."""
    committed = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert committed == findings(ROOT / "results")


def test_each_comparison_answers_one_question(tables: list[Table]) -> None:
    page = findings_page(tables)
    lines = Counter(
        tuple(line.split(" | ")[:3:2]) for line in page.splitlines() if "| " in line
    )
    compared = [(t, d) for t in tables for d in attempted([t])]
    assert compared
    for table, direction in compared:
        decimals = direction.metric.decimals
        sign = "+" if direction.printed > 0 else "\N{MINUS SIGN}"
        printed = f"{direction.metric.name} {sign}{abs(direction.printed):.{decimals}f}"
        title = f"| {table.paper.number} {pair(table, direction.argument)}"
        assert lines[title, printed] == 1, (title, printed)
    for name in table_names():
        assert any(name in asked.tables for asked in QUESTIONS), load_table(name).title


def test_ren_in_table_one_is_of_the_question_on_ren(tables: list[Table]) -> None:
    page = findings_page(tables)
    sections = {
        part.split("{#")[1].split("}")[0]: part for part in page.split("## ")[2:]
    }
    assert "II \N{CIRCLED DIGIT FOUR}" in sections["ren"]
    assert "III " not in sections["ren"]
    assert "IV " in sections["rivals"]


def test_without_records_nothing_is_claimed() -> None:
    page = findings_page([])
    assert page.count("Not measured yet") == len(QUESTIONS) + 1
    assert "Decided" not in page


def test_pairs_of_table_one_are_arguments_of_it() -> None:
    argued = {(a.first, a.second) for a in load_table("table1").arguments}
    named = [pair for asked in QUESTIONS for pair in asked.pairs]
    assert named == [(3, 2), (5, 3)]
    assert set(named) <= argued
