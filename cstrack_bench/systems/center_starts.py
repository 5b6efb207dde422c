"""What FairMOT and CenterTrack start from, and the report of whole checkpoints."""

from pathlib import Path

from cstrack_bench.checkpoints.reading import read_state_dict
from cstrack_bench.errors import InputError
from cstrack_bench.models.center_heads import CenterNetwork
from cstrack_bench.models.center_names import fill, from_imagenet
from cstrack_bench.systems.starts import start_from_own

# The stem of the classifier that DLA-34 was published as.
_IMAGENET = "base_layer.0.weight"


def start_from_published(network: CenterNetwork, path: Path) -> int:
    """Fill a network by name and shape (docs/rivals.md#initialisation); how many fit.

    Args:
        network: to be filled; what the file has nothing for keeps its start.
        path: our own weights, or a published file: DLA-34 of ImageNet, CenterNet of
            COCO, FairMOT or CenterTrack.

    Raises:
        InputError: the file cannot be read, or nothing of it fits.
    """
    if path.suffix == ".safetensors":
        return start_from_own(network, path)
    tensors = read_state_dict(path)
    if _IMAGENET in tensors:
        tensors = from_imagenet(tensors)
    report = fill(network, tensors)
    if not report.matched:
        raise InputError(
            f"{path} has no tensor that fits this network: published weights are of "
            "model.size l."
        )
    return len(report.matched)
