"""Parity cells: recorded outputs of other implementations, by ``scripts/parity.py``.

The script belongs to the repository, not to the package, and so runs as a program.
"""

import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.fingerprints import PACKAGE
from cstrack_bench.gate.cell_states import Cell, Part, State

SCRIPT = PACKAGE.parent / "scripts" / "parity.py"
_MEASURED = re.compile(r"^(.*): largest error (\S+) \(limit (\S+)\)$")


def parity_cells(golden: Path, script: Path = SCRIPT) -> tuple[Cell, ...]:
    """One cell a comparison: its limit, and the error that was found.

    Args:
        golden: folder of recorded outputs.
        script: the program that compares.

    Raises:
        InputError: no such folder, nothing in it to compare, or no script, as in an
            installed package.
        CstrackError: the script ended without a result.
    """
    if not golden.is_dir():
        raise InputError(f"No such folder of recorded outputs: {golden}.")
    if not script.is_file():
        raise InputError(
            "--golden needs scripts/parity.py, which a checkout of the repository has "
            "and an installed package has not."
        )
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, str(script), str(golden.resolve())],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    cells = tuple(_cells(done.stdout))
    if done.returncode not in (0, 1) or not cells:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        kind = InputError if done.returncode == 2 else CstrackError
        raise kind(f"Parity was not checked: {last.removeprefix('error: ')}")
    return cells


def _cells(output: str) -> Iterator[Cell]:
    for line in output.splitlines():
        verdict, _, said = line.partition("  ")
        if verdict not in ("pass", "FAIL"):
            continue
        state = State.SAME if verdict == "pass" else State.MOVED
        measured = _MEASURED.match(said)
        if measured is None:
            name, _, reason = said.partition(": ")
            yield Cell(Part.PARITY, name, state, reason=reason)
            continue
        name, error, limit = measured.groups()
        value = float(error)
        yield Cell(
            Part.PARITY,
            name,
            state,
            float(limit),
            None if math.isnan(value) else value,
            component=name.split()[0],
            reason="" if state is State.SAME else "the error is beyond its limit",
        )
