"""Parity as cells: what the script prints, and what stops it."""

import shutil
from pathlib import Path

import pytest

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.gate.cell_states import State
from cstrack_bench.gate.parity_cells import parity_cells


def script(folder: Path, *lines: str, code: int = 0) -> Path:
    path = folder / "parity.py"
    said = "\n".join(lines)
    path.write_text(f"import sys\nprint({said!r})\nsys.exit({code})\n")
    return path


def test_each_comparison_is_a_cell(tmp_path: Path) -> None:
    lines = (
        "pass  official_nms crowd boxes: largest error 3.1e-05 (limit 1e-03)",
        "FAIL  official_tracker a ids: largest error 2.0e+00 (limit 0e+00)",
        "FAIL  official_loss: the file is incomplete: box_0.",
        "3 checks, 2 failed",
    )
    cells = parity_cells(tmp_path, script(tmp_path, *lines, code=1))
    assert [cell.state for cell in cells] == [State.SAME, State.MOVED, State.MOVED]
    assert (cells[1].old, cells[1].new) == (0.0, 2.0)
    assert cells[1].component == "official_tracker"
    assert cells[2].reason == "the file is incomplete: box_0."


def test_what_stops_it_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such folder of recorded outputs"):
        parity_cells(tmp_path / "absent")
    with pytest.raises(InputError, match="a checkout of the repository has"):
        parity_cells(tmp_path, tmp_path / "absent.py")
    with pytest.raises(CstrackError, match="Parity was not checked"):
        parity_cells(tmp_path, script(tmp_path, "nothing", code=3))


def test_recorded_outputs_pass(golden: Path, tmp_path: Path) -> None:
    found = sorted(golden.glob("official_letterbox*"))
    if not found:
        pytest.skip("no recorded letterbox")
    shutil.copy(found[0], tmp_path)
    cells = parity_cells(tmp_path)
    assert cells
    assert all(cell.state is State.SAME for cell in cells)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="holds no official_"):
        parity_cells(empty)
