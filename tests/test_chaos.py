"""Faults at random moments; ``scripts/chaos.py --trials 100`` makes the whole of it."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "chaos.py"


def chaos(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_commands_go_on_from_kills_to_equal_results() -> None:
    light = ("--verbs", "download;track", "--faults", "KILL;TERM;HUP")
    printed = chaos("--trials", "3", "--cold", "--seed", "1", *light)
    assert "3 of 3 resumed with equal results and 0 processes left" in printed
    for fault in ("KILL", "TERM", "HUP"):
        assert f"| {fault} (" in printed


@pytest.mark.slow
def test_every_command_goes_on_from_every_fault() -> None:
    assert "20 of 20 resumed with equal results" in chaos("--trials", "20")
