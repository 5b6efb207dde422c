"""One comparison with recorded outputs, and what stops it, as one line of text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cstrack_bench.errors import InputError

Arrays = Mapping[str, NDArray]

EXACT = 0.0
# Below this a relative error says nothing: the loss itself is rounded to 1e-7.
SMALLEST = 1e-3


@dataclass(frozen=True)
class Check:
    """One comparison.

    Attributes:
        name: what was compared.
        error: largest error; NaN where no comparison could be made.
        limit: largest error that passes.
        reason: why there is no error, in a sentence.
    """

    name: str
    error: float
    limit: float
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether the error is within the limit; NaN is not."""
        return self.error <= self.limit

    def line(self) -> str:
        """The check as one line of text."""
        verdict = "pass" if self.passed else "FAIL"
        if self.reason:
            return f"{verdict}  {self.name}: {self.reason}"
        return (
            f"{verdict}  {self.name}: largest error {self.error:.1e} "
            f"(limit {self.limit:.0e})"
        )


def failure(name: str, reason: str) -> Check:
    """A check that could not be made."""
    return Check(name, float("nan"), EXACT, reason)


def compare(
    name: str,
    ours: ArrayLike,
    theirs: ArrayLike,
    limit: float,
    relative: bool = False,
) -> Check:
    """The largest error between two arrays; a different shape fails."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        return failure(name, f"shape {ours.shape} instead of {theirs.shape}.")
    if not ours.size:
        return Check(name, 0.0, limit)
    wanted = theirs.astype(np.float64)
    error = np.abs(ours.astype(np.float64) - wanted)
    if relative:
        error /= np.maximum(np.abs(wanted), SMALLEST)
    return Check(name, float(error.max()), limit)


def cases(recorded: Arrays, prefix: str, suffix: str) -> list[str]:
    """The case names of a file, from one array that every case has."""
    found = [
        key[len(prefix) : len(key) - len(suffix)]
        for key in recorded
        if key.startswith(prefix) and key.endswith(suffix)
    ]
    if not found:
        raise KeyError(f"{prefix}CASE{suffix}")
    return found


def guarded(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    """The checks of one file; whatever stops them is one more failed check."""
    try:
        yield from checks
    except InputError as error:
        yield failure(name, str(error))
    except ImportError as error:
        yield failure(name, f"a module is missing ({error}).")
    except KeyError as error:
        yield failure(name, f"the file is incomplete: {error.args[0]}.")
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        yield failure(name, f"cannot be checked ({type(error).__name__}: {reason})")
