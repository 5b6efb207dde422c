"""Printing tables and trees wider than the terminal, or than a pipe's 80 columns."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table
    from rich.tree import Tree

_WIDEST = 500


def print_wide(table: "Table | Tree") -> None:
    """Print a table or a tree on stdout as wide as it is: a cut number is no number."""
    from cstrack_bench.console import PlainConsole, out

    options = out.options.update(width=_WIDEST)
    needed = out.measure(table, options=options).maximum
    PlainConsole(width=max(needed, out.width)).print(table)
