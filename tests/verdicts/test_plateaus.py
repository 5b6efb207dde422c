"""A row is undertrained where twice the epochs of its schedule gain a point or more."""

from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.verdicts.design import read_design
from cstrack_bench.verdicts.plateaus import read_curves, undertrained
from tests.report.fakes import fake_curve, write_curve


@pytest.mark.parametrize(
    ("scores", "gain"),
    [
        ({3: 40.0, 6: 40.9, 12: 50.0}, 0.9),
        ({3: 40.0, 6: 41.0}, 1.0),
        ({3: 40.0, 12: 50.0}, None),
    ],
)
def test_the_gain_of_twice_the_epochs(
    scores: dict[int, float], gain: float | None
) -> None:
    curve = fake_curve(scores, ("table1/1", "table6/13"))
    assert curve.gain == pytest.approx(gain)
    rows = undertrained([curve], "table1")
    assert list(rows) == ([1] if gain and gain >= 1 else [])
    assert undertrained([curve], "table2") == {}


def test_only_seeds_with_both_count() -> None:
    curve = fake_curve({3: 40.0, 6: 42.0})
    other = curve.points[0].model_copy(update={"seed": 1, "MOTA": 10.0})
    assert curve.model_copy(update={"points": (*curve.points, other)}).gain == 2.0


def test_a_table_knows_the_curves_of_its_profile(tmp_path: Path) -> None:
    write_curve(tmp_path / "twin", {3: 40.0, 6: 45.0}, ("table2/4",))
    assert list(read_design(tmp_path / "twin" / "table2").undertrained) == [4]
    assert read_design(tmp_path / "twin" / "table3").undertrained == {}
    assert read_design(tmp_path / "real" / "table2").undertrained == {}


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = write_curve(tmp_path, {3: 40.0}, ("table2/4",))
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="not a learning curve"):
        read_curves(tmp_path)
