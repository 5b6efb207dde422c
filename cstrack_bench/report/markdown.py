"""Markdown: tables, bullets and folds, and the pages they make up."""

import collections.abc as abc
import re

Grid = tuple[abc.Sequence[str], list[list[str]]]

MARKER = (
    "<!-- Generated from results/ by `cstrack report`. Do not edit: the next run "
    "writes over it. -->"
)


def bullets(lines: abc.Iterable[str]) -> list[str]:
    """A list."""
    return [f"- {line}" for line in lines]


def markdown_table(
    head: abc.Sequence[str], rows: abc.Iterable[abc.Sequence[str]]
) -> list[str]:
    """A Markdown table; bars and stars within cells are escaped."""
    body = [head, ["---"] * len(head), *rows]
    return [
        "| " + " | ".join(re.sub(r"([|*])", r"\\\1", cell) for cell in row) + " |"
        for row in body
    ]


def grids(title: str, tables: abc.Sequence[Grid]) -> list[str]:
    """Tables under a title; nothing where they are empty."""
    lines = []
    for head, rows in tables:
        if rows:
            lines += [title, "", *markdown_table(head, rows), ""]
    return lines


def folded(title: str, tables: abc.Sequence[Grid]) -> list[str]:
    """Tables behind a fold; nothing where they are empty."""
    lines: list[str] = []
    for head, rows in tables:
        if rows:
            lines += [*markdown_table(head, rows), ""]
    if not lines:
        return []
    return [f"<details><summary>{title}</summary>", "", *lines, "</details>", ""]
