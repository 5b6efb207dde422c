"""Every network that a recipe can name, built and configured by one set of words."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from cstrack_bench.errors import InputError, nearest
from cstrack_bench.models.cstrack import CSTrack
from cstrack_bench.models.cstrack_config import ModelConfig, make_config
from cstrack_bench.models.jde import JDE
from cstrack_bench.models.jde_config import JdeConfig, jde_anchors
from cstrack_bench.models.jde_config import make_config as make_jde_config
from cstrack_bench.models.wide_resnet import WideResNet, WideResNetConfig
from cstrack_bench.models.wide_resnet import make_config as make_wide_resnet_config

NetworkConfig = ModelConfig | JdeConfig | WideResNetConfig

_NETWORKS: dict[str, tuple[type, Callable[[Any], nn.Module]]] = {
    "cstrack": (ModelConfig, CSTrack),
    "jde": (JdeConfig, JDE),
    "deepsort": (WideResNetConfig, WideResNet),
}
SYSTEMS = tuple(_NETWORKS)


def check_system(name: str) -> None:
    """Refuse a system that does not exist.

    Raises:
        InputError: names the nearest.
    """
    if name not in _NETWORKS:
        raise InputError(f"No model.system {name!r}: {nearest(name, _NETWORKS)}.")


def config_class(system: str) -> type:
    """The option class of a system."""
    check_system(system)
    return _NETWORKS[system][0]


def make_network_config(
    system: str,
    size: str,
    implementation: str,
    input_size: tuple[int, int],
    options: Mapping[str, Any],
) -> NetworkConfig:
    """A system's configuration at a size, single fields replaced.

    Args:
        system: cstrack, jde or deepsort.
        size: a name of ``models.config.SIZES``.
        implementation: where the paper and the official code differ.
        input_size: height, width of the network's input; JDE's anchors follow it.
        options: fields of the system's configuration.

    Raises:
        InputError: an unknown name or a value that cannot be built.
    """
    check_system(system)
    if system == "jde":
        return make_jde_config(size, **{"anchors": jde_anchors(input_size), **options})
    if system == "deepsort":
        return make_wide_resnet_config(size, **options)
    return make_config(size, implementation, **options)


def stored_config(document: Mapping[str, Any]) -> NetworkConfig:
    """The configuration that ``config.as_dict()`` wrote, with its ``system``.

    Raises:
        InputError: an unknown system, field or value.
    """
    options = dict(document)
    system = str(options.pop("system", "cstrack"))
    kind = config_class(system)
    if kind is ModelConfig:
        return make_config(**options)
    known = set(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    for name in options:
        if name not in known:
            raise InputError(f"Unknown setting model.{name}: {nearest(name, known)}.")
    config: NetworkConfig = kind(**options)
    return config


def build_network(config: NetworkConfig) -> Any:
    """The network of a configuration, with random weights."""
    return _NETWORKS[config.system][1](config)
