"""Published JDE and DarkNet weights under the names of our own modules.

A JDE checkpoint names its convolutions ``module_list.<i>.conv_<i>``, where i counts the
blocks of a Darknet configuration file, those without weights among them. Only the order
of the i is used here: backbone, then level by level from the deepest (lateral
convolution where there is one, five of the pyramid, the head's 3×3, its prediction, its
embedding).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cstrack_bench.errors import InputError
from cstrack_bench.models.darknet import STAGES
from cstrack_bench.models.jde_config import JdeConfig
from cstrack_bench.models.jde_network import JDE

HEADER_INTEGERS = 5  # version (3), then images seen (64 bits)

_CONVOLUTION = re.compile(r"module_list\.(\d+)\.conv_\1\.(weight|bias)")
_NORM = re.compile(r"module_list\.(\d+)\.batch_norm_\1\.(\w+)")
_LOG_VARIANCE = re.compile(r"module_list\.(\d+)\.(?:\w+\.)*(s_c|s_r|s_id)")
_CLASSIFIER = re.compile(r"classifier\.(?:weight|bias)")
# Names that training.jde_loss.JdeLoss gives them.
LOG_VARIANCES = {
    "s_c": "class_log_variance",
    "s_r": "box_log_variance",
    "s_id": "identity_log_variance",
}


@dataclass(frozen=True)
class Published:
    """A checkpoint's tensors under our names.

    Attributes:
        network: state of ``JDE``.
        loss: state of ``JdeLoss``, as far as the file has it: the identity classifier,
            and the logarithms of the variances, (3,) by level, P3 first.
        unexpected: names of the file that the network has nothing for.
    """

    network: dict[str, Tensor]
    loss: dict[str, Tensor]
    unexpected: tuple[str, ...]


def published_layers(config: JdeConfig) -> Iterator[str]:
    """Our convolutions in the order of a published file."""
    yield from _backbone_layers(config)
    for level in (2, 1, 0):
        if level < 2:
            yield f"pyramid.laterals.{level}"
        for number in range(5):
            yield f"pyramid.sets.{level}.{number}"
        yield f"detect.{level}.hidden"
        yield f"detect.{level}.prediction"
        yield f"reid.{level}"


def _backbone_layers(config: JdeConfig) -> Iterator[str]:
    yield "backbone.stem"
    for stage, (_, blocks) in enumerate(STAGES):
        yield f"backbone.stages.{stage}.0"
        for block in range(1, config.repeats(blocks) + 1):
            yield f"backbone.stages.{stage}.{block}.reduce"
            yield f"backbone.stages.{stage}.{block}.expand"


def is_published(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are the names of a JDE checkpoint."""
    return any(_CONVOLUTION.fullmatch(name) for name in tensors)


def convert(tensors: Mapping[str, Tensor], config: JdeConfig) -> Published:
    """A published JDE state dict under our names.

    Args:
        tensors: published name -> tensor.
        config: of the network that they are of.

    Raises:
        InputError: the file has more or fewer convolutions than the network.
    """
    found = {
        int(match[1]) for name in tensors if (match := _CONVOLUTION.fullmatch(name))
    }
    ours = list(published_layers(config))
    if len(found) != len(ours):
        raise InputError(
            f"The file has {len(found)} convolutions and this JDE {len(ours)}: "
            "give a published JDE checkpoint, or another model.size."
        )
    layers = dict(zip(sorted(found), ours, strict=True))
    network, loss, unexpected = {}, {}, []
    variances: dict[str, dict[int, Tensor]] = {name: {} for name in LOG_VARIANCES}
    for name, tensor in tensors.items():
        target = _translate(name, layers)
        if target is not None:
            network[target] = tensor
        elif _CLASSIFIER.fullmatch(name):
            loss[name] = tensor
        elif match := _LOG_VARIANCE.fullmatch(name):
            variances[match[2]][int(match[1])] = tensor
        else:
            unexpected.append(name)
    for name, by_layer in variances.items():
        if by_layer:  # the deepest level comes first in the file
            values = [by_layer[i].reshape(()) for i in sorted(by_layer, reverse=True)]
            loss[LOG_VARIANCES[name]] = torch.stack(values)
    return Published(network, loss, tuple(unexpected))


