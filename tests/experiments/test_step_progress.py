"""What a schedule says of its progress."""

import pytest

from cstrack_bench.experiments import step_progress
from cstrack_bench.experiments.step_progress import StepProgress

WORK = {"a": 6.0, "b": 2.0, "c": 2.0}
TITLES = {"a": "table2 row 1 seed 0", "b": "row 1 seed 0", "c": "row 2"}


class Clock:
    """Seconds, moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def made(log: bool = False) -> tuple[StepProgress, Clock]:
    clock = Clock()
    return StepProgress(WORK, TITLES, log, clock), clock


def test_steps_count_by_their_work() -> None:
    progress, clock = made()
    progress.start("a")
    progress.start("b")
    assert progress.remaining_s is None
    clock.now += 60
    progress.finish("b")
    progress.put((TITLES["a"], 3, 6))
    assert progress.fraction == pytest.approx(0.5)
    assert progress.remaining_s == pytest.approx(60)
    line = progress.line()
    assert line.startswith("1 of 3 steps done, 50 % of the work, about 60 s left")
    assert line.endswith("table2 row 1 seed 0 (50 %)")


def test_only_a_steps_own_title_moves_it() -> None:
    progress, _ = made()
    progress.start("a")
    progress.put(("table2 row 1 seed 0: tracking", 1, 2))
    assert progress.fraction == pytest.approx(0.3)
    progress.put(("table2 row 1 seed 01", 2, 2))
    progress.put(("making SynthMOT", 2, 2))
    progress.put((TITLES["a"], 2, None))
    assert progress.fraction == pytest.approx(0.3)


def test_a_log_gets_a_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []

    class Err:
        def print(self, line: str, markup: bool) -> None:
            lines.append(line)

    monkeypatch.setattr(step_progress.console, "err", Err())
    progress, clock = made(log=True)
    progress.start("a")
    for _ in range(13):
        clock.now += 10
        progress.put((TITLES["a"], 1, 10))
    assert len(lines) == 2
    assert all("0 of 3 steps done" in line for line in lines)
    quiet, clock = made(log=False)
    quiet.start("a")
    clock.now += 1000
    quiet.put((TITLES["a"], 1, 10))
    assert len(lines) == 2


def test_no_work_at_all_is_done_when_every_step_is() -> None:
    progress = StepProgress({"a": 0.0}, {"a": "a"}, log=False, clock=Clock())
    progress.start("a")
    assert progress.fraction == 0
    progress.finish("a")
    assert progress.fraction == 1
