"""Networks: names, outputs, stages, and one training step."""

import json
from collections import abc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from parity_checks import EXACT, Arrays, Check, compare, failure
from torch import Tensor, nn

from cstrack_bench.models.center_heads import CenterNetwork
from cstrack_bench.models.center_weights import infer_config, load_published
from cstrack_bench.models.centertrack_network import CenterTrack
from cstrack_bench.models.dla_config import CenterTrackConfig, FairMotConfig
from cstrack_bench.models.fairmot_network import FairMot
from cstrack_bench.training.centertrack_loss import CenterTrackLoss
from cstrack_bench.training.fairmot_loss import FairMotLoss
from rival_parity.common import (
    NETWORK_FLOAT32,
    NETWORK_FLOAT64,
    RELATIVE,
    centertrack_labels,
    fairmot_labels,
    fill_by_rule,
    partner,
    rule,
)

FAIRMOT_HEADS = ("hm", "wh", "id", "reg")
CENTERTRACK_HEADS = ("hm", "reg", "wh", "tracking", "ltrb_amodal")
#: Identities of the training step.
IDENTITIES = 60
# Smaller gradients are rounding: of a convolution's bias before normalisation.
NEGLIGIBLE = 1e-9


def fairmot(path: Path) -> Iterator[Check]:
    """``fairmot_network``."""
    with np.load(path) as recorded:
        network = FairMot(fairmot_config(recorded))
        fill_by_rule(network, recorded, {})
        yield from _outputs(path.stem, network, recorded, ("image",), FAIRMOT_HEADS)
        with np.load(partner(path, "fairmot_targets")) as targets:
            labels = fairmot_labels(targets, np.array(["typical", "mixed"]))
        loss = FairMotLoss(network.config, IDENTITIES)
        loss.classifier.load_state_dict(
            {
                part: torch.from_numpy(rule(f"classifier.{part}", tuple(value.shape)))
                for part, value in loss.classifier.state_dict().items()
            }
        )
        named = {
            "loss.s_det": loss.detection_log_variance,
            "loss.s_id": loss.identity_log_variance,
            "loss.classifier.weight": loss.classifier.weight,
            "loss.classifier.bias": loss.classifier.bias,
        }
        yield from _step(
            path.stem, network, loss, named, recorded, ("train_images",), labels
        )


def fairmot_config(recorded: Arrays) -> FairMotConfig:
    """The configuration of the network that wrote a file."""
    config = infer_config(_shapes(recorded, FAIRMOT_HEADS))
    assert isinstance(config, FairMotConfig)
    return config


def centertrack_config(recorded: Arrays) -> CenterTrackConfig:
    """The configuration of the network that wrote a file."""
    config = infer_config(_shapes(recorded, CENTERTRACK_HEADS))
    assert isinstance(config, CenterTrackConfig)
    return config


def _shapes(recorded: Arrays, heads: tuple[str, ...]) -> dict[str, Tensor]:
    """Stand-ins for the tensors that tell what a network is."""
    norms = {
        "base.base_layer.0.weight": "base.base_layer.1",
        "base.level5.root.conv.weight": "base.level5.root.bn",
        "base.pre_img_layer.0.weight": "base.pre_img_layer.1",
    }
    found = {
        name: len(recorded[f"bn/{norm}.running_mean"])
        for name, norm in norms.items()
        if f"bn/{norm}.running_mean" in recorded
    }
    found |= {f"{h}.2.weight": recorded[h].shape[1] for h in heads if h in recorded}
    return {name: torch.empty(count, 1, 1, 1) for name, count in found.items()}


def centertrack(path: Path) -> Iterator[Check]:
    """``centertrack_network``."""
    with np.load(path) as recorded:
        network = CenterTrack(centertrack_config(recorded))
        fill_by_rule(network, recorded, {})
        inputs = ("image", "pre_image", "pre_heatmap")
        yield from _outputs(path.stem, network, recorded, inputs, CENTERTRACK_HEADS)
        with torch.inference_mode():
            image = torch.from_numpy(recorded["image"]).double()
            blank = torch.zeros_like(image[:, :1])
            alone, first = network(image), network(image, image, blank)
        for key, ours in (
            ("hm_image_only", alone.heatmap),
            ("hm_first_frame", first.heatmap),
            ("tracking_first_frame", first.displacement),
        ):
            yield compare(f"{path.stem} {key}", ours, recorded[key], NETWORK_FLOAT64)
        with np.load(partner(path, "centertrack_targets")) as targets:
            labels = centertrack_labels(targets, np.array(["typical", "second"]))
        yield from _step(
            path.stem,
            network,
            CenterTrackLoss(),
            {},
            recorded,
            ("train_image", "train_pre_image", "train_pre_heatmap"),
            labels,
        )


