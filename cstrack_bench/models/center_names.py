"""Names of published DLA-34 weights: FairMOT, CenterTrack, CenterNet, ImageNet.

Our modules have the published names (docs/rivals.md#state-dict-names), so that nothing
is translated; what differs between files is told apart here.
"""

from collections import abc

import torch
from torch import Tensor, nn

from cstrack_bench.errors import InputError
from cstrack_bench.models.dla_config import (
    WIDTHS,
    CenterTrackConfig,
    DlaConfig,
    FairMotConfig,
)
from cstrack_bench.models.load_report import LoadReport

Tensors = abc.Mapping[str, Tensor]

#: What data-parallel training puts before every name.
PREFIX = "module."
#: ImageNet's classifier, in checkpoints whose backbone was built with it.
CLASSIFIER = ("base.fc.weight", "base.fc.bias")
# Old files do not count batches, and nothing here reads the count.
_COUNTER = "num_batches_tracked"

_STEM, _DEEPEST = "base.base_layer.0.weight", "base.level5.root.conv.weight"


def without_prefix(tensors: Tensors) -> dict[str, Tensor]:
    """The same tensors, ``module.`` taken from their names."""
    return {
        name[len(PREFIX) :]
        if name.startswith("module") and not name.startswith("module_list")
        else name: tensor
        for name, tensor in tensors.items()
    }


def from_imagenet(tensors: Tensors) -> dict[str, Tensor]:
    """A DLA-34 classifier's tensors under the names that our backbone has."""
    return {f"base.{name}": tensor for name, tensor in without_prefix(tensors).items()}


def names_fairmot(tensors: Tensors) -> bool:
    """Whether these are names of FairMOT."""
    return is_published(tensors) and "id.2.weight" in without_prefix(tensors)


def names_centertrack(tensors: Tensors) -> bool:
    """Whether these are names of CenterTrack."""
    return is_published(tensors) and not names_fairmot(tensors)


def is_published(tensors: Tensors) -> bool:
    """Whether these are names of FairMOT or CenterTrack."""
    names = without_prefix(tensors)
    return _STEM in names and ("id.2.weight" in names or "tracking.2.weight" in names)


def fairmot_config(tensors: Tensors) -> FairMotConfig:
    """What network a state dict of FairMOT is of.

    Raises:
        InputError: of a width that has no name, or not whole.
    """
    named = without_prefix(tensors)
    box = _outputs(named, "wh.2.weight")
    return FairMotConfig(
        _width(named),
        embedding=_outputs(named, "id.2.weight"),
        box="size" if box == 2 else "sides",
    )


def centertrack_config(tensors: Tensors) -> CenterTrackConfig:
    """What network a state dict of CenterTrack is of.

    Raises:
        InputError: of a width that has no name, or not whole.
    """
    named = without_prefix(tensors)
    return CenterTrackConfig(
        _width(named),
        previous="base.pre_img_layer.0.weight" in named,
        amodal="ltrb_amodal.2.weight" in named,
    )


def _width(named: Tensors) -> float:
    found = tuple(_outputs(named, name) for name in (_STEM, _DEEPEST))
    for width in WIDTHS.values():
        channels = DlaConfig(width).level_channels
        if found == (channels[0], channels[5]):
            return width
    raise InputError(
        f"The backbone has {found[0]} channels at its stem and {found[1]} at its end, "
        "as no model.size has: give the configuration."
    )


def _outputs(named: Tensors, name: str) -> int:
    if name not in named or named[name].ndim != 4:
        raise InputError(
            f"The file has no convolution {name}: give a whole checkpoint."
        )
    return named[name].shape[0]


def fill(network: nn.Module, tensors: Tensors) -> LoadReport:
    """Copy what fits by name and shape; the rest keeps its start.

    Args:
        network: changed.
        tensors: a state dict with published names.

    Returns:
        What became of every tensor. Batch counters that an old file lacks are not
        called missing.
    """
    named = without_prefix(tensors)
    own = network.state_dict()
    matched, reshaped, unexpected, ignored = [], [], [], []
    with torch.no_grad():
        for name, tensor in named.items():
            if name in CLASSIFIER:
                ignored.append(name)
            elif name not in own:
                unexpected.append(name)
            elif own[name].shape != tensor.shape:
                reshaped.append(name)
            else:
                own[name].copy_(tensor)
                matched.append(name)
    missing = [
        name
        for name in own
        if (name not in named and not name.endswith(_COUNTER)) or name in reshaped
    ]
    return LoadReport(
        tuple(matched),
        tuple(missing),
        tuple(unexpected),
        tuple(reshaped),
        tuple(ignored),
    )


def fill_whole(network: nn.Module, tensors: Tensors) -> LoadReport:
    """Copy a whole checkpoint into a network, which is then in evaluation mode.

    Raises:
        InputError: the tensors do not fill the network.
    """
    report = fill(network, tensors)
    if report.missing:
        raise InputError(
            f"The file fills {len(report.matched)} tensors of the network and leaves "
            f"{len(report.missing)} (first {report.missing[0]}): give a checkpoint of "
            "this system and size."
        )
    network.eval()
    return report
