"""Losses and their gradients, in float64."""

from collections import abc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from parity_checks import EXACT, Arrays, Check, cases, compare
from torch import Tensor

from cstrack_bench.models.centertrack_network import CenterTrackOutput
from cstrack_bench.models.dla_config import FairMotConfig
from cstrack_bench.models.fairmot_network import FairMotOutput
from cstrack_bench.training.centertrack_loss import (
    CenterTrackLoss,
    CenterTrackLossConfig,
)
from cstrack_bench.training.fairmot_loss import FairMotLoss, FairMotLossConfig
from rival_parity.common import RELATIVE, centertrack_labels, fairmot_labels, partner

HEADS = ("hm", "wh", "id", "reg")


def fairmot(path: Path) -> Iterator[Check]:
    """``fairmot_loss``; where the official loss is no number, ours must be one."""
    with (
        np.load(path) as recorded,
        np.load(partner(path, "fairmot_targets")) as targets,
    ):
        scale = _fairmot_loss(recorded, "typical").scale
        wanted = recorded["embedding_scale"]
        yield compare(f"{path.stem} embedding_scale", scale, wanted, RELATIVE, True)
        for case in cases(recorded, "", "_targets"):
            loss = _fairmot_loss(recorded, case)
            heads = _raw(recorded, case, HEADS)
            labels = fairmot_labels(targets, recorded[f"{case}_targets"])
            items = loss(FairMotOutput(*heads.values()), labels)
            items.total.backward()
            name = f"{path.stem} {case}"
            if np.isnan(recorded[f"{case}_total"]):
                yield from _number(name, items, recorded[f"{case}_items"])
                continue
            yield from _items(name, case, items, recorded)
            yield from _gradients(name, case, heads, recorded)
            learned = (loss.detection_log_variance, loss.identity_log_variance)
            ours = np.array([0.0 if s.grad is None else float(s.grad) for s in learned])
            wanted = recorded[f"{case}_gradient_s"]
            yield compare(f"{name} gradient of s", ours, wanted, RELATIVE, True)


def _fairmot_loss(recorded: Arrays, case: str) -> FairMotLoss:
    loss = FairMotLoss(
        FairMotConfig(embedding=recorded[f"{case}_id"].shape[1]),
        int(recorded["n_id"]),
        FairMotLossConfig(weighting="fixed" if case == "fixed" else "learned"),
    ).double()
    s = recorded[f"{case}_s"].tolist()
    with torch.no_grad():
        loss.classifier.weight.copy_(torch.from_numpy(recorded["classifier_weight"]))
        loss.classifier.bias.copy_(torch.from_numpy(recorded["classifier_bias"]))
        loss.detection_log_variance.fill_(s[0])
        loss.identity_log_variance.fill_(s[1])
    return loss


def _raw(recorded: Arrays, case: str, heads: abc.Iterable[str]) -> dict[str, Tensor]:
    return {
        head: torch.from_numpy(recorded[f"{case}_{head}"]).double().requires_grad_()
        for head in heads
    }


def _values(items: abc.Iterable[Tensor]) -> list[float]:
    return [float(item.detach()) for item in items]


def _number(
    name: str, items: tuple[Tensor, ...], wanted: np.ndarray
) -> Iterator[Check]:
    """What of the official items is a number; the rest of ours is 0."""
    total, *parts = _values(items)
    known = np.nan_to_num(wanted)
    yield compare(f"{name} items", np.array(parts), known, RELATIVE, True)
    broken = 0.0 if np.isfinite(total) else 1.0
    yield Check(f"{name} total is a number", broken, EXACT)


def _items(
    name: str, case: str, items: tuple[Tensor, ...], recorded: Arrays
) -> Iterator[Check]:
    total, *parts = _values(items)
    wanted = recorded[f"{case}_items"]
    yield compare(f"{name} items", np.array(parts), wanted, RELATIVE, True)
    yield compare(f"{name} total", total, recorded[f"{case}_total"], RELATIVE, True)


def _gradients(
    name: str, case: str, heads: dict[str, Tensor], recorded: Arrays
) -> Iterator[Check]:
    """Sum and absolute sum of each head's gradient, relative to the latter."""
    for head, raw in heads.items():
        gradient = torch.zeros_like(raw) if raw.grad is None else raw.grad
        ours = np.array([float(gradient.sum()), float(gradient.abs().sum())])
        wanted = recorded[f"{case}_gradient_{head}"]
        size = max(abs(float(wanted[1])), 1e-3)
        yield compare(
            f"{name} gradient of {head}", ours / size, wanted / size, RELATIVE
        )


def centertrack(path: Path) -> Iterator[Check]:
    """``centertrack_loss``."""
    with (
        np.load(path) as recorded,
        np.load(partner(path, "centertrack_targets")) as targets,
    ):
        names = recorded["item_names"].tolist()
        fields = dict(zip(names, recorded["weights"].tolist(), strict=True))
        config = CenterTrackLossConfig(
            fields["hm"],
            fields["reg"],
            fields["wh"],
            fields["tracking"],
            fields["ltrb_amodal"],
        )
        same = CenterTrackLossConfig() == config
        yield Check(f"{path.stem} weights", 0.0 if same else 1.0, EXACT)
        for case in cases(recorded, "", "_targets"):
            heads = _raw(recorded, case, names)
            labels = centertrack_labels(targets, recorded[f"{case}_targets"])
            output = CenterTrackOutput(
                heads["hm"],
                heads["reg"],
                heads["wh"],
                heads["tracking"],
                heads["ltrb_amodal"],
            )
            items = CenterTrackLoss(config)(output, labels)
            items.total.backward()
            yield from _items(f"{path.stem} {case}", case, items, recorded)
            yield from _gradients(f"{path.stem} {case}", case, heads, recorded)
