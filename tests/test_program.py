"""How a program ends: exit codes and sentences."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.interruption import SIGNALS
from cstrack_bench.program import run_program


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _raise(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("work", "code", "said"),
    [
        (lambda: None, None, ""),
        (lambda: 3, 3, ""),
        (_raise(SystemExit(4)), 4, ""),
        (_raise(InputError("No row 9.")), 2, "error: No row 9.\n"),
        (_raise(CstrackError("It failed.\x1b[0m")), 1, "error: It failed.\\x1b[0m\n"),
        (_raise(OSError(28, "No space left on device", "a.pt")), 1, "error: a.pt: No"),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), 143, "stopped.\n"),
        (_raise(KeyboardInterrupt()), 130, "stopped.\n"),
    ],
)
def test_codes_and_sentences(
    capsys: pytest.CaptureFixture[str],
    work: Callable[[], int | None],
    code: int | None,
    said: str,
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_program(work, "stopped.")
    assert ended.value.code == code
    assert capsys.readouterr().err.startswith(said)


def test_what_a_library_makes_of_a_signal(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        raise RuntimeError("the computation was cut")

    with pytest.raises(SystemExit) as ended:
        run_program(work)
    assert ended.value.code == 130
    assert "goes on from here" in capsys.readouterr().err


def test_a_fault_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        run_program(_raise(ZeroDivisionError()))
    monkeypatch.setenv("CSTRACK_DEBUG", "1")
    with pytest.raises(InputError):
        run_program(_raise(InputError("No row 9.")))
