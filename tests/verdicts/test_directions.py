"""Argued comparisons of runs: what is judged, corrected, left out and planned."""

import dataclasses

import pytest

from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.paper.claims import Argument, load_table
from cstrack_bench.report.direction_words import difference, duration, needed, said
from cstrack_bench.report.planning import plan
from cstrack_bench.report.rows import Table
from cstrack_bench.report.tables import table_from
from cstrack_bench.verdicts.design import Design
from cstrack_bench.verdicts.directions import Direction
from cstrack_bench.verdicts.power import Requirement
from cstrack_bench.verdicts.rules import Verdict
from cstrack_bench.verdicts.sequential import level_at
from tests.report.fakes import changed, fake_record, planted_records

PAPER = load_table("table2")
# One argument, so that nothing is corrected for others.
ALONE = dataclasses.replace(PAPER, arguments=(Argument(4, 5, "REN against none"),))


def planted(
    fourth: float, fifth: float, seeds: int = 5, noise: float = 20.0, sequences: int = 8
) -> list[RunRecord]:
    """Rows ④ and ⑤ with so many misses of a thousand boxes."""
    return [
        *planted_records(4, fourth, seeds, sequences, noise),
        *planted_records(5, fifth, seeds, sequences, noise),
    ]


def table_of(records: list[RunRecord], design: Design | None = None) -> Table:
    return table_from(records, ALONE, design=design)


def first_of(records: list[RunRecord], design: Design | None = None) -> Direction:
    """④ − ⑤, MOTA."""
    return table_of(records, design).directions[0]


@pytest.mark.parametrize(
    ("fourth", "fifth", "verdict"),
    [
        (200, 300, Verdict.SAME),
        (300, 200, Verdict.OPPOSITE),
        (250, 240, Verdict.UNDECIDED),
    ],
)
def test_planted_differences(fourth: float, fifth: float, verdict: Verdict) -> None:
    found = first_of(planted(fourth, fifth))
    assert found.verdict is verdict
    assert (found.seeds, found.sequences, found.family) == (5, 8, 3)
    assert found.low is not None
    assert found.high is not None
    assert found.low < (found.ours or 0) < found.high


def test_a_small_difference_without_noise_is_negligible() -> None:
    table = table_of(planted(250, 252, noise=1.0))
    found = table.directions[0]
    assert found.verdict is Verdict.NEGLIGIBLE
    assert said(table, found) == "negligible (within ±1.0)"
    same = dataclasses.replace(found, printed=0.4)
    assert said(table, same) == "negligible (within ±1.0, as in print)"


def test_one_seed_or_one_sequence_gives_a_number_and_no_verdict() -> None:
    for records, reason in (
        (planted(200, 300, seeds=1), "one seed"),
        (planted(200, 300, sequences=1), "one sequence"),
    ):
        found = first_of(records)
        assert (found.verdict, found.reason) == (Verdict.NONE, reason)
        assert found.ours == pytest.approx(10, abs=5)
        assert found.low is None
        assert found.family == 0


def test_a_row_that_finds_nothing_is_failed() -> None:
    table = table_of(planted(200, 930, noise=1.0))
    found = table.directions[0]
    assert found.verdict is Verdict.FAILED
    assert said(table, found) == "failed: row 5 finds 7.0 % of the boxes"
    assert first_of(planted(200, 880, noise=1.0)).verdict is Verdict.SAME


def test_no_verdict_leans_on_an_undertrained_row() -> None:
    design = Design(undertrained={5: "8 epochs more gain 4 points"})
    table = table_of(planted(200, 300), design)
    found = table.directions[0]
    assert found.verdict is Verdict.UNDERTRAINED
    assert said(table, found) == "undertrained: row 5: 8 epochs more gain 4 points"
    assert found.ours is not None


def test_rows_that_are_left_out_do_not_weigh_on_the_others() -> None:
    """Failed rows are no part of the family, nor of the pooled noise."""
    three = [*planted(200, 300), *planted_records(6, 990, 5, 8, 0.0)]
    table = table_from(three, PAPER)
    assert {d.family for d in table.directions if d.ours is not None} == {2, 0}
    with_failed, without = table.directions[0], first_of(planted(200, 300))
    assert with_failed.parts == without.parts


def test_an_argument_is_judged_in_the_columns_of_its_sentence() -> None:
    """ "the ID Sw. decreased about 25% (① vs. ④)" is about switches alone."""
    records = [
        record
        for row in (1, 4)
        for record in planted_records(row, 100.0 * row, 3, 8, 20)
    ]
    found = table_from(records, PAPER).directions
    judged = [
        d.metric.key for d in found if (d.argument.first, d.argument.second) == (4, 1)
    ]
    assert judged == ["IDSW"]


