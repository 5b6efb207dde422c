"""Runs against earlier runs: another seed passes, another level is named."""

import numpy as np
import pytest

from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.gate.baseline_file import AcceptedMove
from cstrack_bench.gate.cell_states import State
from cstrack_bench.gate.trained_cells import trained_cells
from tests.report.fakes import changed, planted_records

SEEDS, SEQUENCES, NOISE = 3, 8, 12.0
ROWS = range(1, 7)
Rows = dict[str, list[RunRecord]]


def rows(draw: int, missed: dict[int, float] | None = None, seeds: int = SEEDS) -> Rows:
    """Six rows that miss 10 to 20 boxes in a hundred, each draw with its own noise."""
    found = {}
    for row in ROWS:
        level = (missed or {}).get(row, 100.0 + 20 * row)
        # The fakes' noise is drawn by the number of the row.
        records = planted_records(1000 * draw + row, level, seeds, SEQUENCES, NOISE)
        found[f"twin/table2/row{row}"] = [
            changed(
                record,
                run__row=row,
                run__seed=10 * draw + record.run.seed,
                run__hash=f"fake{draw}-{row}-{record.run.seed}",
                recipe={"model": {"system": "cstrack"}},
            )
            for record in records
        ]
    return found


def test_another_seed_moves_nothing() -> None:
    """Twelve re-runs of a whole table, each with seeds of its own."""
    old = rows(1)
    moved = []
    for draw in range(2, 14):
        for seeds in (1, SEEDS):
            cells = trained_cells(rows(draw, seeds=seeds), old)
            assert len(cells) == 3 * len(ROWS)
            assert all(cell.low is not None for cell in cells)
            moved += [cell.name for cell in cells if cell.fails]
    # 24 tables at a level of 5 %, over all cells of each.
    assert len(moved) <= 3


@pytest.mark.parametrize("seeds", [1, SEEDS])
def test_a_row_that_got_worse_is_named_and_no_other(seeds: int) -> None:
    new = rows(3, missed={4: 240.0}, seeds=seeds)
    cells = trained_cells(new, rows(1))
    assert {c.name for c in cells if c.fails} == {
        "twin/table2/4/MOTA",
        "twin/table2/4/IDF1",
    }
    mota = next(cell for cell in cells if cell.name == "twin/table2/4/MOTA")
    assert mota.low is not None
    assert mota.high is not None
    assert mota.high < 0
    assert mota.old is not None
    assert mota.new is not None
    assert mota.low < mota.new - mota.old < mota.high


def test_without_earlier_rows_of_several_seeds_the_own_pairs_decide() -> None:
    old = {name: records[:2] for name, records in rows(1).items()}
    one = {"twin/table2/row4": old["twin/table2/row4"][:1]}
    new = {"twin/table2/row4": rows(2)["twin/table2/row4"]}
    (cell, *_) = trained_cells(new, one)
    assert cell.state is State.NOT_JUDGED
    assert "one seed" in cell.reason


def test_a_moved_component_is_named_with_its_versions() -> None:
    new = {
        name: [changed(r, run__components={"fake component": 2}) for r in records]
        for name, records in rows(2, missed={2: 300.0}).items()
    }
    cells = trained_cells(new, rows(1))
    failing = [cell for cell in cells if cell.fails]
    assert {cell.component for cell in failing} == {"fake component"}
    assert all("version 1 → version 2" in cell.reason for cell in failing)


def test_equal_runs_are_the_same_and_other_frames_are_not_judged() -> None:
    old = rows(1)
    same = trained_cells(old, rows(1))
    assert {cell.state for cell in same} == {State.SAME}
    other = {
        name: [changed(r, data__val__hash="other") for r in records]
        for name, records in old.items()
    }
    cells = trained_cells(other, old)
    assert {cell.state for cell in cells} == {State.NOT_JUDGED}
    assert {cell.reason for cell in cells} == {"measured on other frames than before"}


def test_an_accepted_move_passes_and_another_value_does_not() -> None:
    old, new = rows(1), rows(3, missed={4: 240.0})
    moves = [
        AcceptedMove(cell=c.name, old=c.old or 0.0, new=c.new or 0.0, reason="Meant")
        for c in trained_cells(new, old)
        if c.fails
    ]
    cells = trained_cells(new, old, moves)
    assert not any(cell.fails for cell in cells)
    accepted = [cell for cell in cells if cell.state is State.ACCEPTED]
    assert [cell.reason for cell in accepted] == ["Meant"] * len(moves)
    later = trained_cells(rows(5, missed={4: 300.0}), old, moves)
    assert any(cell.fails for cell in later)


def test_noise_of_one_system_is_not_taken_for_anothers() -> None:
    """A row of a noisier system is judged by its own rows alone."""
    old = rows(1)
    noisy = {
        f"twin/table1/row{row}": [
            changed(r, run__row=row, recipe={"model": {"system": "other"}})
            for r in planted_records(row, 200, SEEDS, SEQUENCES, 150.0)
        ]
        for row in (1, 2)
    }
    again = {
        "twin/table1/row1": [
            changed(r, run__row=1, run__seed=9, recipe={"model": {"system": "other"}})
            for r in planted_records(51, 200, 1, SEQUENCES, 150.0)
        ]
    }
    cells = trained_cells(again, {**old, **noisy})
    assert not any(cell.fails for cell in cells)
    widths = [c.high - c.low for c in cells if c.high is not None and c.low is not None]
    assert np.isfinite(widths).all()
    own = trained_cells(rows(2, seeds=1), old)
    assert widths[0] > 3 * ((own[0].high or 0) - (own[0].low or 0))
