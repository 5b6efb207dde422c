"""What a training takes over from another network, tensor by tensor."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor, nn

from cstrack_bench.components import Component
from cstrack_bench.errors import InputError
from cstrack_bench.models.network_base import Network
from cstrack_bench.systems.weights import load_weights

COMPONENT = Component("starts", 2)


def transfer(source: nn.Module, target: Network, reid: bool = False) -> list[str]:
    """Copy the tensors whose names and shapes are equal
    (docs/reference.md#initialisation).

    Args:
        source: the network that was trained before.
        target: the network that is going to be.
        reid: the re-identification head too; else it stays as it was initialised.

    Returns:
        Names of what was copied.
    """
    own = target.state_dict()
    equal = {
        name: value
        for name, value in source.state_dict().items()
        if name in own
        and own[name].shape == value.shape
        and (reid or not name.startswith(f"{target.reid_part}."))
    }
    target.load_state_dict({**own, **equal})
    return list(equal)


def fill(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> int:
    """Copy the tensors of equal name and shape; how many.

    Args:
        network: to be filled.
        tensors: of the file.
        path: what messages call it.

    Raises:
        InputError: none fits.
    """
    own = network.state_dict()
    equal = {
        name: value
        for name, value in tensors.items()
        if name in own and own[name].shape == value.shape
    }
    if not equal:
        raise InputError(f"{path} has no tensor that fits this network.")
    network.load_state_dict({**own, **equal})
    return len(equal)


def start_from_own(network: nn.Module, path: Path) -> int:
    """Fill a network from weights that ``cstrack train`` wrote; how many tensors.

    Raises:
        InputError: another file, or one that does not fit.
    """
    if path.suffix != ".safetensors":
        raise InputError(
            f"{path} cannot start this system: give weights that cstrack train wrote."
        )
    return fill(network, load_weights(path).network.state_dict(), path)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file into what the body raises about its tensors."""
    try:
        yield
    except InputError as error:
        raise InputError(f"Cannot use {path}: {error}") from error
