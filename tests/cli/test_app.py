"""How the program ends."""

import os
import signal

import pytest

from cstrack_bench.cli import app
from cstrack_bench.errors import CstrackError, InputError


def _ends_with(monkeypatch: pytest.MonkeyPatch, body: object) -> int:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(app, "app", body)
    try:
        with pytest.raises(SystemExit) as ended:
            app.main()
    finally:
        signal.signal(signal.SIGINT, before)
    return int(ended.value.code or 0)


@pytest.mark.parametrize(("error", "code"), [(CstrackError, 1), (InputError, 2)])
def test_an_error_is_one_sentence_and_its_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: type[CstrackError],
    code: int,
) -> None:
    monkeypatch.delenv("CSTRACK_DEBUG", raising=False)

    def body() -> None:
        raise error("No such thing.")

    assert _ends_with(monkeypatch, body) == code
    assert capsys.readouterr().err == "error: No such thing.\n"


def test_an_interruption_that_a_library_swallowed_is_still_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def body() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("could not determine the shape") from None

    assert _ends_with(monkeypatch, body) == 130
    assert "goes on from here" in capsys.readouterr().err


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def body() -> None:
        raise ValueError("ours")

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(app, "app", body)
    try:
        with pytest.raises(ValueError, match="ours"):
            app.main()
    finally:
        signal.signal(signal.SIGINT, before)
