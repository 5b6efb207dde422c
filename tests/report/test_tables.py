"""Golden tables from fake runs, verdicts by rule, and what is refused."""

import csv
import io
from typing import Any

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.paper.claims import load_table
from cstrack_bench.report.screen import table_lines
from cstrack_bench.report.tables import table_csv, table_from
from tests.report.fakes import changed, fake_record, fake_records

PAPER = load_table("table2")

GOLDEN_GRID = """\
                              MOTA ↑            IDF1 ↑         ID Sw. ↓                        λ det/re-id
№  SR  CR                paper       ours  paper       ours  paper   ours  paper            ours (P3 P4 P5)
1  ✓                      65.3  76.1 ±0.5   69.5  64.4 ±0.9    713  10 ±0  —                —
2      ✓                  64.8  71.9 ±0.2   67.2  57.3 ±0.4    616  20 ±0  —                —
3  ✓   ✓                  64.5  74.8 ±0.6   68.9  61.0 ±0.9    679   0 ±0  0.5/0.5          —
4  ✓   ✓                  66.0  86.0 ±0.2   70.7  81.7 ±0.2    535  10 ±0  0.12122/0.31519  0.100/0.300 0.400/0.500 0.500/0.600
5  w/o REN                64.6  74.7 ±0.7   68.7  62.6 ±1.1    739  20 ±0  —                —
6  replace REN with CNN   64.9  75.6 ±0.2   69.0  62.6 ±0.1    717   0 ±0  —                —
"""  # noqa: E501 -- a screen is as wide as it is

GOLDEN_SINGLE = """\
№  SR  CR                paper  ours  paper  ours  paper  ours  paper            ours (P3 P4 P5)
1  ✓                      65.3     —   69.5     —    713     —  —                —
2      ✓                  64.8     —   67.2     —    616     —  —                —
3  ✓   ✓                  64.5     —   68.9     —    679     —  0.5/0.5          —
4  ✓   ✓                  66.0  85.9   70.7  81.6    535    10  0.12122/0.31519  0.100/0.300 0.400/0.500 0.500/0.600
"""  # noqa: E501


def lines_of(records: list[dict[str, Any]], **more: Any) -> list[str]:
    return table_lines(table_from(records, PAPER, **more))


def test_golden_screen_of_three_seeds() -> None:
    lines = lines_of(fake_records())
    assert lines[0] == "Table II · what each relation in REN brings · profile twin"
    assert lines[1:3] == [
        "FAKE, split train/val (fake-val): measured on 2 sequences, 200 frames",
        "model n · input 320x192 · 3 seeds (0, 1, 2) · checkpoint last · "
        "trained in float32 · 2 threads · cpu",
    ]
    assert "\n".join(lines[4:12]) == GOLDEN_GRID.rstrip()
    start = "direction of ④ − ⑤: MOTA +1.4 in print, +11.2 [+10.7, +11.8] here: "
    assert any(line.startswith(start + "undecided (about ") for line in lines)
    assert "ID Sw. −178 in print, 0.0 [0, 0] here: negligible" in "\n".join(lines)
    baseline = next(line for line in lines if line.startswith("IoU-only"))
    assert "④ 76.7 (−5.0)" in baseline


def test_golden_screen_of_one_seed_and_missing_rows() -> None:
    lines = lines_of(fake_records(rows=(4,), seeds=(0,)), reasons={5: "no memory"})
    assert "\n".join(lines[5:10]) == GOLDEN_SINGLE.rstrip()
    assert any(line.startswith("n = 1") for line in lines)
    assert "row ⑤ —: no memory" in lines
    assert "rows ①–③, ⑥ —: not run" in lines
    assert "direction of ④ − ⑤: not attempted: row 5: no memory" in lines


def test_a_remark_stands_behind_the_title() -> None:
    table = table_from(fake_records(), PAPER)
    assert table_lines(table, "no GPU")[0].endswith("profile twin (no GPU)")


def test_golden_csv() -> None:
    records = fake_records(rows=(1, 4), seeds=(0, 1))
    rows = list(csv.DictReader(io.StringIO(table_csv(table_from(records, PAPER)))))
    assert len(rows) == 6
    scores = [r.scores.overall for r in records if r.run.row == 4]
    mean = sum(s["MOTA"] for s in scores) / 2
    fourth = rows[3]
    assert float(fourth["MOTA"]) == pytest.approx(mean, abs=1e-6)
    assert fourth["MOTA paper"] == "66.0"
    assert fourth["n"] == "2"
    assert fourth["seeds"] == "0 1"
    assert fourth["HOTA"] == "50"
    assert fourth["λ detection P3"] == "0.1"
    assert fourth["λ re-id P5"] == "0.6"
    assert fourth["split hash"] == "fake-val"
    assert fourth["checkpoint"] == "last"
    assert fourth["status"] == "measured"
    assert rows[4]["MOTA"] == ""
    assert rows[4]["status"] == "not run"