def _outputs(
    name: str,
    network: CenterNetwork,
    recorded: Arrays,
    inputs: tuple[str, ...],
    heads: tuple[str, ...],
) -> Iterator[Check]:
    """Heads in both precisions, stages in float64; the network stays in float64."""
    torch.set_num_threads(1)
    given = [torch.from_numpy(recorded[key]) for key in inputs]
    for dtype, limit in (
        (torch.float32, NETWORK_FLOAT32),
        (torch.float64, NETWORK_FLOAT64),
    ):
        network.to(dtype)
        stages: dict[str, Tensor] = {}
        hooks = _record_stages(network, stages)
        with torch.inference_mode():
            output = network(*(value.to(dtype) for value in given))
        for hook in hooks:
            hook.remove()
        kind = str(dtype).removeprefix("torch.")
        for head, ours in zip(heads, output, strict=True):
            yield compare(f"{name} {kind} {head}", ours, recorded[head], limit)
    for stage, ours in stages.items():
        key = f"stage_{stage}"
        shape = recorded[f"{key}_shape"]
        yield compare(f"{name} {key} shape", np.array(ours.shape), shape, EXACT)
        values = ours.flatten()
        thinned = values[:: max(1, values.numel() // 1024)]
        yield compare(f"{name} {key}", thinned, recorded[key], NETWORK_FLOAT64)


def _record_stages(network: CenterNetwork, stages: dict[str, Tensor]) -> list:
    def base(module: nn.Module, given: object, levels: abc.Sequence[Tensor]) -> None:
        stages.update({f"level{i}": level for i, level in enumerate(levels)})

    def up(module: nn.Module, given: object, maps: abc.Sequence[Tensor]) -> None:
        stages.update({f"dla_up_ida_{i}": each for i, each in enumerate(maps)})

    def last(module: nn.Module, given: object, maps: abc.Sequence[Tensor]) -> None:
        stages["features"] = maps[-1]

    return [
        network.base.register_forward_hook(base),
        network.dla_up.register_forward_hook(up),
        network.ida_up.register_forward_hook(last),
    ]


def _step(
    name: str,
    network: CenterNetwork,
    loss: nn.Module,
    named: dict[str, Tensor],
    recorded: Arrays,
    inputs: tuple[str, ...],
    labels: Tensor,
) -> Iterator[Check]:
    """One step in training mode: loss, gradients, running statistics."""
    network.train()
    loss.double()
    output = network(*(torch.from_numpy(recorded[key]).double() for key in inputs))
    items = loss(output, labels)
    items.total.backward()
    total, *parts = (float(item.detach()) for item in items)
    yield compare(f"{name} train_loss", total, recorded["train_loss"], RELATIVE, True)
    yield compare(
        f"{name} train_items", np.array(parts), recorded["train_items"], RELATIVE, True
    )
    parameters = {**dict(network.named_parameters()), **named}
    yield from _gradients(name, parameters, recorded)
    if "train_running_after" not in recorded:
        return
    norm = network.base.base_layer[1]
    ours = np.concatenate([norm.running_mean, norm.running_var])
    yield compare(
        f"{name} train_running_after",
        ours,
        recorded["train_running_after"].reshape(-1),
        NETWORK_FLOAT64,
    )


def _gradients(
    name: str, parameters: abc.Mapping[str, Tensor], recorded: Arrays
) -> Iterator[Check]:
    without = sorted(key for key, value in parameters.items() if value.grad is None)
    wanted = sorted(recorded["train_without_gradient"].tolist())
    if without == wanted:
        yield Check(f"{name} without gradient ({len(wanted)})", 0.0, EXACT)
    else:
        odd = sorted(set(without) ^ set(wanted))
        yield failure(f"{name} without gradient", f"they differ in {odd[0]}.")
    rows: NDArray = recorded["train_gradient_norm_sum"].astype(np.float64)
    largest = rows[:, 0].max()
    norms, sums = [0.0], [0.0]
    for key, (norm, total) in zip(
        recorded["train_gradient_names"].tolist(), rows, strict=True
    ):
        if norm <= NEGLIGIBLE * largest:
            continue
        gradient = parameters[key].grad
        assert gradient is not None, f"{key} has no gradient"
        norms.append(abs(float(gradient.norm()) / norm - 1))
        # A sum of n values of this norm is at most √n times it.
        most = norm * gradient.numel() ** 0.5
        sums.append(abs(float(gradient.sum()) - total) / most)
    count = len(norms) - 1
    yield Check(f"{name} gradient norms ({count})", max(norms), RELATIVE)
    yield Check(f"{name} gradient sums ({count})", max(sums), RELATIVE)


def layout(path: Path) -> Iterator[Check]:
    """Names and shapes of the state dicts, and files of that layout loaded."""
    wanted = json.loads(path.read_text(encoding="utf-8"))
    for system, network in (("fairmot", FairMot()), ("centertrack", CenterTrack())):
        own = {key: list(value.shape) for key, value in network.state_dict().items()}
        odd = sorted(
            key
            for key in own.keys() | wanted[system].keys()
            if own.get(key) != wanted[system].get(key)
        )
        name = f"{path.stem} {system}"
        if odd:
            yield failure(name, f"{len(odd)} tensors differ, first {odd[0]}.")
            continue
        yield Check(f"{name} names and shapes ({len(own)})", 0.0, EXACT)
        published = {
            f"module.{key}": value + 1
            for key, value in network.state_dict().items()
            if not key.endswith("num_batches_tracked")
        }
        published["module.base.fc.bias"] = torch.zeros(1000)
        loaded, report = load_published(published)
        state = loaded.state_dict()
        wrong = [
            key
            for key, value in published.items()
            if key.removeprefix("module.") in state
            and not torch.equal(state[key.removeprefix("module.")], value)
        ]
        count = len(wrong) + len(report.missing) + len(report.unexpected)
        yield Check(f"{name} old file with prefix loads", float(count), EXACT)
