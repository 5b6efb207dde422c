"""INT, TERM and HUP end the program alike, at a point where it can go on."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cstrack_bench.cli import app
from cstrack_bench.interruption import SIGNALS, Interruptions, held_back


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers are as before, whatever a test does."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_every_signal_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
    code: int,
) -> None:
    monkeypatch.setattr(app, "app", lambda: os.kill(os.getpid(), number))
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == code
    assert "goes on from here" in capsys.readouterr().err


def test_what_a_parent_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    interruptions = Interruptions()
    interruptions.listen()
    os.kill(os.getpid(), signal.SIGHUP)
    assert interruptions.received is None


def test_the_first_one_waits_and_keeps_its_number() -> None:
    interruptions = Interruptions()
    interruptions.listen()
    steps = []

    def work() -> None:
        with held_back() as interrupted:
            assert not interrupted()
            os.kill(os.getpid(), signal.SIGTERM)
            steps.append("after the signal")
            assert interrupted()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["after the signal"]
    assert interruptions.received == signal.SIGTERM
    # What was there before is there again.
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)


def test_one_that_nobody_asked_about_comes_after_the_block() -> None:
    done = []

    def work() -> None:
        with held_back():
            os.kill(os.getpid(), signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [1]


def test_the_second_one_interrupts_at_once() -> None:
    done = []

    def work() -> None:
        with held_back():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == []


def test_while_it_starts_an_interruption_has_no_traceback() -> None:
    code = (
        "import os, signal, sys; import cstrack_bench.__main__ as m\n"
        "class Slow:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'cstrack_bench.cli':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Slow()); m.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGINT
    assert done.stderr == ""
