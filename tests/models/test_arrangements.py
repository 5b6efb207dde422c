"""Table III: the graph that each row builds is the one that the row describes."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cstrack_bench.experiments.recipes import load_recipe
from cstrack_bench.models.attention import Attention, ChannelGate, SpatialGate
from cstrack_bench.models.cstrack_config import ModelConfig
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.heads import BasicReid
from cstrack_bench.models.reciprocal import Reciprocal
from cstrack_bench.models.scale_aware import ScaleAware

# Row -> gates at each resolution, gates after the concatenation
# (docs/reference.md#table3-rows).
ROWS: dict[int, tuple[set[str], set[str]]] = {
    1: (set(), set()),
    2: ({"SAM"}, set()),
    3: ({"CAM"}, set()),
    4: ({"SAM", "CAM"}, set()),
    5: ({"SAM"}, {"SAM"}),
    6: ({"SAM"}, {"CAM"}),
    7: ({"SAM"}, {"SAM", "CAM"}),
}
ORDERS = ("parallel", "serial")
GATES: dict[type[nn.Module], str] = {SpatialGate: "SAM", ChannelGate: "CAM"}


def configuration(row: int, order: str = "parallel") -> ModelConfig:
    """The row of the recipe, as narrow as it can be without another graph."""
    (run,) = load_recipe("table3").runs("paper", rows=[row])
    config = run.settings.model
    assert isinstance(config, ModelConfig)
    small: dict[str, Any] = {"depth": 0.33, "width": 0.02, "saan_width": 8}
    return replace(config, **small, embedding=8, attention_order=order)


def gates_in(module: nn.Module) -> set[str]:
    return {GATES[type(part)] for part in module.modules() if type(part) in GATES}


def run_with_hooks(model: CSTrack) -> dict[str, list[tuple[Tensor, Tensor]]]:
    """Input and output of every gate and of every place for one, in calling order."""
    seen: dict[str, list[tuple[Tensor, Tensor]]] = {}
    for name, part in model.named_modules():
        if isinstance(part, (Attention, SpatialGate, ChannelGate)):

            def keep(_: Any, given: Any, made: Tensor, name: str = name) -> None:
                seen.setdefault(name, []).append((given[0].clone(), made.clone()))

            part.register_forward_hook(keep)
    with torch.no_grad():
        model(torch.rand(1, 3, 64, 96))
    return seen


def test_the_recipe_has_these_rows_and_no_other() -> None:
    assert [run.row for run in load_recipe("table3").runs("paper")] == [*ROWS, 8]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("row", ROWS)
def test_gates_stand_where_the_row_says_and_nowhere_else(row: int, order: str) -> None:
    model = CSTrack(configuration(row, order))
    at_levels, fused = ROWS[row]
    head = model.reid
    assert isinstance(head, ScaleAware)
    assert [gates_in(level) for level in head.levels] == [at_levels] * 3
    assert gates_in(head.attention) == fused
    everywhere = sum(type(part) in GATES for part in model.modules())
    assert everywhere == 3 * len(at_levels) + len(fused)
    # The features that are gated: one level's width, or all three side by side.
    widths = {
        part.linear.in_features: name.split(".")[1]
        for name, part in model.named_modules()
        if isinstance(part, ChannelGate)
    }
    assert widths.items() <= {8: "levels", 24: "attention"}.items()


@pytest.mark.parametrize("row", [*ROWS, 8])
def test_every_row_has_ren_and_the_official_layout(row: int) -> None:
    model = CSTrack(configuration(row))
    assert all(isinstance(level, Reciprocal) for level in model.ren)
    assert all(isinstance(level.detection_weight, nn.Parameter) for level in model.ren)
    assert (model.config.saan_layout, model.config.generation) == ("official", "v2")


def test_row_eight_is_a_basic_head_without_any_attention() -> None:
    model = CSTrack(configuration(8))
    assert isinstance(model.reid, BasicReid)
    assert not gates_in(model)
    assert not any(isinstance(part, Attention) for part in model.modules())


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("row", ROWS)
def test_the_gates_compute_what_the_row_says(row: int, order: str) -> None:
    torch.manual_seed(row)
    model = CSTrack(configuration(row, order)).eval()
    seen = run_with_hooks(model)
    places = [f"reid.levels.{level}.attention" for level in range(3)]
    for place in (*places, "reid.attention"):
        kinds = ROWS[row][place == "reid.attention"]
        ((x, out),) = seen[place]
        gates = {
            kind: seen[f"{place}.{attribute}"]
            for kind, attribute in (("SAM", "spatial"), ("CAM", "channel"))
            if kind in kinds
        }
        assert all(len(calls) == 1 for calls in gates.values())
        if kinds == {"SAM", "CAM"}:
            (spatial_input, spatial), (channel_input, channel) = (
                gates["SAM"][0],
                gates["CAM"][0],
            )
            assert torch.equal(channel_input, x)
            if order == "parallel":
                assert torch.equal(spatial_input, x)
                wanted = x * spatial * channel + x
            else:
                middle = x * channel + x
                torch.testing.assert_close(spatial_input, middle)
                wanted = middle * spatial + middle
        elif kinds:
            ((gate_input, gate),) = next(iter(gates.values()))
            assert torch.equal(gate_input, x)
            wanted = x * gate + x
        else:
            wanted = x
        torch.testing.assert_close(out, wanted)


def test_rows_differ_in_their_parameters_and_orders_do_not() -> None:
    counts = {}
    for order in ORDERS:
        for row in (*ROWS, 8):
            model = CSTrack(configuration(row, order))
            counts[row, order] = sum(p.numel() for p in model.parameters())
    for row in ROWS:
        assert counts[row, "parallel"] == counts[row, "serial"]
    assert len({counts[row, "serial"] for row in (*ROWS, 8)}) == 8
