"""Weights of any system on disk: safetensors, the configuration in the header."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from cstrack_bench.checkpoints.reading import read_state_dict
from cstrack_bench.errors import InputError
from cstrack_bench.files import check_regular, replacing
from cstrack_bench.input_size import parse_input_size, size_in_name
from cstrack_bench.models.load_report import LoadReport
from cstrack_bench.models.network_base import Network, NetworkConfig
from cstrack_bench.systems.system import AnySystem
from cstrack_bench.systems.system_registry import (
    DEFAULT,
    build_network,
    built_in_systems,
    find_system,
    stored_config,
)

_GIVE = "give the PyTorch weights (.safetensors or .pt) that it was made from"
_OTHER_KINDS = {
    ".onnx": f"an ONNX model, which `cstrack track` alone runs, as .onnx; {_GIVE}",
    ".engine": f"a TensorRT engine, which runs elsewhere; {_GIVE}",
    ".trt": f"a TensorRT engine, which runs elsewhere; {_GIVE}",
    ".tflite": f"a TensorFlow Lite model, which runs elsewhere; {_GIVE}",
    ".torchscript": f"a TorchScript program, which is not run here; {_GIVE}",
    ".h5": "a Keras model; give weights of PyTorch (.safetensors or .pt)",
    ".pb": "a TensorFlow model; give weights of PyTorch (.safetensors or .pt)",
}
_ONNX_WRITERS = (b"pytorch", b"onnx", b"tf2onnx", b"keras2onnx")
_UNREADABLE = (SafetensorError, OSError, ValueError, AttributeError, RecursionError)
CONFIG_KEY = "config"
HEADER_KEY = "cstrack"


@dataclass(frozen=True)
class Loaded:
    """A network from a file.

    Attributes:
        system: whose it is.
        network: with its weights, in eval mode on the CPU.
        input_size: height, width that it was trained at: our weights name it; of
            published ones it is that of the file's name, else their system's.
        report: what became of every tensor of a published checkpoint; None for weights
            of our own, all of which fit.
    """

    system: AnySystem
    network: Network
    input_size: tuple[int, int]
    report: LoadReport | None = None


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
        path: our safetensors, or a published checkpoint of CSTrack, FairMOT or
            CenterTrack.

    Raises:
        InputError: the file cannot be read or is no network of ours.
    """
    if not path.exists():
        raise InputError(f"There are no weights {path}.")
    check_regular(path)
    if path.suffix != ".safetensors":
        _refuse_other_kinds(path)
        loaded = _load_published(path)
        _check_finite(path, loaded.network.state_dict())
        return loaded
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} cannot be read as safetensors ({_first_line(error)})."
        ) from error
    _check_finite(path, tensors)
    system, config = _stored_config(path, read_metadata(path))
    try:
        # Without memory first: a header may ask for any number of channels.
        with torch.device("meta"):
            wanted = build_network(system, config).state_dict()
        fits = wanted.keys() == tensors.keys() and all(
            wanted[name].shape == tensor.shape for name, tensor in tensors.items()
        )
    except (RuntimeError, OverflowError, TypeError, ValueError) as error:
        raise InputError(
            f"The configuration in the header of {path} gives no network "
            f"({_first_line(error)})."
        ) from error
    if not fits:
        raise InputError(
            f"The tensors of {path} do not fit the configuration in its header: "
            "it was not written by this version."
        )
    network = build_network(system, config)
    network.load_state_dict(tensors)
    stored = read_metadata(path).get("input_size")
    size = system.published_size
    if stored is not None:
        size = parse_input_size(stored, f"input_size in {path}")
    return Loaded(system, network.eval(), size)


def _load_published(path: Path) -> Loaded:
    """By the names of its tensors the system is told; CSTrack's have no mark."""
    tensors = read_state_dict(path)
    system = find_system(DEFAULT)
    for other in built_in_systems().values():
        if other.is_published is not None and other.is_published(tensors):
            system = other
    assert system.load_published is not None, f"{system.name} has published weights"
    network, report = system.load_published(tensors, path)
    size = size_in_name(path.name) or system.published_size
    return Loaded(system, network, size, report)


def _check_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse weights of a training that broke down: they would find nothing."""
    broken = [
        name
        for name, tensor in tensors.items()
        if tensor.is_floating_point() and not torch.isfinite(tensor).all()
    ]
    if broken:
        raise InputError(
            f"{path} has numbers that are not finite in {len(broken)} of its "
            f"{len(tensors)} tensors (first: {broken[0]}): its training broke down, or "
            "the file is damaged."
        )


def _refuse_other_kinds(path: Path) -> None:
    """Name a file that is known not to be a checkpoint of PyTorch."""
    with path.open("rb") as file:
        start = file.read(256)
    what = _OTHER_KINDS.get(path.suffix.lower())
    if what is None and start[:1] == b"\x08" and any(n in start for n in _ONNX_WRITERS):
        what = _OTHER_KINDS[".onnx"]
    if what is None and start[8:10] == b'{"':
        what = "safetensors under another name: call it NAME.safetensors"
    if what is not None:
        raise InputError(f"{path} is {what}.")


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
    except _UNREADABLE as error:
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
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path} names no configuration of a network in its header: "
            "give weights that cstrack train wrote."
        ) from error
    except InputError as error:
        raise InputError(f"The header of {path} does not fit: {error}") from error
