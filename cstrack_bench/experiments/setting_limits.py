"""Setting limits: values that no machine could compute, refused before it begins."""

import math
from dataclasses import fields
from typing import TYPE_CHECKING

from cstrack_bench.datasets.experiment_data import DataConfig
from cstrack_bench.errors import InputError
from cstrack_bench.input_limits import (
    BATCH_IMAGES,
    EPOCHS,
    NETWORK_WIDTH,
    SYNTHETIC_FRAMES,
    WORKERS,
)
from cstrack_bench.synthmot.generate import SynthSpec

if TYPE_CHECKING:
    from cstrack_bench.experiments.settings import Settings

_LARGEST_WHOLE = 2**31 - 1
_LARGEST = 1e12
# Fields of networks that are numbers of channels.
_WIDTHS = ("embedding", "saan_width")


def check_settings(settings: "Settings") -> None:
    """Refuse numbers that are beyond what can be computed.

    Args:
        settings: whose types are right already.

    Raises:
        InputError: names the setting and, where it can be raised, its limit.
    """
    train = settings.train
    for key, value in settings.as_dict().items():
        _check_numbers(key, value)
    EPOCHS.check(train.epochs, "train.epochs")
    EPOCHS.check(settings.init.detector_epochs, "init.detector_epochs")
    BATCH_IMAGES.check(train.batch, "train.batch")
    WORKERS.check(train.workers, "train.workers")
    if train.workers < 0:
        raise InputError(f"train.workers must not be negative: {train.workers}.")
    if not train.save_seconds > 0:
        raise InputError(f"train.save_seconds must be above 0: {train.save_seconds}.")
    for name in _WIDTHS:
        width = getattr(settings.model, name, 1)
        NETWORK_WIDTH.check(width, f"model.{name}")
    for where, data in (("data", settings.data), ("measure.data", settings.test_data)):
        _check_data(where, data)


def _check_data(where: str, data: DataConfig) -> None:
    _check_synth(f"{where}.synth", data.synth)
    for number, part in enumerate(data.mix):
        _check_synth(f"{where}.mix.{number}.synth", part.synth)


def _check_synth(where: str, synth: SynthSpec) -> None:
    counts = [f.name for f in fields(synth) if f.name.endswith("_sequences")]
    sequences = sum(getattr(synth, name) for name in counts)
    SYNTHETIC_FRAMES.check(sequences * synth.config.frames, where)


def _check_numbers(where: str, value: object) -> None:
    if isinstance(value, dict):
        for key, below in value.items():
            _check_numbers(f"{where}.{key}", below)
    elif isinstance(value, list):
        for number, below in enumerate(value):
            _check_numbers(f"{where}.{number}", below)
    elif isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
        raise InputError(f"The setting {where} is {value:.3g}, beyond 32 bits.")
    elif isinstance(value, float) and not abs(value) <= _LARGEST:
        # Infinite is a limit that nothing exceeds.
        if math.isinf(value) and where.startswith("track."):
            return
        raise InputError(f"The setting {where} cannot be {value:g}.")
