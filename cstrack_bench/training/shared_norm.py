"""Batch normalisation over the images of all processes that train together."""

from typing import cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm


def share_norms(model: nn.Module, device: torch.device) -> nn.Module:
    """The network with statistics over the batch of all processes while it is trained.

    Parameters and buffers stay the same tensors under the same names.

    Args:
        model: its normalisations are replaced.
        device: where it computes; PyTorch has such layers for GPUs alone.
    """
    if device.type == "cuda":
        return cast(nn.Module, nn.SyncBatchNorm.convert_sync_batchnorm(model))
    for name, module in list(model.named_modules()):
        if isinstance(module, _BatchNorm):
            parent = model.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], SharedBatchNorm(module))
    return model


class SharedBatchNorm(nn.Module):
    """A batch normalisation whose mean and variance are over all processes.

    Args:
        norm: whose parameters, buffers and options it takes.
    """

    weight: Tensor | None
    bias: Tensor | None
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        self.eps, self.momentum = norm.eps, norm.momentum
        for name, parameter in norm.named_parameters():
            self.register_parameter(name, parameter)
        for name, buffer in norm.named_buffers():
            self.register_buffer(name, buffer)
        if norm.weight is None:
            self.weight = self.bias = None
        self.train(norm.training)

    def forward(self, values: Tensor) -> Tensor:
        """Normalise (B, C, …) by channel; sums are in float64, as PyTorch's own are."""
        exact = values.double()
        shape = (1, -1, *[1] * (values.dim() - 2))
        if self.training:
            mean, variance = self._statistics(exact)
        else:
            mean, variance = self.running_mean.double(), self.running_var.double()
        scale = (variance + self.eps).rsqrt()
        found = (exact - mean.view(shape)) * scale.view(shape)
        if self.weight is not None and self.bias is not None:
            found = found * self.weight.view(shape) + self.bias.view(shape)
        return found.to(values.dtype)

    def _statistics(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and biased variance (C,) each; brings the running ones up to date."""
        channels = values.shape[1]
        dims = [dim for dim in range(values.dim()) if dim != 1]
        shape = (1, -1, *[1] * (values.dim() - 2))
        own = values.new_tensor([values.numel() / channels])
        summed = _sum_over_processes(torch.cat([values.sum(dims), own]))
        count = summed[-1].detach()
        mean = summed[:-1] / count
        squares = (values - mean.view(shape)).square().sum(dims)
        variance = _sum_over_processes(squares) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            new = self.momentum
            if new is None:
                new = 1.0 / float(self.num_batches_tracked)
            unbiased = variance * count / (count - 1).clamp(min=1)
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), new)
            self.running_var.lerp_(unbiased.to(self.running_var.dtype), new)
        return mean, variance


class _Sum(torch.autograd.Function):
    """The sum over processes; so are its gradients, since each has a part in each."""

    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:
        summed = values.clone()
        distributed.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        summed = gradient.clone()
        distributed.all_reduce(summed)
        return summed


def _sum_over_processes(values: Tensor) -> Tensor:
    return cast(Tensor, _Sum.apply(values))
