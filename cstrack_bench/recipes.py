"""Recipes: what each row of a table is, and what a run of it depends on.

A recipe is YAML: a row is a few keys over its table, a table a few keys over
``base.yaml``, and ``base.yaml`` a few keys over the defaults of the option classes.
Those classes belong to the rooms that use them (models, training, tracking …), so a
room can be used without a recipe; this module only puts them together.
"""

import copy
import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from cstrack_bench.data.experiment import DataConfig
from cstrack_bench.data.loading import AugmentConfig
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.models.config import IMPLEMENTATIONS as MODEL_IMPLEMENTATIONS
from cstrack_bench.models.config import ModelConfig, make_config
from cstrack_bench.tracking.build import TRACKERS, make_filter, make_tracker
from cstrack_bench.training.config import (
    IMPLEMENTATIONS,
    InitConfig,
    LossConfig,
    TrainConfig,
)

RECIPES = Path(__file__).resolve().parents[1] / "recipes"
PROFILES = ("paper", "twin", "smoke", "real")


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class TrackConfig:
    """Which tracker, and what of it differs from its published settings.

    Attributes:
        name: cstrack, jde or iou.
        options: fields of the tracker's own configuration.
        filter: fields of its output filter.
    """

    name: str = "cstrack"
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    filter: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """Everything a run depends on, but its seed, its data and the code.

    Attributes:
        implementation: ``official`` or ``paper``, where they differ.
        size: name of the model's size.
        model: the network.
        data: images and split.
        augment: changes to training images.
        init: what the network starts from.
        train: optimiser and schedule.
        loss: weights of the loss.
        nms: thresholds of the detector.
        track: the tracker.
    """

    implementation: str
    size: str
    model: ModelConfig
    data: DataConfig
    augment: AugmentConfig
    init: InitConfig
    train: TrainConfig
    loss: LossConfig
    nms: NmsConfig
    track: TrackConfig

    def as_dict(self) -> dict[str, Any]:
        """Plain nested values, as they go into the ledger."""
        document: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        if self.data.dataset != "synthmot":
            document["data"].pop("synth")
        return document


def _digest(content: Any, length: int) -> str:
    """Hex digits that stand for plain values."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


@dataclass(frozen=True)
class Run:
    """One row × one seed of one table under one profile.

    Attributes:
        table: ``table2``.
        row: number of the row in the paper's table.
        name: what the row is.
        seed: of initial weights and data order.
        profile: paper, twin, smoke or real.
        label: the profile, or ``custom`` where a setting was changed.
        settings: what is run.
        variant: hash of the changed settings, which the rows of a custom table share;
            empty where nothing was changed.
    """

    table: str
    row: int
    name: str
    seed: int
    profile: str
    label: str
    settings: Settings
    variant: str = ""

    def identity(self, manifest: str, code: str) -> str:
        """Hash of all that decides the outcome; equal runs are trained once.

        Args:
            manifest: hash of the data.
            code: hash of the code that a run executes.
        """
        settings = self.settings.as_dict()
        # Neither changes a number, so neither makes another run.
        settings["train"].pop("workers")
        settings["train"].pop("save_seconds")
        content = [settings, self.seed, manifest, code]
        return _digest(content, 16)


@dataclass(frozen=True)
class Recipe:
    """A table: its common settings and what each row changes.

    Attributes:
        table: ``table2``.
        title: what the table shows.
        rows: number -> (name, overrides).
        common: overrides of every row, by profile.
    """

    table: str
    title: str
    rows: Mapping[int, tuple[str, Mapping[str, Any]]]
    common: Mapping[str, Mapping[str, Any]]

    def runs(
        self,
        profile: str,
        rows: Iterable[int] | None = None,
        seeds: int = 1,
        overrides: Iterable[str] = (),
    ) -> list[Run]:
        """The runs of some rows under a profile, rows first, then seeds.

        Args:
            profile: paper, twin, smoke or real.
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
        changes: dict[str, Any] = {}
        for override in overrides:
            _merge(changes, _parse_override(override))
        runs = []
        for row in wanted:
            name, difference = self.rows[row]
            plain = _merge(copy.deepcopy(dict(self.common[profile])), difference)
            chosen = _merge(copy.deepcopy(plain), changes)
            settings = build_settings(chosen)
            # A setting given its own profile's value changes nothing.
            same = settings == build_settings(plain)
            label, variant = (profile, "") if same else ("custom", _digest(changes, 8))
            runs += [
                Run(self.table, row, name, seed, profile, label, settings, variant)
                for seed in range(seeds)
            ]
        return runs


def list_tables(folder: Path = RECIPES) -> list[str]:
    """Names of the tables that have a recipe."""
    return sorted(path.stem for path in folder.glob("table*.yaml"))


