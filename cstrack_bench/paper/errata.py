"""Where the paper contradicts itself or its code, as data (errata.yaml)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from cstrack_bench.paper.package_files import Entry, read_yaml

#: kind -> what its errata are, in the order of errata.yaml.
KINDS = {
    "print": "Numbers that cannot be right as printed",
    "text": "Sentences that a table contradicts",
    "code": "Where the paper and the code that ran in public differ",
    "unstated": "What the paper does not say",
    "note": "What is known about reproducing it",
}
_DEPARTURES = "reference.md"


@dataclass(frozen=True)
class Computation:
    """Arithmetic that an erratum rests on; ``cstrack audit`` does it again.

    Attributes:
        rule: its name in ``arithmetic.RULES``.
        cells: names of the claims that go in, ``table6/13/MOTA``; the one that is
            printed wrongly first.
        printed: what stands in print, or what the text says.
        implied: what the rule gives.
    """

    rule: str
    cells: tuple[str, ...]
    printed: str
    implied: str


@dataclass(frozen=True)
class Option:
    """A setting whose value in the code that ran and in the paper's text differ.

    Attributes:
        official: value under ``implementation: official``.
        paper: value under ``implementation: paper``.
    """

    official: object
    paper: object


@dataclass(frozen=True)
class Erratum:
    """One contradiction, difference or gap of the paper.

    Attributes:
        id: short name, never given to another erratum.
        kind: a key of ``KINDS``.
        where: place in the paper.
        printed: what stands there.
        found: what tables, arithmetic or code say.
        handling: what this project does about it.
        cells: names of the claims that it is about.
        computations: the arithmetic it rests on.
        options: setting (``train.lr``) -> its two values.
    """

    id: str
    kind: str
    where: str
    printed: str
    found: str
    handling: str
    cells: tuple[str, ...] = ()
    computations: tuple[Computation, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """Its section in docs/reference.md, as a link within docs."""
        return f"{_DEPARTURES}#departure-{self.id}"

    @property
    def withdraws(self) -> bool:
        """Whether its cells get no verdict: one of them cannot be right."""
        return self.kind == "print"


@cache
def load_errata() -> tuple[Erratum, ...]:
    """Every known contradiction, difference and gap, in the order of errata.yaml."""
    return tuple(map(_erratum, read_yaml("errata.yaml")["errata"]))


def _erratum(entry: Entry) -> Erratum:
    computations = tuple(
        Computation(c["rule"], tuple(c["cells"]), str(c["printed"]), str(c["implied"]))
        for c in entry.get("computations", ())
    )
    options = {name: Option(**o) for name, o in entry.get("options", {}).items()}
    return Erratum(
        **{
            **entry,
            "cells": tuple(entry.get("cells", ())),
            "computations": computations,
            "options": options,
        }
    )