def _translate(name: str, layers: Mapping[int, str]) -> str | None:
    """Our name of one tensor of the network; None for any other."""
    if match := _CONVOLUTION.fullmatch(name):
        layer = layers[int(match[1])]
        # Prediction and embedding are bare convolutions.
        bare = layer.startswith("reid.") or layer.endswith(".prediction")
        return f"{layer}.{match[2]}" if bare else f"{layer}.convolution.{match[2]}"
    if (match := _NORM.fullmatch(name)) and int(match[1]) in layers:
        return f"{layers[int(match[1])]}.norm.{match[2]}"
    return None


def load_published(
    tensors: Mapping[str, Tensor], config: JdeConfig | None = None
) -> tuple[JDE, Published]:
    """A network with the weights of a published JDE checkpoint.

    Args:
        tensors: its state dict, published names.
        config: what to build; None is the large network at 1088×608. The other two
            published networks differ from it by their anchors alone, which the file
            does not name.

    Returns:
        The network in evaluation mode, and what the file held.

    Raises:
        InputError: the tensors do not fill the network, or do not fit it.
    """
    network = JDE(config or JdeConfig())
    found = convert(tensors, network.config)
    own = network.state_dict()
    for name, tensor in own.items():
        given = found.network.get(name)
        if given is None and name.endswith("num_batches_tracked"):
            continue  # old files do not count batches, and nothing here reads it
        if given is None or given.shape != tensor.shape:
            what = "no tensor"
            if given is not None:
                what = f"a tensor of shape {tuple(given.shape)}"
            raise InputError(
                f"The file has {what} for {name}, {tuple(tensor.shape)} in "
                "this JDE: give the configuration that it was trained with."
            )
        tensor.copy_(given)
    surplus = [name for name in found.network if name not in own]
    unexpected = (*found.unexpected, *surplus)
    return network.eval(), Published(found.network, found.loss, unexpected)


def read_darknet53(path: Path, config: JdeConfig | None = None) -> dict[str, Tensor]:
    """The backbone in a Darknet weight file such as ``darknet53.conv.74``.

    The file is a header, then for each convolution, as float32: its normalisation's
    bias, weight, running mean and running variance, then its own weights.

    Args:
        path: the file.
        config: of the network; None is the large one.

    Returns:
        ``backbone.…`` -> tensor, for ``load_state_dict(…, strict=False)`` of ``JDE``.

    Raises:
        InputError: no such file, or one of another length.
    """
    if not path.is_file():
        raise InputError(f"There are no weights {path}.")
    config = config or JdeConfig()
    with torch.device("meta"):
        shapes = {name: t.shape for name, t in JDE(config).state_dict().items()}
    order = [
        f"{layer}.{part}"
        for layer in _backbone_layers(config)
        for part in (
            "norm.bias",
            "norm.weight",
            "norm.running_mean",
            "norm.running_var",
            "convolution.weight",
        )
    ]
    header, wanted = 4 * HEADER_INTEGERS, 4 * sum(shapes[n].numel() for n in order)
    if path.stat().st_size != header + wanted:
        raise InputError(
            f"{path} is {path.stat().st_size} bytes long, but the backbone takes "
            f"{header + wanted}: give a whole darknet53.conv.74."
        )
    values = np.fromfile(path, dtype="<f4", offset=header)
    tensors, start = {}, 0
    for name in order:
        stop = start + shapes[name].numel()
        piece = values[start:stop].astype(np.float32)
        tensors[name] = torch.from_numpy(piece).reshape(shapes[name])
        start = stop
    return tensors
