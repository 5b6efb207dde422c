"""Detectable effects and needed runs agree with what simulation shows."""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from simulated_rows import TWIN, gaussian

from cstrack_bench.verdicts.contributions import COUNTS, contributions
from cstrack_bench.verdicts.power import (
    MOST_SEEDS,
    Cost,
    Requirement,
    cheapest,
    detectable_effect,
    pooled_components,
    power,
    seeds_needed,
)
from cstrack_bench.verdicts.statistics import Components, crossed_difference

RESULTS = Path(__file__).resolve().parents[2] / "results" / "twin" / "table2"


@pytest.mark.parametrize(("seeds", "sequences"), [(3, 8), (7, 32)])
def test_power_is_what_trials_show(seeds: int, sequences: int) -> None:
    drawn = gaussian(np.random.default_rng(5), 20000, seeds, sequences, TWIN) + 2.0
    shown = np.mean(crossed_difference(drawn).p_zero() < 0.05)
    assert power(2.0, TWIN, seeds, sequences) == pytest.approx(shown, abs=0.015)


def test_the_detectable_effect_has_eighty_percent() -> None:
    found = detectable_effect(TWIN, 5, 16)
    assert power(found, TWIN, 5, 16) == pytest.approx(0.8, abs=0.002)
    assert power(0.0, TWIN, 5, 16) < 0.08
    nothing = Components(0.0, 0.0, 0.0)
    assert detectable_effect(nothing, 5, 16) == 0
    assert [power(effect, nothing, 5, 16) for effect in (0.0, 1.0)] == [0.0, 1.0]


def test_without_a_difference_either_side_is_shown_in_one_of_twenty() -> None:
    seeds = Components(1.0, 0.0, 0.0)  # nothing to pool, so that 5 % are exact
    assert power(0.0, seeds, 7, 32) == pytest.approx(0.05, abs=0.004)


def test_more_of_anything_shows_less() -> None:
    effects = [detectable_effect(TWIN, r, s) for r, s in ((3, 8), (5, 8), (5, 32))]
    assert effects == sorted(effects, reverse=True)


def test_seeds_needed_are_the_fewest() -> None:
    seeds = seeds_needed(1.4, TWIN, 32)
    assert seeds is not None
    assert power(1.4, TWIN, seeds, 32) >= 0.8 > power(1.4, TWIN, seeds - 1, 32)
    assert seeds_needed(0.01, TWIN, 32) is None
    just = detectable_effect(TWIN, MOST_SEEDS, 32) * 1.0001
    assert seeds_needed(just, TWIN, 32) == MOST_SEEDS


def test_sequences_are_bought_where_seeds_are_dear() -> None:
    parts = Components(0.0, 0.0, 20.0)
    dear = cheapest(1.5, parts, (3, 8), (8, 16, 32), Cost(3600.0, 10.0))
    cheap = cheapest(1.5, parts, (3, 8), (8, 16, 32), Cost(1.0, 3600.0))
    assert dear is not None
    assert cheap is not None
    assert dear.sequences == 32
    assert cheap.sequences == 8
    assert dear.seeds < cheap.seeds


def test_minutes_are_of_what_is_lacking() -> None:
    found = cheapest(100.0, TWIN, (3, 8), (8, 16), Cost(60.0, 6.0))
    assert found == Requirement(3, 8, 0.0)
    found = cheapest(100.0, TWIN, (3, 8), (16,), Cost(60.0, 6.0))
    assert found == Requirement(3, 16, pytest.approx(3 * 8 * 6 / 60))
    found = cheapest(100.0, TWIN, (1, 8), (8,), Cost(60.0, 6.0))
    assert found == Requirement(3, 8, pytest.approx(2 + 2 * 8 * 6 / 60))


def test_components_of_a_difference_from_the_rows_of_a_table() -> None:
    generator = np.random.default_rng(6)
    level = 10 * generator.standard_normal((1, 400))  # hard or easy for all rows
    half = Components(*(part / 2 for part in TWIN))
    rows = [level + gaussian(generator, 1, 30, 400, half)[0] for _ in range(6)]
    found = pooled_components(rows)
    assert found is not None
    assert tuple(found) == pytest.approx(tuple(TWIN), rel=0.35)
    assert found.rest == pytest.approx(TWIN.rest, rel=0.02)
    assert pooled_components([np.ones((1, 4))]) is None
    assert pooled_components([]) is None


def committed(row: int) -> np.ndarray:
    """(R, S, 7) of a committed row of the twin's Table II, whatever its schema."""
    layers = []
    for path in sorted((RESULTS / f"row{row}").glob("seed[0-2].json")):
        counts: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(COUNTS)))
        for block in json.loads(path.read_text(encoding="utf-8"))["blocks"]:
            counts[block["sequence"]] += [block[name] for name in COUNTS]
        layers.append([counts[name] for name in sorted(counts)])
    return np.array(layers)


def test_what_the_twin_needs_for_ren() -> None:
    """④ − ⑤, +1.4 MOTA in print: 5 to 12 seeds on 32 sequences."""
    tables = [contributions(committed(row), "MOTA") for row in range(1, 7)]
    parts = pooled_components(tables)
    assert parts is not None
    seeds = seeds_needed(1.4, parts, 32)
    assert seeds is not None
    assert 5 <= seeds <= 12
