"""Everything a run depends on, put together from the option classes of the packages.

Those classes belong to the packages that use them (models, training, tracking …), so a
package can be used without a recipe; this module checks plain values into them.
"""

import dataclasses
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from cstrack_bench.datasets.experiment_data import DataConfig
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.errors import InputError, nearest
from cstrack_bench.experiments.implementations import preset
from cstrack_bench.experiments.nested import Tree, TreeView, merge
from cstrack_bench.experiments.setting_limits import check_settings
from cstrack_bench.models.network_base import NetworkConfig
from cstrack_bench.systems.system_registry import DEFAULT, find_system
from cstrack_bench.tracking.tracker_registry import (
    find_tracker,
    make_filter,
    make_tracker,
)
from cstrack_bench.training.train_config import (
    IMPLEMENTATIONS,
    InitConfig,
    LossConfig,
    TrainConfig,
)
from cstrack_bench.training_data.augment import AugmentConfig


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class TrackConfig:
    """Which tracker, and what of it differs from its published settings.

    Attributes:
        name: as ``tracking.tracker_registry.find_tracker`` takes it: of this package,
            or of a user's own.
        options: fields of the tracker's own configuration.
        filter: fields of its output filter.
    """

    name: str = "cstrack"
    options: Tree = dataclasses.field(default_factory=dict)
    filter: Tree = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class MeasureConfig:
    """What a trained network is measured on.

    Attributes:
        boxes: ``network``: what it detects (a system without a detector of its own,
            DeepSORT, gets those of the detector its profile starts from);
            ``ground_truth``: the annotated boxes (Table VIII).
        part: ``val``, or ``train``: the frames it was trained on (Table VIII as
            printed).
        data: measured on another data set than the one trained on; only its test part
            is read.
    """

    boxes: Literal["network", "ground_truth"] = "network"
    part: Literal["val", "train"] = "val"
    data: DataConfig | None = None

    def __post_init__(self) -> None:
        if self.data is not None and self.part == "train":
            raise InputError("measure.data is another data set: it has no train part.")


@dataclass(frozen=True)
class Settings:
    """Everything a run depends on, but its seed, its data and the code.

    Attributes:
        implementation: ``official`` or ``paper``, where they differ.
        size: name of the model's size.
        system: its name (``systems.system_registry.find_system``).
        model: the network's configuration.
        data: images and split.
        augment: changes to training images.
        init: what the network starts from.
        train: optimiser and schedule.
        loss: weights of the loss.
        nms: thresholds of the detector.
        track: the tracker.
        measure: what is measured.
    """

    implementation: str
    size: str
    system: str
    model: NetworkConfig
    data: DataConfig
    augment: AugmentConfig
    init: InitConfig
    train: TrainConfig
    loss: LossConfig
    nms: NmsConfig
    track: TrackConfig
    measure: MeasureConfig

    @property
    def test_data(self) -> DataConfig:
        """The data whose test part is measured."""
        return self.measure.data or self.data

    def as_dict(self) -> Tree:
        """Plain nested values, as they go into the ledger."""
        document: Tree = json.loads(json.dumps(dataclasses.asdict(self)))
        document.pop("system")
        # Where a file lies changes no number, and is not published.
        document["model"] = {
            "system": find_system(self.system).name,
            **document["model"],
        }
        document["data"] = self.data.as_dict()
        if self.measure.data is not None:
            document["measure"]["data"] = self.measure.data.as_dict()
        if self.init.weights is not None:
            document["init"]["weights"] = Path(self.init.weights).name
        document["track"]["name"] = find_tracker(self.track.name).name
        return document

    def training_dict(self) -> Tree:
        """What of it the trained weights depend on."""
        document = self.as_dict()
        document["data"] = self.data.training_dict()
        for section in ("nms", "track", "measure"):
            document.pop(section)
        for key in ("workers", "save_seconds"):  # neither changes a number
            document["train"].pop(key)
        # The same training, whoever did it.
        document["init"].pop("shipped")
        return document