def test_equal_runs_count_once_and_say_the_same() -> None:
    """The MOT16 and MOT17 rows of Table VI are the same networks and sequences."""
    six = load_table("table6")
    records = []
    for row, twin in ((13, 23), (15, 25)):
        for record in planted_records(row, 10.0 * row, 3, 8, 20, table="table6"):
            records += [record, changed(record, run__row=twin)]
    table = table_from(records, six)
    found = [d for d in table.directions if d.ours is not None]
    assert len(found) == 4
    assert {d.family for d in found} == {2}
    first, second = found[0], found[2]
    assert (first.ours, first.verdict) == (second.ours, second.verdict)
    assert second.repeats == first.argument
    assert said(table, second).endswith("(the same runs as CSTrack − JDE, MOT16)")
    assert first.repeats is None


def test_a_row_against_itself_is_not_compared() -> None:
    one = fake_record(4)
    other = changed(fake_record(5), run__hash=one.run.hash)
    found = first_of([one, other])
    assert (found.verdict, found.reason) == (
        Verdict.NOT_ATTEMPTED,
        "both rows are the same runs",
    )


def test_more_comparisons_make_verdicts_harder() -> None:
    """④ − ⑤ alone in its table is decided; among all the others it is not."""
    records = [
        record
        for row, missed in ((1, 250), (2, 250), (3, 250), (4, 200), (5, 250), (6, 250))
        for record in planted_records(row, missed, 4, 8, 40)
    ]
    alone = table_from(
        [r for r in records if r.run.row in (4, 5)],
        dataclasses.replace(ALONE, metrics=ALONE.metrics[:1]),
    ).directions[0]
    among = table_from(records, PAPER).directions[0]
    assert (alone.family, among.family) == (1, 13)
    assert (alone.ours, alone.low) == (among.ours, among.low)
    assert (alone.verdict, among.verdict) == (Verdict.SAME, Verdict.UNDECIDED)


def test_the_level_of_a_look_is_used() -> None:
    looking = Design(level=level_at)
    alone = dataclasses.replace(ALONE, metrics=ALONE.metrics[:1])

    def verdict(records: list[RunRecord], design: Design | None) -> Verdict:
        return table_from(records, alone, design=design).directions[0].verdict

    some, much = planted(215, 250), planted(190, 250)
    assert (verdict(some, None), verdict(much, None)) == (Verdict.SAME, Verdict.SAME)
    assert verdict(some, looking) is Verdict.UNDECIDED
    assert verdict(much, looking) is Verdict.SAME
    between = planted(190, 250, seeds=4)
    assert verdict(between, None) is Verdict.SAME
    assert verdict(between, looking) is Verdict.UNDECIDED


def test_an_undecided_one_says_what_it_takes() -> None:
    table = table_of(planted(250, 246, seeds=3))
    found = table.directions[0]
    assert found.need is not None
    assert found.need.seeds * found.need.sequences > 3 * 8
    assert found.need.sequences in (8, 16, 32, 64)
    assert "undecided (about " in difference(table, found)
    real = [
        changed(r, run__profile="real", run__label="real") for r in planted(250, 246)
    ]
    need = first_of(real).need
    assert need is None or need.sequences == 8  # nothing to lengthen


def test_the_cost_is_what_was_measured() -> None:
    cost = first_of(planted(250, 246)).cost
    assert cost is not None
    assert cost.training == pytest.approx(2 * 120.0)
    # 12 ms a frame, 200 frames on the two sequences that the fake names.
    assert cost.tracking == pytest.approx(2 * 0.012 * 200 / 2)


def test_words_of_what_is_needed() -> None:
    assert needed(Requirement(9, 32, 40.4)) == "about 9 seeds × 32 sequences, 40 min"
    assert needed(None) == "more than 50 seeds"
    assert [duration(m) for m in (99, 150, 3000)] == ["99 min", "2 h", "2 days"]


def test_a_plan_has_every_argued_column() -> None:
    found = plan(table_of(planted(250, 246, seeds=3)), [32])
    assert [one.metric for one in found] == ["MOTA", "IDF1", "IDSW"]
    first = found[0].as_dict()
    assert {"table", "first", "second", "metric", "printed", "ours", "low"} <= set(
        first
    )
    assert (first["table"], first["first"], first["second"]) == ("table2", 4, 5)
    assert first["sequences_needed"] == 32
    assert first["printed"] == 1.4
    assert first["seeds_corrected"] >= first["seeds_needed"]
    assert first["minutes"] > 0


def test_a_plan_without_runs_knows_what_print_has() -> None:
    found = plan(table_from([], PAPER, "twin"))
    assert len(found) == sum(len(one.metrics) for one in PAPER.arguments) == 13
    assert found[0].seeds_needed is None
    assert found[0].verdict == "not attempted"
