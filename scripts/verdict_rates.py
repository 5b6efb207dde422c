#!/usr/bin/env python
"""How often intervals hold the truth, and how often each verdict is given.

    python scripts/verdict_rates.py           # simulate, and write docs/verdicts.md
    python scripts/verdict_rates.py --check   # exit 1 where the page is not current

Every cell of every table has draws of its own, so that a test can simulate any one of
them again and compare it with the page.
"""

import argparse
import re
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "scripts"))

from simulated_rows import (  # noqa: E402
    MIXTURES,
    SEEDS,
    SEQUENCES,
    TWIN,
    Row,
    counted,
    gaussian,
    tables,
)

from cstrack_bench.report.markdown import markdown_table  # noqa: E402
from cstrack_bench.verdicts.contributions import COUNTS, score  # noqa: E402
from cstrack_bench.verdicts.rules import (  # noqa: E402
    ABOVE,
    BELOW,
    OPEN,
    WITHIN,
    decide,
    decide_printed,
)
from cstrack_bench.verdicts.sequential import ANALYSES, level_at  # noqa: E402
from cstrack_bench.verdicts.statistics import (  # noqa: E402
    Components,
    Difference,
    crossed_difference,
    predicted_difference,
)

PAGE = ROOT / "docs" / "verdicts.md"
TEST_SEQUENCES = 32
EFFECTS = {"0": 0.0, "half": 0.5, "one": 1.0, "two": 2.0}
#: Comparisons of a table, more or less: four or five pairs in three columns.
FAMILY = 12
ROWS = (Row(), Row(missed=-0.25, false=0.06, switches=0.03))
ARGUED = ("MOTA", "IDF1", "IDSW")

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]


def generator_of(*name: object) -> np.random.Generator:
    """The draws of one cell."""
    return np.random.default_rng(zlib.crc32(repr(name).encode()))


def gaussian_coverage(mixture: str, seeds: int, sequences: int, trials: int) -> float:
    """Percent of 95 % intervals that hold the truth, where the model is right."""
    generator = generator_of("gaussian", mixture, seeds, sequences)
    drawn = gaussian(generator, trials, seeds, sequences, MIXTURES[mixture])
    low, high = crossed_difference(drawn).interval()
    return 100 * float(np.mean((low <= 0) & (high >= 0)))


def counted_coverage(
    mixture: str, seeds: int, sequences: int, trials: int
) -> dict[str, float]:
    """The same for scores of skewed counts, by column."""
    generator = generator_of("counted", mixture, seeds, sequences)
    parts = MIXTURES[mixture]
    pair = counted(generator, trials, seeds, sequences, parts, ROWS)
    truth = true_differences(mixture)
    boxes = pair[0][:, 0, :, COUNTS.index("GT")].sum(axis=-1)
    found = {}
    for metric in ARGUED:
        low, high = crossed_difference(tables(pair, metric)).interval()
        # A count is brought to the ground truth of each trial's sequences.
        value = truth[metric] * (boxes if metric in COUNTS else 1.0)
        found[metric] = 100 * float(np.mean((low <= value) & (value <= high)))
    return found


def true_differences(mixture: str) -> dict[str, float]:
    """The difference of the simulated rows over very many seeds and sequences.

    Counts are per ground-truth box.
    """
    generator = generator_of("truth", mixture)
    pair = counted(generator, 400, 20, 100, MIXTURES[mixture], ROWS)
    totals = [counts.reshape(-1, len(COUNTS)).sum(axis=0) for counts in pair]
    scores = {m: score(totals[0], m) - score(totals[1], m) for m in ARGUED}
    scores["IDSW"] /= totals[0][COUNTS.index("GT")]
    return {metric: float(value) for metric, value in scores.items()}


def judged(found: Difference, level: float = 0.05) -> Codes:
    """Codes of single comparisons with a margin of one point, (trials,)."""
    single = Difference.family([found])
    return decide(single, np.ones_like(single.mean), level)[:, 0]


def family_rates(
    effect: float, seeds: int, trials: int
) -> tuple[dict[int, float], float]:
    """Percent of each code of one comparison with an effect, of a family of many.

    Returns:
        The rates, and the percent of families with a direction among the others, whose
        true differences are zero.
    """
    generator = generator_of("family", effect, seeds)
    shape = (seeds, TEST_SEQUENCES)
    drawn = gaussian(generator, trials * FAMILY, *shape, TWIN)
    drawn = drawn.reshape(trials, FAMILY, *shape)
    drawn[:, 0] += effect
    codes = decide(crossed_difference(drawn), np.ones((trials, FAMILY)))
    others = np.isin(codes[:, 1:], (ABOVE, BELOW)).any(axis=1)
    return rates(codes[:, 0]), 100 * float(others.mean())


def fixed_rates(
    effect: float, seeds: int, trials: int, parts: Components = TWIN
) -> dict[int, float]:
    """Percent of each code where the number of seeds is fixed."""
    generator = generator_of("fixed", effect, seeds)
    drawn = effect + gaussian(generator, trials, seeds, TEST_SEQUENCES, parts)
    return rates(judged(crossed_difference(drawn)))


def sequential_rates(effect: float, trials: int) -> tuple[dict[int, float], float]:
    """Percent of each code where seeds are added until decided, and seeds used."""
    generator = generator_of("sequential", effect)
    drawn = effect + gaussian(generator, trials, ANALYSES[-1], TEST_SEQUENCES, TWIN)
    codes: Codes = np.zeros(trials, dtype=np.int8)
    used = np.full(trials, ANALYSES[-1])
    for look in ANALYSES:
        found = judged(crossed_difference(drawn[:, :look]), level_at(look))
        new = (codes == OPEN) & (found != OPEN)
        codes[new], used[new] = found[new], look
    return rates(codes), float(used.mean())


