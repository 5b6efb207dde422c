"""docs/errata.md, made from errata.yaml: each entry with arithmetic and handling."""

from collections import Counter
from collections.abc import Iterable

from cstrack_bench.paper.audit import RULES, audit_print
from cstrack_bench.paper.cell_checks import other_cells
from cstrack_bench.paper.claims import load_table
from cstrack_bench.paper.errata import KINDS, Computation, Erratum, load_errata

_INTRODUCTION = """\
# Errata of the paper {#errata}

What the paper (Liang et al., *Rethinking the Competition between Detection and ReID in
Multi-Object Tracking*) prints that its own tables, arithmetic or released code
contradict, and what this project does about each. The page is made from
`cstrack_bench/paper/errata.yaml` by `scripts/write_errata_page.py`; `cstrack audit`
does the arithmetic again in under a second, without data, and fails on a disagreement
that is not listed here.

A cell is named `table/row/metric`, rows counted from 1 in the order of print; MTR and
MLR are the printed MT and ML, IDSW is ID Sw."""
_DETAILED = ("print", "text")


def errata_page() -> str:
    """The page as Markdown."""
    parts = [_INTRODUCTION]
    for kind, title in KINDS.items():
        errata = [erratum for erratum in load_errata() if erratum.kind == kind]
        parts.append(f"## {title} {{#errata-{kind}}}")
        if kind in _DETAILED:
            parts += map(_section, errata)
        else:
            parts.append(_table(errata))
    parts.append(_unchecked())
    return "\n\n".join(parts) + "\n"


def _section(erratum: Erratum) -> str:
    """An erratum that is about printed numbers, in full."""
    lines = [
        f"### {erratum.where} {{#{erratum.id}}}",
        "",
        f"- **Printed**: {erratum.printed}.",
        f"- **Found**: {erratum.found}.",
        f"- **Here**: {erratum.handling}.",
    ]
    if erratum.cells:
        verdict = "no verdict is given on" if erratum.withdraws else "it is about"
        lines.append(f"- **Cells**: {verdict} {_codes(erratum.cells)}.")
    if erratum.computations:
        lines.append("- **Computation**:")
        lines += [f"    - {_computation(c)}" for c in erratum.computations]
    lines.append(f"- `{erratum.id}`, [in the reference]({erratum.anchor})")
    return "\n".join(lines)


def _computation(computation: Computation) -> str:
    text = (
        f"{RULES[computation.rule]}: `{computation.cells[0]}` printed "
        f"{computation.printed}, implied {computation.implied}"
    )
    # What an ordering implies names its rows.
    others = [] if computation.rule == "ordering" else other_cells(computation.cells)
    return text + (f" (with {_codes(others)})" if others else "")


def _table(errata: list[Erratum]) -> str:
    """Errata that are about no printed number, a row each."""
    head = ["where", "printed", "found", "here"]
    settings = any(erratum.options for erratum in errata)
    if settings:
        head.append("setting: official / paper")
    lines = [f"| {' | '.join(head)} |", f"|{'--|' * len(head)}"]
    for erratum in errata:
        options = "; ".join(
            f"`{name}`: {_value(option.official)} / {_value(option.paper)}"
            for name, option in erratum.options.items()
        )
        where = f'<a id="{erratum.id}"></a>[{erratum.where}]({erratum.anchor})'
        cells = [where, erratum.printed, erratum.found, erratum.handling]
        cells += [options] if settings else []
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)


def _unchecked() -> str:
    """How much of print no equation can check."""
    audit = audit_print()
    counts = Counter(name.partition("/")[0] for name in audit.unchecked)
    tables = ", ".join(
        f"{count} in Table {load_table(name).number}" for name, count in counts.items()
    )
    return f"""\
## What arithmetic cannot check {{#errata-unchecked}}

{sum(counts.values())} measured cells stand in no equation with others: {tables}.
`cstrack audit --json` lists them under `unchecked`. MT, ML and what the text only ranks
are bounded, not determined; a MOTA of rounded print leaves the last digits of its
counts open. Sums of rows and columns, noted when the print was typed in, guard every
number of this package against a later change, but cannot say that it was printed
right."""


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _value(value: object) -> str:
    """As ``--set`` takes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
