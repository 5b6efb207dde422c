"""Weights of any system on disk: safetensors, the configuration in the header."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from cstrack_bench.errors import InputError
from cstrack_bench.files import replacing
from cstrack_bench.models.network_base import Network, NetworkConfig
from cstrack_bench.systems.system import AnySystem
from cstrack_bench.systems.system_registry import (
    DEFAULT,
    build_network,
    find_system,
    stored_config,
)

CONFIG_KEY = "config"
HEADER_KEY = "cstrack"


@dataclass(frozen=True)
class Loaded:
    """A network from a file.

    Attributes:
        system: whose it is.
        network: with its weights, in eval mode on the CPU.
    """

    system: AnySystem
    network: Network


def save_weights(
    path: Path, system: str, network: Network, metadata: dict[str, str]
) -> None:
    """Write a network and its configuration atomically as safetensors.

    Args:
        path: the file to make or replace.
        system: its name, as a recipe has it.
        network: whose state is written.
        metadata: further entries of the header; the key ``config`` is ours.
    """
    config = {"system": system, **dataclasses.asdict(network.config)}
    entries = {**metadata, CONFIG_KEY: json.dumps(config)}
    tensors = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in network.state_dict().items()
    }
    # One entry: the order of several in the file is random, and so was its hash.
    header = {HEADER_KEY: json.dumps(entries, sort_keys=True)}
    with replacing(path) as temporary:
        save_file(tensors, temporary, header)


def load_weights(path: Path) -> Loaded:
    """A network of any system with its weights, in eval mode on the CPU.

    Args:
        path: our safetensors, or an official checkpoint of CSTrack.

    Raises:
        InputError: the file cannot be read or is no network of ours.
    """
    if path.suffix != ".safetensors":
        system = find_system(DEFAULT)
        assert system.load_published is not None, f"{DEFAULT} has published weights"
        return Loaded(system, system.load_published(path))
    if not path.is_file():
        raise InputError(f"There are no weights {path}.")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} cannot be read as safetensors ({_first_line(error)})."
        ) from error
    system, config = _stored_config(path, read_metadata(path))
    network = build_network(system, config)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(
            f"The tensors of {path} do not fit the configuration in its header: "
            "it was not written by this version."
        ) from error
    return Loaded(system, network.eval())


def read_metadata(path: Path) -> dict[str, str]:
    """The entries in the header of our safetensors; none for any other file.

    Raises:
        InputError: the file cannot be read.
    """
    if path.suffix != ".safetensors":
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(HEADER_KEY, "{}")
        return {str(key): str(value) for key, value in json.loads(header).items()}
    except (SafetensorError, OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read as safetensors ({_first_line(error)})."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def _stored_config(
    path: Path, metadata: dict[str, str]
) -> tuple[AnySystem, NetworkConfig]:
    try:
        return stored_config(json.loads(metadata[CONFIG_KEY]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} names no configuration of a network in its header: "
            "give weights that cstrack train wrote."
        ) from error
    except InputError as error:
        raise InputError(f"The header of {path} does not fit: {error}") from error
