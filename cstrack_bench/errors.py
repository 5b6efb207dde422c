"""Errors that reach a person: one sentence, and an exit code."""

import difflib
from collections.abc import Iterable


class CstrackError(Exception):
    """The work could not be done (a check failed, disk, network). Exit code 1."""

    exit_code = 1


class InputError(CstrackError):
    """Wrong use or bad input. Exit code 2."""

    exit_code = 2


def nearest(name: str, choices: Iterable[str]) -> str:
    """A clause such as ``the nearest is 'table2'`` for a misspelt name, else all names.

    Args:
        name: what was typed.
        choices: what could have been meant.
    """
    known = sorted(choices)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"the nearest is {close[0]!r}"
    return "choose from " + ", ".join(known)
