"""How a program ends: in an exit code, and after an error in one sentence on stderr."""

import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from cstrack_bench.console import visible
from cstrack_bench.errors import explained
from cstrack_bench.interruption import Interruptions

#: What is said after an interruption of work that keeps what it has finished.
GOES_ON = "interrupted: the same command goes on from here."


def run_program(work: Callable[[], int | None], interrupted: str = GOES_ON) -> NoReturn:
    """Do the work of a program and end the process.

    With ``CSTRACK_DEBUG`` set, an error keeps its traceback; a fault of this program
    always does.

    Args:
        work: returns the exit code (None for 0), or exits by itself.
        interrupted: the sentence after INT, TERM or HUP, whose exit code is 128 and the
            number of the signal.
    """
    interruptions = Interruptions()
    interruptions.listen()
    try:
        sys.exit(work())
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        # Typer ends silently, and compiled libraries turn an interruption into errors
        # of their own.
        signum = interruptions.received
        if signum is None and isinstance(error, KeyboardInterrupt):
            signum = signal.SIGINT
        interruptions.stop_listening()
        if signum is not None:
            print(interrupted, file=sys.stderr)
            sys.exit(128 + signum)
        told = explained(error)
        if told is None or os.environ.get("CSTRACK_DEBUG"):
            raise
        print(f"error: {visible(str(told))}", file=sys.stderr)
        sys.exit(told.exit_code)
