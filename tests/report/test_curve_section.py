"""What the page says of learning curves."""

import pytest

from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.report.curve_section import curve_section
from cstrack_bench.verdicts.plateaus import CurvePoint, CurveRecord


def curve(*scores: tuple[int, int, float]) -> CurveRecord:
    """Of epochs, seed and MOTA."""
    points = tuple(
        CurvePoint(epochs=n, seed=s, run="0", MOTA=m, IDF1=50, recall=60, minutes=1)
        for n, s, m in scores
    )
    return CurveRecord(
        profile="twin",
        name="CSTrack",
        rows=("table2/4",),
        score="MOTA",
        epochs=4,
        sequences=16,
        frames=960,
        points=points,
        provenance=provenance("cpu", "planted"),
    )


@pytest.mark.parametrize(
    ("gain", "said"), [(0.9, "at its plateau"), (1.0, "undertrained")]
)
def test_a_gain_of_a_point_is_undertrained(gain: float, said: str) -> None:
    found = curve((4, 0, 60), (4, 1, 62), (8, 0, 60 + gain), (8, 1, 62 + gain))
    row = next(line for line in curve_section([found]) if "CSTrack" in line)
    assert f"MOTA 61.0 (n = 2) | +{gain} | {said}" in row


def test_without_twice_the_epochs_nothing_is_said() -> None:
    row = next(line for line in curve_section([curve((4, 0, 60))]) if "CSTrack" in line)
    assert "plateau" not in row
    assert "undertrained" not in row
    assert curve_section([]) == []
