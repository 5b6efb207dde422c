"""Errors that reach a person: one sentence, and an exit code."""

import difflib
import errno
import os
import re
from collections.abc import Iterable, Iterator


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


#: What the person named is at fault, not what the program did with it.
_OF_INPUT = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR),
        *(errno.ELOOP, errno.ENAMETOOLONG),
    }
)
_MENDS = {
    errno.ENOSPC: "free some space and give the same command again",
    errno.EDQUOT: "free some space and give the same command again",
    errno.EMFILE: "allow more with ulimit -n, or use fewer processes",
    errno.ENFILE: "allow more with ulimit -n, or use fewer processes",
    errno.ENOMEM: "use a smaller batch, input or number of processes",
}
#: Compiled libraries put the system's refusals into texts of their own.
_TEXTS = (
    (r"no space left on device|storagefull", errno.ENOSPC),
    (r"disk quota exceeded", errno.EDQUOT),
    (r"read-only file system", errno.EROFS),
    (r"too many open files", errno.EMFILE),
    (r"permission denied", errno.EACCES),
    (r"out of memory|can't allocate memory|insufficient memory", errno.ENOMEM),
    (r"not enough memory|bad_alloc|defaultcpuallocator", errno.ENOMEM),
    (r"streamwriter failed|inline_container.*unexpected pos", errno.EIO),
    (r"i/o error|input/output error|iostream error", errno.EIO),
)
_WORKER_DEATH = re.compile(
    r"DataLoader worker.*(?:killed by signal: (?P<signal>[\w ]+)|exited unexpectedly)"
)
_SILENT_LOADER = re.compile(r"DataLoader timed out after (?P<seconds>\d+)")
#: Errors of these are the system's where their text, or what led to them, says so.
_LIBRARIES = ("torch", "cv2", "safetensors", "safetensors_rust", "numpy")


def system_error(error: BaseException) -> OSError | None:
    """The system's refusal that an error is, reports in its text, or came from.

    Args:
        error: of any kind; of a library's errors and bare ``RuntimeError`` (torch
            raises it) the text and the causes are searched too.
    """
    if isinstance(error, OSError):
        return error
    if isinstance(error, MemoryError):
        return OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
    library = type(error).__module__.partition(".")[0] in _LIBRARIES
    if not (library or type(error) is RuntimeError):
        return None
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno is not None:
            return cause
    for pattern, number in _TEXTS:
        if re.search(pattern, str(error), re.IGNORECASE | re.DOTALL):
            return OSError(number, os.strerror(number))
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What an error was raised from, or while handling."""
    cause = error.__cause__ or error.__context__
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def explained(error: BaseException) -> CstrackError | None:
    """An error as a sentence for a person; None for a fault of this program.

    Args:
        error: whatever ended the work: of the system, of torch, of OpenCV.
    """
    if isinstance(error, CstrackError):
        return error
    refusal = system_error(error)
    if refusal is not None:
        return _refused(refusal)
    text = " ".join(str(error).split())
    dead = _WORKER_DEATH.search(text)
    if dead is not None:
        how = f"by the signal {dead['signal'].strip()}" if dead["signal"] else "early"
        return CstrackError(
            f"A process that reads training images was ended {how}, as a rule because "
            "memory ran out; use fewer with --set train.workers=1 (or 0), and the same "
            "command goes on from the last checkpoint."
        )
    silent = _SILENT_LOADER.search(text)
    if silent is not None:
        return CstrackError(
            f"The processes that read training images gave none for {silent['seconds']}"
            " s; use --set train.workers=0 to see why."
        )
    if type(error).__name__ == "BrokenProcessPool":
        return CstrackError(
            "A worker process was ended from outside, as a rule because memory ran "
            "out; use fewer at a time, and the same command goes on from here."
        )
    if text.startswith("CUDA error") or type(error).__name__ == "AcceleratorError":
        return CstrackError(f"The GPU failed: {text.split(' CUDA kernel')[0]}.")
    if type(error).__module__.partition(".")[0] == "cv2":
        return CstrackError(f"OpenCV failed: {text}.")
    return None


def _refused(error: OSError) -> CstrackError:
    """The sentence of a refusal of the system."""
    kind = InputError if error.errno in _OF_INPUT else CstrackError
    reason = error.strerror or " ".join(str(error).split()) or type(error).__name__
    names = [str(name) for name in (error.filename, error.filename2) if name]
    mend = _MENDS.get(error.errno or 0)
    if error.errno == errno.EACCES and names:
        mend = "give this user the right to it, or name another"
    sentence = ": ".join([*names[:1], reason.rstrip(".")])
    return kind(f"{sentence}; {mend}." if mend else f"{sentence}.")