def test_order_of_the_runs_does_not_matter() -> None:
    records = fake_records()
    one = table_csv(table_from(records, PAPER))
    assert table_csv(table_from(records[::-1], PAPER)) == one


def test_a_number_that_cannot_be_right_is_not_judged() -> None:
    seven = load_table("table7")
    table = table_from([fake_record(6, profile="paper", table="table7")], seven)
    kinds = {c.verdict for row in table.rows for c in row.cells.values() if c.verdict}
    assert "inconsistent in print" in kinds


def test_only_the_paper_profile_judges_printed_numbers() -> None:
    for profile, judged in (("paper", True), ("twin", False), ("real", False)):
        records = fake_records(rows=(4,), profile=profile)
        table = table_from(records, PAPER, reasons={2: "no GPU"})
        verdicts = {c.verdict for row in table.rows for c in row.cells.values()}
        assert (verdicts != {None}) == judged
    paper = table_from(fake_records(rows=(4,), profile="paper"), PAPER)
    assert paper.rows[3].cells["MOTA"].verdict == "not reproduced"
    assert paper.rows[1].cells["MOTA"].verdict == "not attempted: not run"


def test_custom_is_said_and_never_judged() -> None:
    records = fake_records(rows=(4, 5), profile="paper", label="custom")
    table = table_from(records, PAPER)
    assert "custom" in table_lines(table)[0]
    assert table.rows[3].cells["MOTA"].verdict is None
    rows = csv.DictReader(io.StringIO(table_csv(table)))
    assert {row["label"] for row in rows} == {"custom"}


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("run__profile", "real", "profiles never share a table"),
        ("run__label", "custom", "label"),
        ("data__dataset", "mot17", "data set"),
        ("data__split", "half/official", "split"),
        ("data__val__hash", "other", "hash"),
    ],
)
def test_runs_that_must_not_be_compared_are_refused(
    path: str, value: str, says: str
) -> None:
    other = changed(fake_record(5), **{path: value})
    with pytest.raises(InputError, match=says):
        table_from([fake_record(4), other], PAPER)


def test_two_synthetic_worlds_are_not_compared() -> None:
    """Their frames have the same names, so their hash alone would let them pass."""
    worlds = [
        {"seed": 0, "test_sequences": 2, "config": {"people": people}}
        for people in (6, 9)
    ]
    records = [
        changed(fake_record(row), recipe__data={"synth": world})
        for row, world in zip((4, 5), worlds, strict=True)
    ]
    with pytest.raises(InputError, match="synthetic world"):
        table_from(records, PAPER)
    records[1] = changed(records[1], recipe__measure={"data": {"synth": worlds[0]}})
    assert table_from(records, PAPER).directions[0].ours is not None


def test_the_same_run_twice_is_refused() -> None:
    with pytest.raises(InputError, match="Two runs of table2 row 4 seed 0"):
        table_from([fake_record(4), fake_record(4)], PAPER)


def test_a_row_the_paper_does_not_have_is_refused() -> None:
    record = changed(fake_record(4), run__row=7)
    with pytest.raises(InputError, match="no row 7"):
        table_from([record], PAPER)


def test_differences_use_the_seeds_both_rows_have() -> None:
    records = [*fake_records((4,), (0, 1, 2)), *fake_records((5,), (2, 3))]
    first = table_from(records, PAPER).directions[0]
    assert first.seeds == 1
    both = [fake_record(row, 2).scores.overall["MOTA"] for row in (4, 5)]
    assert first.ours == pytest.approx(both[0] - both[1])


def test_no_seed_in_common_gives_no_difference() -> None:
    records = [fake_record(4, 0), fake_record(5, 1)]
    first = table_from(records, PAPER).directions[0]
    assert first.ours is None
    assert first.verdict == "not attempted"
    assert first.reason == "no seed in common"


def test_a_table_without_runs_names_its_profile() -> None:
    assert lines_of([], profile="twin")[0].endswith("profile twin")
    with pytest.raises(InputError, match="No runs"):
        table_from([], PAPER)