def load_recipe(table: str, folder: Path = RECIPES) -> Recipe:
    """Read a table's recipe.

    Raises:
        InputError: no such table, or an unknown key in its file.
    """
    path = folder / f"{table}.yaml"
    if not path.is_file():
        raise InputError(
            f"No recipe for {table!r}; {nearest(table, list_tables(folder))}."
        )
    document = _read(path)
    base = _read(folder / document.pop("extends", "base.yaml"))
    rows = document.pop("rows", None)
    title = document.pop("title", table)
    if not isinstance(rows, dict) or not rows:
        raise InputError(f"{path} has no rows.")
    common: dict[str, Mapping[str, Any]] = {}
    base_profiles = base.pop("profiles", {})
    own_profiles = document.pop("profiles", {})
    for profile in PROFILES:
        layers = (base, document, base_profiles, own_profiles)
        merged: dict[str, Any] = {}
        for layer in layers[:2]:
            _merge(merged, layer)
        for layer in layers[2:]:
            _merge(merged, _profile(layer, profile, path))
        common[profile] = merged
    parsed: dict[int, tuple[str, Mapping[str, Any]]] = {}
    for number, row in rows.items():
        difference = dict(row)
        parsed[int(number)] = (str(difference.pop("name", f"row {number}")), difference)
    return Recipe(table, str(title), parsed, common)


def _profile(layer: Mapping[str, Any], name: str, path: Path) -> dict[str, Any]:
    """A profile's settings in one file, over those of the profile it extends."""
    own = dict(layer.get(name) or {})
    parent = own.pop("extends", None)
    if parent is None:
        return own
    if parent not in layer or parent == name:
        raise InputError(
            f"{path}: profile {name} extends {parent!r}, which is unknown."
        )
    return _merge(copy.deepcopy(_profile(layer, parent, path)), own)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"The recipe {path} cannot be read: {reason}.") from error
    if not isinstance(document, dict):
        raise InputError(f"The recipe {path} is not a mapping.")
    return document


def _merge(into: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay ``changes`` over ``into``, mapping by mapping; returns ``into``."""
    for key, value in changes.items():
        if isinstance(value, Mapping):
            below = into.get(key)
            into[key] = _merge(dict(below) if isinstance(below, dict) else {}, value)
        else:
            into[key] = value
    return into


def _parse_override(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise InputError(f"--set takes key=value such as train.epochs=5, not {text!r}.")
    try:
        nested: Any = yaml.safe_load(value)
    except yaml.YAMLError:
        raise InputError(f"--set {key}: cannot read the value {value!r}.") from None
    for part in reversed(key.split(".")):
        nested = {part: nested}
    result: dict[str, Any] = nested
    return result


_SECTIONS: dict[str, type] = {
    "data": DataConfig,
    "augment": AugmentConfig,
    "init": InitConfig,
    "train": TrainConfig,
    "loss": LossConfig,
    "nms": NmsConfig,
    "track": TrackConfig,
}


def build_settings(document: Mapping[str, Any]) -> Settings:
    """Check nested options and fill in defaults and the implementation's preset.

    Raises:
        InputError: an unknown key (names the nearest), or a value of the wrong kind.
    """
    known = {"implementation", "model", *_SECTIONS}
    for key in document:
        if key not in known:
            raise InputError(f"No setting {key!r}; {nearest(key, known)}.")
    implementation = str(document.get("implementation", "official"))
    if implementation not in IMPLEMENTATIONS:
        raise InputError(
            f"No implementation {implementation!r}; "
            f"{nearest(implementation, IMPLEMENTATIONS)}."
        )
    built: dict[str, Any] = {}
    for section, kind in _SECTIONS.items():
        options: dict[str, Any] = copy.deepcopy(
            dict(IMPLEMENTATIONS[implementation].get(section, {}))
        )
        given = document.get(section) or {}
        if not isinstance(given, Mapping):
            raise InputError(f"The setting {section} is a mapping, not {given!r}.")
        built[section] = _checked(kind, _merge(options, given), section)
    model = dict(document.get("model") or {})
    size = str(model.pop("size", "l"))
    names = {f.name for f in dataclasses.fields(ModelConfig)}
    for key in model:
        if key not in names:
            known = {f"model.{name}" for name in names | {"size"}}
            raise InputError(
                f"No setting 'model.{key}'; {nearest(f'model.{key}', known)}."
            )
    preset = implementation if implementation in MODEL_IMPLEMENTATIONS else "official"
    draft = make_config(size, preset, **model)
    settings = Settings(
        implementation=implementation,
        size=size,
        model=_checked(ModelConfig, dataclasses.asdict(draft), "model"),
        **built,
    )
    _check_tracker(settings.track)
    return settings


def _check_tracker(track: TrackConfig) -> None:
    if track.name not in TRACKERS:
        raise InputError(f"No tracker {track.name!r}; {nearest(track.name, TRACKERS)}.")
    make_tracker(track.name, 30.0, **track.options)
    make_filter(track.name, **track.filter)


def _checked(kind: type, values: Mapping[str, Any], place: str) -> Any:
    """An instance of an option class, from plain values."""
    names = {f.name for f in dataclasses.fields(kind)}
    for key, value in values.items():
        if key not in names:
            known = {f"{place}.{name}" for name in names}
            hint = nearest(f"{place}.{key}", known)
            raise InputError(f"No setting '{place}.{key}'; {hint}.")
        field_type = next(f.type for f in dataclasses.fields(kind) if f.name == key)
        if isinstance(value, Mapping) and dataclasses.is_dataclass(field_type):
            assert isinstance(field_type, type)
            values = {**values, key: _checked(field_type, value, f"{place}.{key}")}
    try:
        return TypeAdapter(kind).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([place, *(str(part) for part in first["loc"])])
        raise InputError(
            f"The setting {where} cannot be {first['input']!r}: {first['msg']}."
        ) from None
