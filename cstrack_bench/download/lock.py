"""One download of a thing at a time, and a memory of what each download had."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import write_text

CHECKSUMS = "checksums.json"
BY_HAND = "a file given by hand"
_SCHEMA = 1


@contextmanager
def one_at_a_time(
    file: Path, on_wait: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold a lock among all processes; the system frees it if this one dies.

    Args:
        file: stands for what is locked.
        on_wait: called once where another process holds it.

    Raises:
        CstrackError: the file system refused.
    """
    lock = FileLock(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            on_wait()
            lock.acquire(poll_interval=0.1)
    except OSError as error:
        raise CstrackError(f"Cannot lock {file}: {error.strerror or error}.") from error
    try:
        yield
    finally:
        lock.release()


class Checksums:
    """``checksums.json``: what each file had when it was first downloaded.

    Nobody publishes checksums of these files, so the first download decides, for each
    source of its own (a mirror may pack the same pictures differently).
    """

    def __init__(self, root: Path, workshop: Path) -> None:
        """Args:
        root: of the data sets; holds the file.
        workshop: holds its lock.
        """
        self._file = root / CHECKSUMS
        self._lock = workshop / f"{CHECKSUMS}.lock"

    def note(self, name: str, source: str | None, sha256: str, size: int) -> str | None:
        """Remember a file, or compare it with what is remembered.

        Args:
            name: ITEM/FILE.
            source: it came from; None where a person gave it, who may have it from any.
            sha256: in hex.
            size: bytes.

        Returns:
            A sentence where it differs from the first download; else None.

        Raises:
            InputError: the file of checksums is not readable.
        """
        with one_at_a_time(self._lock):
            document = self._read()
            known = document["files"].setdefault(name, {})
            if source is None:
                compared = list(known.values())
            else:
                compared = [known[source]] if source in known else []
            if any(entry["sha256"] == sha256 for entry in compared):
                return None
            if compared:
                first = compared[0]
                return (
                    f"{name} is not what it was at its first download on "
                    f"{first['time'][:10]}: SHA-256 {sha256[:12]}… now, "
                    f"{first['sha256'][:12]}… then ({self._file})."
                )
            now = datetime.now(UTC).isoformat(timespec="seconds")
            entry = {"sha256": sha256, "bytes": size, "time": now}
            known[source or BY_HAND] = entry
            write_text(self._file, json.dumps(document, indent=1) + "\n")
            return None

    def _read(self) -> dict[str, Any]:
        if not self._file.exists():
            return {"schema": _SCHEMA, "files": {}}
        try:
            document: dict[str, Any] = json.loads(self._file.read_text("utf-8"))
            if document["schema"] != _SCHEMA or not isinstance(document["files"], dict):
                raise ValueError("another schema")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self._file} is not a list of checksums ({error}); delete it."
            ) from None
        return document
