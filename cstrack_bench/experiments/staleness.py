"""Stale records: runs that this code and these recipes would do otherwise today.

A record says with which settings and which versions of the components it was measured;
the recipes say which those are now. Where they differ its numbers are of another run.
Whether the data is still the same is not asked: it need not be here.
"""

import collections.abc as abc
from dataclasses import dataclass, field
from typing import Literal

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.identity import Versions, run_components
from cstrack_bench.experiments.nested import TreeView, digest
from cstrack_bench.experiments.recipes import Run, load_recipe
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.fingerprints import present_components

#: Settings that change no number.
_NO_NUMBER = frozenset({"train.workers", "train.save_seconds"})
_ABSENT = "absent"
# Characters of a value that are written out.
_LONGEST = 60
Kind = Literal["setting", "component"]


@dataclass(frozen=True)
class Change:
    """One thing that was one way and is another.

    Attributes:
        kind: what it is; a component differs in its version.
        name: ``loss.identity`` or ``tracker cascade``.
        old: how it was, in words.
        new: how it is.
    """

    kind: Kind
    name: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.name} {self.old} → {self.new}"


def setting_changes(old: TreeView, new: TreeView) -> list[Change]:
    """Settings in which two runs differ, by name; those without effect are left out.

    Args:
        old, new: as ``Settings.as_dict`` gives them.
    """
    return _changes(
        "setting",
        {name: _text(value) for name, value in _leaves(old) if name not in _NO_NUMBER},
        {name: _text(value) for name, value in _leaves(new) if name not in _NO_NUMBER},
    )


def version_changes(old: Versions, new: Versions) -> list[Change]:
    """Components of which two runs used different versions."""
    return _changes(
        "component",
        {name: f"version {number}" for name, number in old.items()},
        {name: f"version {number}" for name, number in new.items()},
    )


def _changes(
    kind: Kind, old: abc.Mapping[str, str], new: abc.Mapping[str, str]
) -> list[Change]:
    pairs = (
        (n, old.get(n, _ABSENT), new.get(n, _ABSENT)) for n in sorted({*old, *new})
    )
    return [Change(kind, *pair) for pair in pairs if pair[1] != pair[2]]


def _leaves(tree: TreeView, path: str = "") -> abc.Iterator[tuple[str, object]]:
    """Settings by their path; the parts of a list of mappings by number."""
    for key, value in tree.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, list) and any(isinstance(v, abc.Mapping) for v in value):
            value = {str(number): part for number, part in enumerate(value)}
        if isinstance(value, abc.Mapping) and value:
            yield from _leaves(value, name)
        else:
            yield name, value


def _text(value: object) -> str:
    text = "none" if value is None else str(value)
    # Two long values that begin alike must not look alike.
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}… ({digest(text, 6)})"
    return text


@dataclass
class PresentRuns:
    """What the recipes and the code of today say of a run that was recorded.

    Recipes are read once each.
    """

    _runs: dict[tuple[str, str], dict[int, Run]] = field(default_factory=dict)
    _versions: Versions = field(default_factory=dict)

    def changes(self, record: RunRecord) -> list[Change]:
        """What would be otherwise if the run were done again; empty: nothing.

        Of a run with changed settings, or of a user's own recipe, the components alone
        are compared: what was asked for is not known here.
        """
        name = record.run
        if name.label != name.profile or name.paper_table is not None:
            return self._of_components(record)
        try:
            run = self._recipe(name.table, name.profile).get(name.row)
        except InputError as error:
            return [Change("setting", f"recipe {name.table}", "there", str(error))]
        if run is None:
            what = f"row {name.row} of {name.table}"
            return [Change("setting", what, "there", _ABSENT)]
        return [
            *setting_changes(record.recipe, run.settings.as_dict()),
            *version_changes(name.components, run_components(run)),
        ]

    def _recipe(self, table: str, profile: str) -> dict[int, Run]:
        if (table, profile) not in self._runs:
            runs = load_recipe(table).runs(profile)
            self._runs[table, profile] = {run.row: run for run in runs}
        return self._runs[table, profile]

    def _of_components(self, record: RunRecord) -> list[Change]:
        if not self._versions:
            found = present_components()
            self._versions = {name: one.version for name, one in found.items()}
        used = record.run.components
        known = {name: self._versions[name] for name in used if name in self._versions}
        return version_changes({name: used[name] for name in known}, known)
