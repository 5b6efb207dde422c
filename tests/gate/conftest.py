"""A repository in small: the gate's own files, a few records, a changelog."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cstrack_bench.cli.app import main
from cstrack_bench.experiments.ledger import Ledger

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cstrack(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program; return exit code, stdout and stderr."""
    for name in ("CSTRACK_DATA", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cstrack", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A copy of ``results/gate`` and of two committed records of each profile."""
    committed = ROOT / "results"
    target = tmp_path / "results"
    shutil.copytree(committed / "gate", target / "gate")
    taken: dict[str, int] = {}
    for path in Ledger(committed).files():
        name = path.relative_to(committed)
        taken[name.parts[0]] = taken.get(name.parts[0], 0) + 1
        if taken[name.parts[0]] <= 2:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / name)
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A verb.\n\n"
        "## [0.1.0] - 2026-01-01\n\n- The first.\n",
        encoding="utf-8",
    )
    return target
