"""A training run on disk: everything that the next step depends on."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from cstrack_bench.errors import InputError
from cstrack_bench.files import replacing
from cstrack_bench.training.optimiser import MovingAverage


@dataclass
class Position:
    """How far a run has come.

    Attributes:
        epoch: 0-based epoch of the next batch.
        batch: 0-based batch of that epoch.
        iteration: batches done in all.
        steps: optimiser steps taken.
        skipped: steps that the gradient scaler refused.
        last_step: iteration of the last optimiser step.
        wall_s: seconds spent training, over all sessions.
        cpu_s: processor seconds spent by this process, over all sessions.
        losses: running means over the current epoch, by term.
    """

    epoch: int = 0
    batch: int = 0
    iteration: int = 0
    steps: int = 0
    skipped: int = 0
    last_step: int = -1
    wall_s: float = 0.0
    cpu_s: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)


@dataclass
class TrainingState:
    """The objects whose contents make a checkpoint.

    Attributes:
        model: the network being trained.
        average: its moving average, which is what a run hands on.
        loss: holds the identity classifier.
        optimizer: with its momenta.
        scaler: of float16 gradients; disabled elsewhere.
        position: how far the run has come.
        identity: hash of what the run is; a checkpoint of another run is refused.
    """

    model: nn.Module
    average: MovingAverage
    loss: nn.Module
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    position: Position
    identity: str

    def save(self, path: Path) -> None:
        """Write the state atomically; gradients waiting for a step included."""
        gradients = [
            None if p.grad is None else p.grad
            for group in self.optimizer.param_groups
            for p in group["params"]
        ]
        document: dict[str, object] = {
            "identity": self.identity,
            "model": self.model.state_dict(),
            "average": self.average.model.state_dict(),
            "updates": self.average.updates,
            "loss": self.loss.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "gradients": gradients,
            "position": vars(self.position),
            "random": {
                "torch": torch.get_rng_state(),
                "python": random.getstate(),
                "cuda": torch.cuda.get_rng_state_all()
                if torch.cuda.is_available()
                else [],
            },
        }
        # A file of Python's tells why it cannot be written; torch's own does not.
        with replacing(path) as temporary, temporary.open("wb") as file:
            torch.save(document, file)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint.

        Raises:
            InputError: the file is damaged or belongs to another run.
        """
        try:
            # Tensors, numbers and strings alone: nothing of the pickle is executed.
            document = torch.load(path, map_location="cpu", weights_only=True)
            identity = document["identity"]
        except Exception as error:
            raise InputError(
                f"The checkpoint {path} cannot be read "
                f"({type(error).__name__}); delete it, or use --fresh."
            ) from error
        if identity != self.identity:
            raise InputError(
                f"The checkpoint {path} belongs to a run with other settings, data or "
                "code; delete it, or use --fresh."
            )
        self.model.load_state_dict(document["model"])
        self.average.model.load_state_dict(document["average"])
        self.average.updates = document["updates"]
        self.loss.load_state_dict(document["loss"])
        self.optimizer.load_state_dict(document["optimizer"])
        self.scaler.load_state_dict(document["scaler"])
        parameters = [p for g in self.optimizer.param_groups for p in g["params"]]
        for parameter, gradient in zip(parameters, document["gradients"], strict=True):
            parameter.grad = None if gradient is None else gradient.to(parameter.device)
        self.position = Position(**document["position"])
        torch.set_rng_state(document["random"]["torch"])
        version, numbers, gauss = document["random"]["python"]
        random.setstate((version, tuple(numbers), gauss))
        if torch.cuda.is_available() and document["random"]["cuda"]:
            torch.cuda.set_rng_state_all(document["random"]["cuda"])
