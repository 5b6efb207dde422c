"""Layers for inference alone: convolution, normalisation and activation as one.

They are made from trained layers and compute what those compute in evaluation mode, up
to rounding. What one of them has no gradient for, it does not need: they are never
trained, saved or counted.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_weights

from cstrack_bench.models.layers import Bottleneck, BottleneckCSP, Conv

_KERNELS = {
    # Activation -> its name in oneDNN, and what parameters it has there.
    nn.LeakyReLU: "leaky_relu",
    nn.SiLU: "swish",
    nn.ReLU: "relu",
    nn.Identity: "none",
}


def onednn_runs(dtype: torch.dtype) -> bool:
    """Whether oneDNN's fused convolution is there for CPU tensors of this type.

    Args:
        dtype: of input and weights. bfloat16 wants a processor that multiplies it.
    """
    if not torch.backends.mkldnn.is_available():
        return False
    if not hasattr(torch.ops.mkldnn, "_convolution_pointwise"):
        return False
    if dtype is torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return dtype is torch.float32


class FusedConv(nn.Module):
    """Convolution with bias, then an activation.

    On a CPU it is one call of oneDNN with weights in the layout that oneDNN asks for;
    elsewhere PyTorch's convolution, and the activation in place.

    Args:
        weight: (O, I / groups, k, k), normalisation folded in.
        bias: (O,).
        like: whose stride, padding and groups it has.
        activation: a LeakyReLU, SiLU, ReLU or Identity.
        dtype: of the weights and of what it computes in.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        like: nn.Conv2d,
        activation: nn.Module,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        weight = weight.detach().to(dtype).contiguous(memory_format=torch.channels_last)
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias.detach().to(dtype).clone())
        self.stride = (like.stride[0], like.stride[1])
        self.padding = [int(side) for side in like.padding]
        self.groups = like.groups
        self.activation = activation
        self.kernel = _KERNELS[type(activation)]
        slope = getattr(activation, "negative_slope", None)
        self.scalars = [] if slope is None else [float(slope)]
        self.onednn = onednn_runs(dtype)
        self.packed = False

    weight: Tensor
    bias: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """(B, I, H, W) -> (B, O, H / stride, W / stride)."""
        if not self.onednn or x.device.type != "cpu":
            out = F.conv2d(
                x, self.weight, self.bias, self.stride, self.padding, 1, self.groups
            )
            return self.activation(out)
        if not self.packed:
            # The layout depends on the input's size; another size still works.
            self.weight = torch.ops.mkldnn._reorder_convolution_weight(
                self.weight,
                self.padding,
                self.stride,
                [1, 1],
                self.groups,
                list(x.shape),
            )
            self.packed = True
        out = torch.ops.mkldnn._convolution_pointwise(
            x,
            self.weight,
            self.bias,
            self.padding,
            self.stride,
            [1, 1],
            self.groups,
            self.kernel,
            self.scalars,
            "",
        )
        assert isinstance(out, Tensor)
        return out


def folded(
    convolution: nn.Conv2d, norm: nn.BatchNorm2d, channels: slice | None = None
) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with the normalisation behind it.

    Args:
        convolution: with or without bias.
        norm: whose statistics are used.
        channels: of the normalisation that belong to the convolution; None for all.
    """
    chosen = slice(None) if channels is None else channels
    assert norm.running_mean is not None, "batch norms here track statistics"
    assert norm.running_var is not None, "batch norms here track statistics"
    with torch.no_grad():
        weight, bias = fuse_conv_bn_weights(
            convolution.weight,
            convolution.bias,
            norm.running_mean[chosen],
            norm.running_var[chosen],
            norm.eps,
            norm.weight[chosen],
            norm.bias[chosen],
        )
    return weight, bias


def fused_conv(layer: Conv, dtype: torch.dtype) -> FusedConv:
    """Our layer of convolution, normalisation and activation as one."""
    parts = folded(layer.convolution, layer.norm)
    return FusedConv(*parts, layer.convolution, layer.activation, dtype)


def plain_conv(convolution: nn.Conv2d, dtype: torch.dtype) -> FusedConv:
    """A convolution alone, with or without bias."""
    bias = convolution.bias
    if bias is None:
        bias = convolution.weight.new_zeros(convolution.out_channels)
    return FusedConv(convolution.weight, bias, convolution, nn.Identity(), dtype)


class FusedBottleneck(nn.Module):
    """``Bottleneck`` with both layers fused; the input is added in place."""

    def __init__(self, block: Bottleneck, dtype: torch.dtype) -> None:
        super().__init__()
        self.reduce = fused_conv(block.reduce, dtype)
        self.expand = fused_conv(block.expand, dtype)
        self.shortcut = block.shortcut

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        out: Tensor = self.expand(self.reduce(x))
        return out.add_(x) if self.shortcut else out


class FusedCSP(nn.Module):
    """``BottleneckCSP``; its normalisation is shared out among both halves."""

    def __init__(self, stage: BottleneckCSP, dtype: torch.dtype) -> None:
        super().__init__()
        half = stage.leave.out_channels
        self.enter = fused_conv(stage.enter, dtype)
        self.blocks = nn.Sequential(*stage.blocks)
        replace_layers(self.blocks, dtype)

        def shared(layer: nn.Conv2d, part: slice) -> FusedConv:
            parts = folded(layer, stage.norm, part)
            return FusedConv(*parts, layer, stage.activation, dtype)

        self.leave = shared(stage.leave, slice(0, half))
        self.bypass = shared(stage.bypass, slice(half, None))
        self.merge = fused_conv(stage.merge, dtype)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        through = self.leave(self.blocks(self.enter(x)))
        merged: Tensor = self.merge(torch.cat((through, self.bypass(x)), dim=1))
        return merged


#: Trained layer -> what makes its fused form.
Replacements = Mapping[type[nn.Module], Callable[[nn.Module, torch.dtype], nn.Module]]


def replace_layers(
    module: nn.Module, dtype: torch.dtype, more: Replacements | None = None
) -> None:
    """Put fused layers where trained ones are, in place.

    A layer that has no fused form, such as the detecting heads', is kept in float32.

    Args:
        module: changed.
        dtype: of weights and features.
        more: layers of a system's own, beside those of ``models.layers``.
    """
    for name, child in list(module.named_children()):
        fused = _fused(child, dtype, more or {})
        if fused is None:
            replace_layers(child, dtype, more)
        else:
            setattr(module, name, fused)


def _fused(
    layer: nn.Module, dtype: torch.dtype, more: Replacements
) -> nn.Module | None:
    for kind, make in more.items():
        if isinstance(layer, kind):
            return make(layer, dtype)
    match layer:
        case BottleneckCSP():
            return FusedCSP(layer, dtype)
        case Bottleneck():
            return FusedBottleneck(layer, dtype)
        case Conv():
            return fused_conv(layer, dtype)
        case _:
            return None
