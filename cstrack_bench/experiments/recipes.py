"""Recipes: what each row of a table is, as YAML.

A row is a few keys over its table, a table a few keys over ``base.yaml``, and
``base.yaml`` a few keys over the defaults of the option classes (``settings``). What a
system brings along (JDE's thresholds), its module declares; what a profile needs for it
beside that is under ``systems``. Both are merged between the table and the row. A
user's own recipe adds rows to those of a table, from a folder of the user's.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.experiments.nested import (
    Tree,
    TreeView,
    digest,
    merge,
    parse_override,
)
from cstrack_bench.experiments.recipe_checks import check_recipe
from cstrack_bench.experiments.recipe_files import (
    BASE,
    RECIPES,
    RecipeFile,
    read_recipe_files,
)
from cstrack_bench.experiments.settings import (
    MeasureConfig,
    Settings,
    build_settings,
)
from cstrack_bench.input_limits import SEEDS
from cstrack_bench.paper.claims import load_table, table_names
from cstrack_bench.systems.system_registry import DEFAULT, find_system

PROFILES = ("paper", "twin", "smoke", "real", "real-coco")
# The detector that several rows start from stands for COCO weights, which are the
# same for every seed.
DETECTOR_SEED = 0


@dataclass(frozen=True)
class Run:
    """One row × one seed of one table under one profile.

    Attributes:
        table: ``table2``.
        row: number of the row in the paper's table.
        name: what the row is.
        seed: of initial weights and data order.
        profile: one of ``PROFILES``.
        label: the profile, or ``custom`` where a setting was changed.
        settings: what is run.
        variant: hash of the changed settings, which the rows of a custom table share;
            empty where nothing was changed.
        start: the training that its network starts from: another row's, or that of
            the profile's detector; None for random or published weights.
        detector: the training whose network finds the boxes of a system that has no
            detector of its own; None where it has one, or where boxes are given.
        paper_table: the paper's table that a user's recipe extends; None for a run of
            such a table itself.
    """

    table: str
    row: int
    name: str
    seed: int
    profile: str
    label: str
    settings: Settings
    variant: str = ""
    start: "Run | None" = None
    detector: "Run | None" = None
    paper_table: str | None = None

    @property
    def title(self) -> str:
        """``table2 row 4 (SR + CR, λ learned) seed 0``."""
        return f"{self.table} row {self.row} ({self.name}) seed {self.seed}"


@dataclass(frozen=True)
class Recipe:
    """A table: its common settings and what each row changes.

    Attributes:
        table: ``table2``, or the name of a user's own.
        title: what the table shows.
        rows: number -> (name, overrides by profile).
        common: overrides of every row, by profile.
        folder: where a user's recipes lie; that of the package where there are none.
        paper_table: the table of the paper that it is or extends.
    """

    table: str
    title: str
    rows: Mapping[int, tuple[str, Mapping[str, TreeView]]]
    common: Mapping[str, TreeView]
    folder: Path = RECIPES
    paper_table: str = ""

    def runs(
        self,
        profile: str,
        rows: Iterable[int] | None = None,
        seeds: int = 1,
        overrides: Iterable[str] = (),
    ) -> list[Run]:
        """The runs of some rows under a profile, rows first, then seeds.

        Args:
            profile: one of ``PROFILES``.
            rows: numbers of the rows; all where None.
            seeds: how many seeds.
            overrides: ``key.of.setting=value``.

        Raises:
            InputError: no such profile, row or setting.
        """
        if profile not in self.common:
            raise InputError(
                f"No profile {profile!r}; {nearest(profile, self.common)}."
            )
        wanted = list(self.rows if rows is None else rows)
        for row in wanted:
            if row not in self.rows:
                known = ", ".join(map(str, self.rows))
                raise InputError(f"{self.table} has rows {known}, not {row}.")
        if seeds < 1:
            raise InputError(f"--seeds must be at least 1, not {seeds}.")
        SEEDS.check(seeds, "--seeds (or --seed, counted from 0)")
        given = tuple(overrides)
        changes: Tree = {}
        for override in given:
            merge(changes, parse_override(override))
        extended = None if self.table == self.paper_table else self.paper_table
        other = _system(changes)
        # What a call says about another system's network is not about a detector's.
        of_all = {k: v for k, v in changes.items() if other is None or k != "model"}
        runs = []
        for row in wanted:
            name, differences = self.rows[row]
            base = copy.deepcopy(dict(self.common[profile]))
            mixes = base.pop("mixes", {})
            plain = _with_system(base, differences[profile])
            chosen = plain
            if other is not None and other != (_system(plain) or DEFAULT):
                # The row's options of a network are of its own system's.
                rest = {k: v for k, v in differences[profile].items() if k != "model"}
                chosen = _with_system(base, {**rest, "model": {"system": other}})
            base.pop("systems", None)
            chosen = merge(copy.deepcopy(chosen), changes)
            settings = build_settings(_with_mix(chosen, mixes))
            # A setting given its own profile's value changes nothing.
            same = settings == build_settings(_with_mix(plain, mixes))
            label, variant = (profile, "") if same else ("custom", digest(changes, 8))
            for seed in range(seeds):
                run = Run(
                    self.table,
                    row,
                    name,
                    seed,
                    profile,
                    label,
                    settings,
                    variant,
                    paper_table=extended,
                )
                common = _with_mix(merge(base, of_all), mixes)
                runs.append(self._with_ancestors(run, given, common))
        return runs

    def _with_ancestors(
        self, run: Run, overrides: tuple[str, ...], common: TreeView
    ) -> Run:
        """The same run, with the trainings that must come before it."""
        settings = run.settings
        init = settings.init
        two_stage = not find_system(settings.system).finds_boxes
        start = detector = None
        if init.row is not None:
            start = self._row(init.row, run, overrides)
        elif init.weights is None and init.detector_epochs and not two_stage:
            start = _detector(run, settings)
        if two_stage and settings.measure.boxes == "network":
            plain = replace(
                build_settings(common), data=settings.data, size=settings.size
            )
            plain = replace(plain, init=replace(plain.init, row=None))
            detector = _detector(run, plain)
        return replace(run, start=start, detector=detector)

    def _row(self, name: str, run: Run, overrides: tuple[str, ...]) -> Run:
        table, _, row = name.partition(":")
        if (table, int(row)) == (run.table, run.row):
            raise InputError(f"{run.table} row {row} cannot start from itself.")
        recipe = self if table == self.table else load_recipe(table, self.folder)
        # What a call says about the start of its rows is not about the start's own.
        kept = tuple(o for o in overrides if not o.startswith("init.row="))
        try:
            found = recipe.runs(run.profile, [int(row)], run.seed + 1, kept)[run.seed]
        except RecursionError:
            raise InputError(
                f"{run.table} row {run.row} starts from {name}, which starts from it."
            ) from None
        systems = [r.settings.system for r in (run, found)]
        if systems[0] != systems[1]:
            raise InputError(
                f"{run.table} row {run.row} ({systems[0]}) cannot start from {name} "
                f"({systems[1]}): the networks have nothing in common."
            )
        return found


def _system(document: TreeView) -> str | None:
    """The system that settings name."""
    model = document.get("model")
    name = model.get("system") if isinstance(model, Mapping) else None
    return None if name is None else str(name)


def _with_system(base: TreeView, difference: TreeView) -> Tree:
    """A row's settings, with what its system and the profile for it bring along.

    Args:
        base: of the table; what is special to a system is under ``systems``.
        difference: of the row; names the system where it is another than the base's.
    """
    plain = copy.deepcopy(dict(base))
    systems = plain.pop("systems", {})
    name = _system(difference)
    if name not in (None, DEFAULT):
        # A profile's network is CSTrack's; another has only the size of it.
        model = plain.get("model", {})
        plain["model"] = {key: model[key] for key in ("size",) if key in model}
    own = find_system(name or DEFAULT).settings
    for layer in (own, systems.get(name) or {}, difference):
        merge(plain, layer)
    return plain


def _with_mix(document: Tree, mixes: TreeView) -> Tree:
    """Settings whose ``data.mix``, where it is a name (S, M, B), is its parts.

    Raises:
        InputError: no mix of that name.
    """
    data = document.get("data")
    name = data.get("mix") if isinstance(data, Mapping) else None
    if not isinstance(name, str):
        return document
    if name not in mixes:
        raise InputError(f"No mix {name!r}; {nearest(name, mixes)}.")
    return {**document, "data": {**document["data"], "mix": mixes[name]}}


def _detector(run: Run, settings: Settings) -> Run:
    """The training of the detector that rows start from (InitConfig).

    It learns from the main data set alone: what is mixed in belongs to a row.
    """
    data = replace(settings.data, mix=())
    model = find_system(settings.system).shared_detector(settings.model)
    epochs = settings.init.detector_epochs
    if epochs == 0:
        # Published weights know no pedestrians' boxes: a full training makes them.
        epochs = settings.train.epochs
    return replace(
        run,
        table="detector",
        row=0,
        name="detector",
        seed=DETECTOR_SEED,
        start=None,
        settings=replace(
            settings,
            model=model,
            data=data,
            train=replace(settings.train, epochs=epochs),
            loss=replace(settings.loss, identity=0.0),
            init=replace(settings.init, detector_epochs=0, row=None),
            measure=MeasureConfig(),
        ),
    )


def load_recipe(table: str, folder: Path = RECIPES) -> Recipe:
    """Read a recipe and all that it extends.

    Args:
        table: name of a table of the paper, or of a recipe of the folder.
        folder: of a user's recipes.

    Raises:
        InputError: no such recipe, an unknown key in its file, or a row with the
            number of one that it extends.
    """
    files = read_recipe_files(table, folder)
    own = files[-1]
    parts = [_Part.of(file) for file in files]
    chains = {
        profile: _chain(parts[0].profiles, profile, own.path) for profile in PROFILES
    }

    def layered(profile: str, *profiles: TreeView) -> Tree:
        merged: Tree = {}
        for layer in profiles:
            for name in chains[profile]:
                merge(merged, copy.deepcopy(layer.get(name) or {}))
        merged.pop("extends", None)
        return merged

    common: dict[str, Tree] = {}
    for profile in PROFILES:
        common[profile] = {}
        for part in parts:
            merge(common[profile], copy.deepcopy(part.settings))
        merge(common[profile], layered(profile, *(part.profiles for part in parts)))
    rows: dict[int, tuple[str, Mapping[str, TreeView]]] = {}
    for file, part in zip(files, parts, strict=True):
        labels = _printed(file.name)[1]
        for number, row in part.rows.items():
            if number in rows:
                raise InputError(
                    f"{file.path}: row {number} is one of those that it extends; give "
                    "yours another number."
                )
            difference = dict(row)
            name = str(difference.pop("name", labels.get(number, f"row {number}")))
            changed = difference.pop("profiles", {})
            rows[number] = (
                name,
                {
                    profile: merge(copy.deepcopy(difference), layered(profile, changed))
                    for profile in PROFILES
                },
            )
    if not parts[-1].rows:
        raise InputError(f"{own.path} has no rows.")
    title = parts[-1].title or _printed(own.name)[0]
    # The first file is what all recipes share; the second is the paper's table.
    return Recipe(own.name, title, rows, common, folder, files[1].name)


def _printed(table: str) -> tuple[str, dict[int, str]]:
    """Title and row labels of a printed table; of another its own name and none."""
    if table not in table_names():
        return table, {}
    paper = load_table(table)
    labels = {
        row.number: ", ".join(filter(None, (row.label, row.group)))
        for row in paper.rows
    }
    return paper.title, labels


@dataclass(frozen=True)
class _Part:
    """What one recipe file says.

    Attributes:
        title: of the table; empty where it has none.
        rows: number -> keys of the row.
        profiles: name -> settings.
        settings: those of every row under every profile.
    """

    title: str
    rows: Mapping[int, TreeView]
    profiles: TreeView
    settings: TreeView

    @classmethod
    def of(cls, file: RecipeFile) -> "_Part":
        settings = dict(file.document)
        title = str(settings.pop("title", ""))
        rows = settings.pop("rows", None) or {}
        profiles = settings.pop("profiles", None) or {}
        check_recipe(file.path, rows, profiles, settings, file.name == BASE)
        return cls(title, rows, profiles, settings)


def _chain(profiles: TreeView, name: str, path: Path) -> list[str]:
    """A profile after those it extends in ``base.yaml``; tables and rows follow."""
    parent = (profiles.get(name) or {}).get("extends")
    if parent is None:
        return [name]
    if parent not in profiles or parent == name:
        raise InputError(
            f"{path}: profile {name} extends {parent!r}, which is unknown."
        )
    return [*_chain(profiles, parent, path), name]
