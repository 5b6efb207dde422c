"""What a network can start from: published files, our own, and other trainings."""

from pathlib import Path

from cstrack_bench.components import Component
from cstrack_bench.errors import InputError
from cstrack_bench.models.network import Network
from cstrack_bench.systems.filling import copy_equal, fill_equal
from cstrack_bench.systems.system import SystemNetwork
from cstrack_bench.systems.weights import load_weights

COMPONENT = Component("starts", 1)


def start_from_file(model: SystemNetwork, path: Path) -> int:
    """Fill a fresh network from a file.

    Our own weights of the same system fill it with their re-identification head; what
    published files a system takes, it declares (``System.start``).

    Returns:
        How many tensors were filled.

    Raises:
        InputError: the file cannot be read or does not fit the network.
    """
    if path.suffix == ".safetensors":
        return fill_equal(model.network, load_weights(path).network.state_dict(), path)
    if model.system.start is None:
        raise InputError(
            f"{path} cannot start this system: give weights that cstrack train wrote."
        )
    return model.system.start(model.network, path)


def transfer(source: Network, target: Network, reid: bool = False) -> list[str]:
    """Copy the tensors whose names and shapes are equal (REFERENCE 4.5).

    Args:
        source: the network that was trained before.
        target: the network that is going to be.
        reid: the re-identification head too; else it stays as it was initialised.

    Returns:
        Names of what was copied.
    """
    tensors = {
        name: value
        for name, value in source.state_dict().items()
        if reid or not name.startswith("reid.")
    }
    return copy_equal(target, tensors)