#: The option class of each section of settings.
SECTIONS: dict[str, type] = {
    "data": DataConfig,
    "augment": AugmentConfig,
    "init": InitConfig,
    "train": TrainConfig,
    "loss": LossConfig,
    "nms": NmsConfig,
    "track": TrackConfig,
    "measure": MeasureConfig,
}


def build_settings(document: TreeView) -> Settings:
    """Check nested options and fill in defaults and the implementation's preset.

    Raises:
        InputError: an unknown key (names the nearest), or a value of the wrong kind.
    """
    known = {"implementation", "model", *SECTIONS}
    for key in document:
        if key not in known:
            raise InputError(f"No setting {key!r}; {nearest(key, known)}.")
    implementation = str(document.get("implementation", "official"))
    if implementation not in IMPLEMENTATIONS:
        raise InputError(
            f"No implementation {implementation!r}; "
            f"{nearest(implementation, IMPLEMENTATIONS)}."
        )
    model = dict(_section(document, "model"))
    size = str(model.pop("size", "l"))
    system = str(model.pop("system", DEFAULT))
    built: Tree = {}
    for section, kind in SECTIONS.items():
        given = _section(document, section)
        options = preset(implementation, section, given)
        built[section] = _checked(kind, merge(options, given), section)
    if built["init"].weights is not None:
        name = built["init"].weights.replace("{size}", size)
        built["init"] = dataclasses.replace(built["init"], weights=name)
    settings = Settings(
        implementation=implementation,
        size=size,
        system=system,
        model=_model(system, size, implementation, built["data"], model),
        **built,
    )
    _check_tracker(settings.track)
    check_settings(settings)
    return settings


def _section(document: TreeView, name: str) -> TreeView:
    given = document.get(name)
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputError(f"The setting {name} is a mapping, not {given!r}.")
    return given


def _model(
    system: str,
    size: str,
    implementation: str,
    data: DataConfig,
    options: TreeView,
) -> NetworkConfig:
    found = find_system(system)
    names = {field.name for field in dataclasses.fields(found.config)}
    for key in options:
        if key not in names:
            known = {f"model.{name}" for name in names | {"size", "system"}}
            hint = nearest(f"model.{key}", known)
            raise InputError(f"No setting 'model.{key}'; {hint}.")
    draft = found.make_config(size, implementation, data.size, options)
    config: NetworkConfig = _checked(type(draft), dataclasses.asdict(draft), "model")
    return config


def _check_tracker(track: TrackConfig) -> None:
    make_tracker(track.name, 30.0, **track.options)
    make_filter(track.name, **track.filter)


def _checked(kind: type, values: TreeView, section: str) -> Any:
    """An instance of an option class, from plain values."""
    _refuse_unknown(kind, values, section)
    try:
        return TypeAdapter(kind).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([section, *(str(part) for part in first["loc"])])
        raise InputError(
            f"The setting {where} cannot be {first['input']!r}: {first['msg']}."
        ) from None


def _refuse_unknown(kind: type, values: TreeView, section: str) -> None:
    """Name the nearest option of an unknown key, at any depth."""
    types = typing.get_type_hints(kind)
    names = {field.name for field in dataclasses.fields(kind)}
    for key, value in values.items():
        if key not in names:
            hint = nearest(f"{section}.{key}", {f"{section}.{name}" for name in names})
            raise InputError(f"No setting '{section}.{key}'; {hint}.")
        inner = [types[key], *typing.get_args(types[key])]
        below = next((t for t in inner if dataclasses.is_dataclass(t)), None)
        if below is None or not isinstance(below, type):
            continue
        parts = value if isinstance(value, list | tuple) else [value]
        for number, part in enumerate(parts):
            if isinstance(part, Mapping):
                index = f".{number}" if part is not value else ""
                _refuse_unknown(below, part, f"{section}.{key}{index}")
