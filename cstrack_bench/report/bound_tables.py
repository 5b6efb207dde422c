"""What ``cstrack upper-bound`` prints under Table VIII."""

from collections.abc import Sequence

from rich.table import Table as Grid

from cstrack_bench.experiments.comparison_records import LadderRecord, LadderSystem
from cstrack_bench.report import words
from cstrack_bench.report.details import losses, variants
from cstrack_bench.report.rows import Table

_PARTS = ("boxes", "embeddings", "association")
_SCORES = {"MOTA": 1, "IDF1": 1, "IDSW": 0, "HOTA": 1, "AssA": 1, "DetA": 1}


def bound_grids(table: Table) -> list[Grid]:
    """The variants of each row, and what each rule of its tracker costs.

    Args:
        table: Table VIII with our runs.
    """
    titles = (
        "On other frames, with and without the aspect filter",
        "What each rule costs: points, missed boxes, false boxes, switches",
    )
    grids = []
    for title, found in zip(titles, (variants(table), losses(table)), strict=True):
        for head, rows in found:
            grid = Grid(title=title, title_justify="left", box=None)
            _columns(grid, head, 4)
            for row in rows:
                grid.add_row(*row)
            grids.append(grid)
    return grids


def ladder_grids(record: LadderRecord) -> list[Grid]:
    """A grid a system: each rung with its scores and their differences to the first.

    Args:
        record: what ``cstrack_bench.experiments.ladder.measure_ladder`` returned.
    """
    return [_ladder(system) for system in record.systems]


def cost_lines(record: LadderRecord) -> list[str]:
    """A sentence a system and score: which part lacks how many points.

    Args:
        record: what ``cstrack_bench.experiments.ladder.measure_ladder`` returned.
    """
    held = "held-out frames" if record.data.held_out else "training frames"
    lines = []
    for system in record.systems:
        shares = system.costs
        for score in next(iter(shares.values())):
            usual = system.rows[0].scores[score]
            parts = ", ".join(
                f"{name} {words.number(share[score], 1)}"
                for name, share in shares.items()
            )
            lines.append(
                f"row {system.row} ({system.name}) seed {system.seed}, "
                f"{held}: of the {words.number(100 - usual, 1)} points of {score} that "
                f"are lacking: {parts}"
            )
    return lines


def ladder_rows(system: LadderSystem) -> tuple[str, list[str], list[list[str]]]:
    """Title, headings and cells of one system's ladder.

    Args:
        system: one of a ladder record's.
    """
    title = f"Ladder: row {system.row} ({system.name}) seed {system.seed}"
    if system.boxes_of != system.name:
        title += f"; its own boxes are those of {system.boxes_of}"
    rows = []
    for row in system.rows:
        cells = [getattr(row, part) for part in _PARTS]
        for score, decimals in _SCORES.items():
            text = words.number(row.scores[score], decimals)
            change = words.signed(row.differences[score], decimals)
            cells.append(f"{text} ({change})")
        rows.append(cells)
    return title, [*_PARTS, *_SCORES], rows


def _ladder(system: LadderSystem) -> Grid:
    title, head, rows = ladder_rows(system)
    grid = Grid(title=title, title_justify="left", box=None)
    _columns(grid, head, len(_PARTS))
    for cells in rows:
        grid.add_row(*cells)
    return grid


def _columns(grid: Grid, names: Sequence[str], words_first: int) -> None:
    """Columns of words, then columns of numbers."""
    for column, name in enumerate(names):
        grid.add_column(name, justify="left" if column < words_first else "right")
