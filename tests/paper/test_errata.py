"""Errata: complete, in step with the reference and the page, and true of the tables."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from cstrack_bench.experiments.implementations import preset
from cstrack_bench.experiments.settings import Settings, build_settings
from cstrack_bench.paper.audit import audit_print
from cstrack_bench.paper.claims import load_table
from cstrack_bench.paper.errata import KINDS, Erratum, Option, load_errata
from cstrack_bench.paper.errata_page import errata_page
from cstrack_bench.tracking.tracker_registry import find_tracker

DOCS = Path(__file__).resolve().parents[2] / "docs"
SECTIONS = ("train", "loss", "nms", "track", "augment", "measure", "init", "data")


def by_id() -> dict[str, Erratum]:
    return {erratum.id: erratum for erratum in load_errata()}


def departures() -> dict[str, str]:
    """Anchor -> text of each section of the reference on a departure."""
    text = (DOCS / "reference.md").read_text(encoding="utf-8")
    found = re.findall(
        r"^#### [^\n]* \{#(departure-[\w-]+)\}\n(.*?)(?=^#)", text, re.M | re.S
    )
    return dict(found)


def test_errata_are_complete_and_well_formed() -> None:
    errata = load_errata()
    assert len(by_id()) == len(errata)
    assert list(dict.fromkeys(e.kind for e in errata)) == list(KINDS)
    for erratum in errata:
        assert erratum.where
        assert erratum.found
        assert erratum.handling
        # Only a number that cannot be right takes its cells out of judgement.
        assert erratum.withdraws == (erratum.kind == "print")
        if erratum.withdraws:
            assert erratum.cells
            assert erratum.computations
        # What is only a matter of arithmetic is among these two kinds.
        assert not erratum.computations or erratum.kind in ("print", "text")


def test_cells_of_errata_are_printed_ones() -> None:
    for erratum in load_errata():
        for cell in (
            *erratum.cells,
            *(c for x in erratum.computations for c in x.cells),
        ):
            name, row, key = cell.split("/")
            table = load_table(name)
            column = {m.key: m.column for m in table.metrics}[key]
            assert table.row(int(row)).cells[column] != "-"


def test_claims_that_an_erratum_withdraws_say_so() -> None:
    withdrawn = {
        claim.name: claim.inconsistent.id
        for name in (f"table{n}" for n in range(1, 9))
        for row in load_table(name).rows
        for claim in row.claims.values()
        if claim.inconsistent
    }
    assert withdrawn == {
        "table1/5/IDSW": "table1-identity-switches",
        "table6/13/MOTA": "table6-jde-mota",
        "table6/13/IDSW": "table6-jde-mota",
        "table6/5/MOTA": "table6-tap-mota",
        "table6/5/IDSW": "table6-tap-mota",
        "table6/25/IDF1": "table6-cstrack-idf1",
        "table7/1/IDSW": "table7-ground-truth",
        "table7/2/IDSW": "table7-ground-truth",
        "table7/3/IDSW": "table7-ground-truth",
        "table7/4/MOTA": "table7-centertrack",
        "table7/4/FP": "table7-centertrack",
        "table7/4/FN": "table7-centertrack",
        "table7/4/IDSW": "table7-centertrack",
    }


@pytest.mark.parametrize(
    ("erratum", "numbers"),
    [
        ("table6-jde-mota", {"64.51", "1652 to 1834"}),
        ("table6-tap-mota", {"64.67", "473 to 654"}),
        ("table1-identity-switches", {"1050"}),
        ("text-saan-gain", {"+8.5"}),
        ("text-sam-gain", {"+4.0"}),
        ("text-hieve-gain", {"+15.5"}),
        ("table7-ground-truth", {"2220", "3747", "995"}),
        ("table7-centertrack", {"44.7", "4495 to 4575"}),
        ("table6-cstrack-idf1", {"72.6"}),
        ("text-small-model-loss", {"-3.6 to -2.0"}),
    ],
)
def test_the_audit_computes_what_an_erratum_says(
    erratum: str, numbers: set[str]
) -> None:
    found = {f.check.implied for f in audit_print().known if f.erratum == erratum}
    assert numbers <= found


def test_the_words_of_an_erratum_have_the_numbers_of_its_arithmetic() -> None:
    """Those that follow; a range of the text is told in part, a ranking by its best."""
    for erratum in load_errata():
        words = f"{erratum.found} {erratum.printed}".replace("−", "-").replace(",", "")
        for computation in erratum.computations:
            if computation.rule in ("mota_from_counts", "ordering"):
                continue
            for number in re.findall(r"\d+(?:\.\d+)?", computation.implied):
                assert number in words, (erratum.id, number)


def test_the_reference_has_a_section_for_each_erratum() -> None:
    sections = departures()
    for erratum in load_errata():
        page, _, anchor = erratum.anchor.partition("#")
        assert page == "reference.md"
        named = re.search(r"Errata: `([\w-]+)`", sections[anchor])
        assert named, anchor
        assert named[1] == erratum.id


def test_each_section_on_a_departure_names_an_erratum() -> None:
    for anchor, text in departures().items():
        named = re.search(r"Errata: `([\w-]+)`", text)
        assert named, anchor
        assert named[1] in by_id(), anchor


def test_the_page_is_made_from_the_errata() -> None:
    """Else: python scripts/write_errata_page.py."""
    assert (DOCS / "errata.md").read_text(encoding="utf-8") == errata_page()


def value(settings: Settings, name: str) -> Any:
    """A setting by its dotted name; of a tracker what it runs with."""
    section, _, key = name.partition(".")
    if section == "track":
        tracker = find_tracker(settings.track.name)
        config = tracker.configured(settings.track.options)
        return getattr(config, key.removeprefix("options."))
    return getattr(getattr(settings, section), key)


def options() -> list[tuple[str, Option]]:
    return [item for erratum in load_errata() for item in erratum.options.items()]


@pytest.mark.parametrize(("name", "option"), options(), ids=[n for n, _ in options()])
@pytest.mark.parametrize("implementation", ["official", "paper"])
def test_an_implementation_has_the_value_of_its_erratum(
    name: str, option: Option, implementation: str
) -> None:
    expected = getattr(option, implementation)
    if isinstance(expected, list):
        expected = tuple(expected)
    settings = build_settings({"implementation": implementation})
    assert value(settings, name) == expected


def test_nothing_else_differs_between_the_implementations() -> None:
    official, paper = (
        build_settings({"implementation": name}) for name in ("official", "paper")
    )
    differing = set()
    for section in ("model", *SECTIONS):
        ours, theirs = getattr(official, section), getattr(paper, section)
        for field in dataclasses.fields(ours):
            if getattr(ours, field.name) != getattr(theirs, field.name):
                differing.add(f"{section}.{field.name}")
    listed = {name for name, option in options() if option.official != option.paper}
    tracker = {f"track.options.{key}" for key in paper.track.options}
    assert differing - {"track.options"} | tracker == listed


def test_the_official_implementation_is_what_every_option_has_by_default() -> None:
    assert build_settings({"implementation": "official"}) == build_settings({})
    for section in SECTIONS:
        assert preset("official", section, {}) == {}


def test_the_texts_tracker_is_cstracks_alone() -> None:
    for name in ("deepsort", "jde", "bytetrack"):
        document = {"implementation": "paper", "track": {"name": name}}
        assert build_settings(document).track.options == {}


def test_a_preset_that_is_changed_changes_no_other_call() -> None:
    preset("paper", "track", {})["options"].clear()
    assert preset("paper", "track", {})["options"]["second_chance"] == "all"
