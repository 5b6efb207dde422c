"""What a network can start from: published files of several layouts, and our own."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from cstrack_bench.errors import InputError
from cstrack_bench.models.checkpoints import load_weights, read_official
from cstrack_bench.models.coco import start_from_coco
from cstrack_bench.models.cstrack import CSTrack
from cstrack_bench.models.jde import JDE
from cstrack_bench.models.jde_names import is_published, load_published, read_darknet53


def start_from_file(network: nn.Module, path: Path) -> int:
    """Fill a fresh network from a file.

    CSTrack takes COCO YOLOv5 checkpoints (backbone and neck alone, REFERENCE 4.5); JDE
    takes Darknet's backbone or a published JDE checkpoint; each takes our own weights
    of the same system, re-identification head included.

    Returns:
        How many tensors were filled.

    Raises:
        InputError: the file cannot be read or does not fit the network.
    """
    if path.suffix == ".safetensors":
        return _fill(network, load_weights(path).state_dict(), path)
    if isinstance(network, CSTrack):
        return len(start_from_coco(network, path).matched)
    if isinstance(network, JDE):
        if path.suffix == ".pt":
            tensors = read_official(path)
            if is_published(tensors):
                published, _ = load_published(tensors, network.config)
                return _fill(network, published.state_dict(), path)
            raise InputError(f"{path} is not a published JDE checkpoint.")
        return _fill(network, read_darknet53(path, network.config), path)
    raise InputError(
        f"{path} cannot start this system: give weights that cstrack train wrote."
    )


def _fill(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> int:
    """Copy the tensors of equal name and shape; refuse a file that has none."""
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