def printed_rates(
    offset: float, spread: float, seeds: int, trials: int
) -> dict[int, float]:
    """Percent of each code for a printed number, margin one point.

    Args:
        offset: of our mean from the one that print was drawn from.
        spread: standard deviation of a seed, in print and here.
        seeds: of ours.
        trials: how many.
    """
    generator = generator_of("printed", offset, spread, seeds)
    printed = spread * generator.standard_normal(trials)
    values = offset + spread * generator.standard_normal((trials, seeds))
    found = predicted_difference(values, printed)
    single = Difference.family([found])
    margins = np.ones((trials, 1))
    return rates(decide_printed(single, margins)[:, 0])


def rates(codes: Codes) -> dict[int, float]:
    """Percent of each code."""
    return {
        code: 100 * float(np.mean(codes == code))
        for code in (ABOVE, BELOW, WITHIN, OPEN)
    }


def coverage_cell(mixture: str, seeds: int, sequences: int) -> str:
    """``95.1 / 94.8 95.3 95.0``: normal; MOTA, IDF1 and switches of counts."""
    exact = gaussian_coverage(mixture, seeds, sequences, 20000)
    counts = counted_coverage(mixture, seeds, sequences, 4000)
    return f"{exact:.1f} / " + " ".join(f"{counts[key]:.1f}" for key in ARGUED)


def fixed_cell(effect: str, seeds: int) -> list[str]:
    """Same, opposite, negligible, undecided."""
    return _percent(fixed_rates(EFFECTS[effect], seeds, 20000))


def family_cell(effect: str, seeds: int) -> list[str]:
    """The same of one among many, and directions among the others."""
    found, others = family_rates(EFFECTS[effect], seeds, 2000)
    return [*_percent(found), f"{others:.1f}"]


def sequential_cell(effect: str) -> list[str]:
    """The same, and the seeds that were used."""
    found, used = sequential_rates(EFFECTS[effect], 20000)
    return [*_percent(found), f"{used:.1f}"]


def printed_cell(offset: float, spread: float, seeds: int) -> list[str]:
    """Reproduced, not reproduced, inconclusive."""
    found = printed_rates(offset, spread, seeds, 20000)
    values = (found[WITHIN], found[ABOVE] + found[BELOW], found[OPEN])
    return [f"{value:.1f}" for value in values]


def _percent(found: dict[int, float]) -> list[str]:
    return [f"{found[code]:.1f}" for code in (ABOVE, BELOW, WITHIN, OPEN)]


def coverage_table() -> list[str]:
    """Seeds and mixtures down, sequences across."""
    rows = [
        [str(seeds), mixture, *(coverage_cell(mixture, seeds, n) for n in SEQUENCES)]
        for seeds in SEEDS
        for mixture in MIXTURES
    ]
    head = ["seeds", "seed noise", *(f"{n} sequences" for n in SEQUENCES)]
    return markdown_table(head, rows)


def fixed_table() -> list[str]:
    """True effects and seeds down, verdicts across."""
    rows = [
        [effect, str(seeds), *fixed_cell(effect, seeds)]
        for effect in EFFECTS
        for seeds in (3, 7, 15)
    ]
    head = ["true effect", "seeds", "same", "opposite", "negligible", "undecided"]
    return markdown_table(head, rows)


def family_table() -> list[str]:
    """The same for one comparison among many."""
    rows = [
        [effect, str(seeds), *family_cell(effect, seeds)]
        for effect in EFFECTS
        for seeds in (3, 7, 15)
    ]
    head = ["true effect", "seeds", "same", "opposite", "negligible", "undecided"]
    return markdown_table([*head, "a direction among the others"], rows)


def sequential_table() -> list[str]:
    """True effects down, verdicts and seeds across."""
    rows = [[effect, *sequential_cell(effect)] for effect in EFFECTS]
    head = ["true effect", "same", "opposite", "negligible", "undecided", "seeds"]
    return markdown_table(head, rows)


def printed_table() -> list[str]:
    """Offset, spread and seeds down, verdicts across."""
    rows = [
        [f"{offset:.0f}", f"{spread}", str(seeds), *printed_cell(offset, spread, seeds)]
        for offset in (0.0, 2.0)
        for spread in (0.2, 0.4, 0.8, 1.6)
        for seeds in (3, 7, 15)
    ]
    head = ["off by", "spread", "seeds", "reproduced", "not reproduced", "inconclusive"]
    return markdown_table(head, rows)


TABLES: dict[str, Callable[[], list[str]]] = {
    "coverage": coverage_table,
    "rates": fixed_table,
    "family": family_table,
    "sequential": sequential_table,
    "printed": printed_table,
}


def page_with(text: str, name: str, lines: list[str]) -> str:
    """The page with the lines between the markers of a table."""
    start, stop = f"<!-- {name}: start -->", f"<!-- {name}: stop -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(stop)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{PAGE.name} has no markers of {name}")
    body = "\n".join([start, "", *lines, "", stop])
    return pattern.sub(lambda _: body, text)


def main() -> int:
    """Write the page; 0, or 1 where ``--check`` finds it outdated."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    before = text = PAGE.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        lines = table()
        print(name, *lines, "", sep="\n")
        text = page_with(text, name, lines)
    if check:
        return int(text != before)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
