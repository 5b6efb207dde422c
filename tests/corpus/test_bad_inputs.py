"""Bad inputs by the hundred: each is one sentence, quickly and in little memory."""

import resource
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.console import visible
from cstrack_bench.errors import InputError

from .bad_inputs import CASES, Case, case_count

MOST_MEMORY = 2 << 30


def test_there_are_at_least_300() -> None:
    assert case_count() >= 300
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_input_is_one_sentence(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    case.write(tmp_path)
    there = set(tmp_path.rglob("*"))
    error: BaseException | None
    if isinstance(case.run, tuple):
        error = CliRunner().invoke(app, list(case.run)).exception
    else:
        with pytest.raises(InputError) as caught:
            case.run(tmp_path)
        error = caught.value
    if error is not None and not isinstance(error, InputError):
        raise error
    assert isinstance(error, InputError)
    text = str(error)
    assert case.sentence in text
    assert "\n" not in visible(text).strip()
    assert text.rstrip().endswith(".")
    assert len(text) < 1500
    written = set(tmp_path.rglob("*")) - there
    assert {p.name for p in written if p.is_file()} == set()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after <= max(before, MOST_MEMORY // 1024)
