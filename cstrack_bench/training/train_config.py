"""Options of the losses and of the training, each with its source (no torch here).

docs/reference.md describes the official implementation; where the paper says something
else the ``paper`` preset below has the other value.
"""

import re
from dataclasses import dataclass
from typing import Literal

from cstrack_bench.errors import InputError


@dataclass(frozen=True)
class LossConfig:
    """Weights and rules of the loss (docs/reference.md#losses; paper equations 5 to 9).

    Attributes:
        box: weight of 1 − CIoU.
        objectness: weight of the objectness term.
        level_balance: objectness weight of P3, P4, P5.
        identity: η, the weight of the identity term (Table V).
        anchor_ratio: an anchor matches a box whose sides differ by less than this
            factor.
        neighbours: whether up to two neighbouring cells are positive too; the paper's
            equations 6 and 7 know the box's own cell alone.
        focal_alpha: weight of the positives under the focal loss; None is plain binary
            cross-entropy, as the official code runs (γ = 0 switches its α off).
        focal_gamma: exponent of the focal loss; used with ``focal_alpha``.
        identity_needs_p3: the identity loss is counted only where P3 has a positive,
            as in the official code.
    """

    box: float = 0.05
    objectness: float = 1.0
    level_balance: tuple[float, float, float] = (4.0, 1.0, 0.4)
    identity: float = 0.02
    anchor_ratio: float = 4.0
    neighbours: bool = True
    focal_alpha: float | None = None
    focal_gamma: float = 0.0
    identity_needs_p3: bool = True


@dataclass(frozen=True)
class TrainConfig:
    """Optimiser, schedule and precision (docs/reference.md#training, #optimiser,
    #schedule, #batch, #moving-average).

    Attributes:
        epochs: passes over the training images.
        batch: images a step, over all processes.
        nominal_batch: gradients are summed over ``nominal_batch / batch`` steps.
        optimizer: ``sgd`` with Nesterov momentum, as published, or ``adamw``, which
            gets further in the few hundred steps that two cores can do.
        lr: base learning rate (paper: 5e-4; the official configuration: 5e-3).
        momentum: momentum after the warm-up.
        nesterov: whether SGD uses Nesterov momentum; JDE's does not.
        weight_decay: of the ``.weight`` group at the nominal batch.
        clip_norm: largest norm of an optimiser step's gradient, over all parameters; a
            longer one is shortened to it. None, as published, shortens none.
        warmup_epochs: length of the warm-up, in epochs …
        warmup_iterations: … but at least this many iterations.
        warmup_momentum: momentum at the first iteration.
        warmup_bias_lr: learning rate of the biases at the first iteration.
        schedule: ``step`` multiplies the rate by ``decay_factor`` at ``decay_epoch``;
            ``cosine`` falls to ``decay_factor`` of the base rate at the last step;
            ``jde`` rises with the fourth power of the iteration over
            ``warmup_iterations`` alone, in one rate for biases too, and is multiplied
            by ``decay_factor`` at half and at three quarters of the epochs
            (docs/reference.md#jde-training).
        decay_epoch: see ``schedule``.
        decay_factor: see ``schedule``.
        ema_decay: limit of the moving average's decay.
        ema_ramp: optimiser steps over which it gets there.
        freeze_norm: batch normalisations that start from weights use, and keep, the
            running statistics that came with them (docs/reference.md#jde-training:
            JDE).
        precision: ``auto`` is float16 on CUDA and bfloat16 on a CPU that has it.
        fused: one pass over all tensors in an optimiser's step, where torch has it.
        compile: ``torch.compile`` of the network: a minute or more before the first
            step, then fewer and larger kernels.
        workers: processes that read images; the result does not depend on it.
        save_seconds: time between checkpoints.
    """

    epochs: int = 30
    batch: int = 8
    nominal_batch: int = 64
    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: float = 5e-3
    momentum: float = 0.95
    nesterov: bool = True
    weight_decay: float = 5e-4
    clip_norm: float | None = None
    warmup_epochs: float = 3.0
    warmup_iterations: int = 1000
    warmup_momentum: float = 0.9
    warmup_bias_lr: float = 0.1
    schedule: Literal["step", "cosine", "jde"] = "step"
    decay_epoch: float = 20.0
    decay_factor: float = 0.1
    ema_decay: float = 0.9999
    ema_ramp: float = 2000.0
    freeze_norm: bool = False
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    fused: bool = True
    compile: bool = False
    workers: int = 2
    save_seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or self.nominal_batch < self.batch:
            raise InputError(
                "train.epochs and train.batch must be at least 1 and "
                "train.nominal_batch at least train.batch."
            )
        if self.lr <= 0:
            raise InputError(f"train.lr must be positive, not {self.lr}.")
        if self.clip_norm is not None and self.clip_norm <= 0:
            raise InputError(
                f"train.clip_norm must be positive, not {self.clip_norm}; null is none."
            )


@dataclass(frozen=True)
class InitConfig:
    """What a network starts from.

    The paper starts from COCO weights: a backbone and a neck that can detect before
    they learn to tell people apart. Where no such weights are to be had, the rows of a
    seed can share a detector that is trained first, on the same images, without
    re-identification.

    A run starts from the first of ``row``, ``weights`` and ``detector_epochs`` that is
    given, else from random weights.

    Attributes:
        detector_epochs: epochs of that training; 0 is none.
        weights: a published file: COCO YOLOv5 for CSTrack, DarkNet-53 or a JDE
            checkpoint for JDE, or our own; a path, or a name that is searched under
            the data root's ``weights/``. ``{size}`` stands for the model's size.
        row: ``table4:4``: the trained network of another row, same seed and profile
            (fine-tuning); the identity classifier is made anew.
        shipped: whether a detector that comes with the package is taken in the place of
            the same training done here.
    """

    detector_epochs: int = 0
    weights: str | None = None
    row: str | None = None
    shipped: bool = True

    def __post_init__(self) -> None:
        if self.detector_epochs < 0:
            raise InputError(
                f"init.detector_epochs must not be negative: {self.detector_epochs}."
            )
        if self.row is not None and not re.fullmatch(r"[a-z0-9_-]+:\d+", self.row):
            raise InputError(
                f"init.row is TABLE:ROW such as table4:4, not {self.row!r}."
            )


# What the paper's text says of both (section IV-A; equations 5, 6 and 8), each value
# with its erratum in paper/errata.yaml. Equation 5 has one α, 0.25, for all cells, and
# γ 0: a quarter of the cross-entropy. Not to be had: equation 8's division by the
# number of positives.
IMPLEMENTATIONS: dict[str, dict[str, dict[str, object]]] = {
    "official": {"train": {}, "loss": {}},
    "paper": {
        "train": {"lr": 5e-4, "nominal_batch": 8},
        "loss": {
            "neighbours": False,
            "objectness": 0.25,
            "level_balance": (1.0, 1.0, 1.0),
        },
    },
}
