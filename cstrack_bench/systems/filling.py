"""Tensors copied into a network where names and shapes are equal."""

from collections import abc
from pathlib import Path

from torch import Tensor

from cstrack_bench.errors import InputError
from cstrack_bench.models.network import Network


def copy_equal(network: Network, tensors: abc.Mapping[str, Tensor]) -> list[str]:
    """Copy the tensors of equal name and shape; returns their names."""
    own = network.state_dict()
    equal = {
        name: value
        for name, value in tensors.items()
        if name in own and own[name].shape == value.shape
    }
    network.load_state_dict({**own, **equal})
    return list(equal)


def fill_equal(network: Network, tensors: abc.Mapping[str, Tensor], path: Path) -> int:
    """The same from a file; returns how many were copied.

    Raises:
        InputError: none was.
    """
    copied = copy_equal(network, tensors)
    if not copied:
        raise InputError(f"{path} has no tensor that fits this network.")
    return len(copied)
