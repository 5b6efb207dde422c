"""``python -m cstrack_bench``, also the form that torchrun starts."""

import os
import signal
import sys

_SIGNALLED = 128  # and the number of a signal make its exit code


def main() -> None:
    """Run the command line."""
    # Until it listens, an interruption ends the program without a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from cstrack_bench.cli.app import main as run

    try:
        run()
    except SystemExit as end:
        if isinstance(end.code, int) and end.code > _SIGNALLED:
            sys.stdout.flush()
            sys.stderr.flush()
            # Python would end by SIGINT, whichever signal it was, if it came while a
            # class was being made from text (PyRun_String); and would wait for threads.
            os._exit(end.code)
        raise


if __name__ == "__main__":
    main()
