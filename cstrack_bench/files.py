"""Files: written so that a reader never meets half of one, read within a limit."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cstrack_bench.errors import CstrackError, InputError, system_error
from cstrack_bench.input_limits import FILE_BYTES, Limit


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it over ``path`` on success.

    On any error, Ctrl-C included, the temporary file is removed and ``path`` is left
    as it was.

    Raises:
        CstrackError: the file system refused, also where a library says so.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _follow_umask(temporary)
        os.replace(temporary, path)
    except CstrackError:
        raise
    except Exception as error:
        refusal = system_error(error)
        if refusal is None:
            raise
        reason = refusal.strerror or refusal
        raise CstrackError(f"Cannot write {path}: {reason}.") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _follow_umask(path: Path) -> None:
    """Some libraries write files that only their owner may read."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)


def check_regular(path: Path) -> int:
    """Refuse what is no plain file: opening a pipe would wait for ever.

    Args:
        path: that is going to be read.

    Returns:
        Its size in bytes.

    Raises:
        InputError: nothing is there, or a folder, a pipe or a device.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"No such file: {path}.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read {path}: {_reason(error)}.") from None
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path} is a folder, not a file.")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{path} is a pipe or a device, not a file.")
    return found.st_size


def read_bytes(path: Path, limit: Limit = FILE_BYTES) -> bytes:
    """The content of a plain file that is not too large.

    Args:
        path: of the file.
        limit: of its bytes.

    Raises:
        InputError: no such file, no plain one, too large, or not to be read.
    """
    limit.check(check_regular(path), str(path))
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {_reason(error)}.") from error


def read_text(path: Path, limit: Limit = FILE_BYTES) -> str:
    """The content of a plain file as UTF-8, with or without a byte order mark.

    Args:
        path: of the file.
        limit: of its bytes.

    Raises:
        InputError: as ``read_bytes``, or it is no text.
    """
    try:
        return read_bytes(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"Cannot read {path} as text (UTF-8): {error.reason} at byte {error.start}."
        ) from error


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def check_results(folder: Path) -> None:
    """Refuse results that are not there: a slip of the hand finds nothing wrong.

    Raises:
        InputError: it is no folder.
    """
    if not folder.is_dir():
        raise InputError(f"No such folder of results: {folder}.")


def check_writable(path: Path) -> None:
    """Refuse a file that cannot be written before the work, not after it.

    Args:
        path: of the file; its folders need not be there yet.

    Raises:
        InputError: it is a folder, or stands where nothing can be written.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file.")
    parent = path.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(f"Cannot write {path}: {parent} is not a writable folder.")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to ``path`` atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def link_file(source: Path, target: Path) -> None:
    """Give a file a second name, or a copy where the disk has no links; atomically."""
    with replacing(target) as temporary:
        temporary.unlink(missing_ok=True)
        try:
            os.link(source, temporary)
        except OSError:  # a file system without links
            shutil.copyfile(source, temporary)


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
