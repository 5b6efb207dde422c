"""One file over HTTP(S): goes on where it stopped, retries, never waits for ever.

What has come so far is a ``.part`` file; beside it lies what its server said about it
(length, ETag or date), so that the rest is only taken from the same content.
"""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import requests

from cstrack_bench import __version__
from cstrack_bench.errors import CstrackError
from cstrack_bench.files import write_text

#: Told of bytes so far and, where known, of all there are.
Report = Callable[[int, int | None], None]
# Also what a break can cost, at most.
_CHUNK = 64 * 1024
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class Unavailable(CstrackError):
    """A source does not give a file; another may. The text is a clause: who, why."""


class Again(Exception):
    """An attempt failed for a reason that may pass.

    Args:
        reason: a clause.
        pause: seconds that the server asks for.
        connected: whether the server answered at all.
    """

    def __init__(self, reason: str, pause: float = 0, connected: bool = True) -> None:
        super().__init__(reason)
        self.pause = pause
        self.connected = connected


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for.

    Attributes:
        connect: seconds for a connection.
        stall: seconds without a byte.
        attempts: in a row without a new byte, before a source is given up.
        connections: that fail, before a source that never answered is given up.
        pause: seconds before the second attempt; doubled before each further one.
        longest: pause, in seconds, also where the server asks for more.
    """

    connect: float = 10.0
    stall: float = 30.0
    attempts: int = 5
    connections: int = 2
    pause: float = 1.0
    longest: float = 30.0

    def before(self, attempt: int, asked: float = 0) -> float:
        """Seconds to wait before an attempt, the second being 1."""
        return min(max(self.pause * 2 ** (attempt - 1), asked), self.longest)


@dataclass(frozen=True)
class _Known:
    """What a server said about the content that a part is of."""

    validator: str | None
    total: int | None

    @staticmethod
    def read(part: Path) -> "_Known | None":
        with suppress(OSError, ValueError, TypeError):
            return _Known(**json.loads(_beside(part).read_text(encoding="utf-8")))
        return None

    def write(self, part: Path) -> None:
        content = {"validator": self.validator, "total": self.total}
        write_text(_beside(part), json.dumps(content))


def fetch(
    url: str, part: Path, patience: Patience, report: Report, copies: int = 1
) -> None:
    """Complete a part file from a URL, from wherever it ends.

    Args:
        url: http or https.
        part: need not be there; after an error or Ctrl-C it holds what has come.
        patience: with the server.
        report: called as bytes come.
        copies: how often its length must be free on the disk; 2 for an archive, which
            will be unpacked beside itself.

    Raises:
        Unavailable: the server does not give it (any more, or not now).
        CstrackError: the disk is full, or refused.
    """
    persist(
        lambda: _attempt(url, part, patience, report, copies),
        lambda: length(part),
        patience,
    )


def persist(
    attempt: Callable[[], None], size: Callable[[], int], patience: Patience
) -> None:
    """Attempt something as long as it gets on.

    Args:
        attempt: raises ``Again`` where another attempt may help.
        size: bytes that there are so far.
        patience: how many attempts bring no new byte, and the pauses between them.

    Raises:
        Unavailable: no further attempt is worth it.
    """
    failures, furthest, answered = 0, size(), False
    while True:
        try:
            attempt()
            return
        except Again as trouble:
            # A server that starts over each time must not keep us for ever.
            if size() > furthest:
                failures, furthest, answered = 0, size(), True
            failures += 1
            # Who has answered before is likelier to come back than who never has.
            known = trouble.connected or answered
            limit = patience.attempts if known else patience.connections
            if failures >= limit:
                raise Unavailable(str(trouble)) from None
            time.sleep(patience.before(failures, trouble.pause))


def explain(error: requests.RequestException, patience: Patience) -> Exception:
    """What an error of the network means: another attempt, or another source.

    Returns:
        ``Again`` or ``Unavailable``, to be raised.
    """
    if isinstance(error, requests.exceptions.SSLError):
        return Unavailable("has no valid certificate")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        words = f"does not answer within {patience.connect:g} s"
        return Again(words, connected=False)
    # Within a body, requests calls a time-out a ConnectionError.
    if "read timed out" in str(error).lower():
        return Again(f"sends nothing for {patience.stall:g} s")
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return Again("breaks off")
    if isinstance(error, requests.exceptions.ConnectionError):
        unknown = "NameResolution" in str(error)
        words = "name not found" if unknown else "cannot be reached"
        return Again(words, connected=False)
    return Unavailable(type(error).__name__)


def length(part: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    return part.stat().st_size if part.is_file() else 0


def forget(part: Path) -> None:
    """Remove a part file and what is known about it."""
    part.unlink(missing_ok=True)
    _beside(part).unlink(missing_ok=True)


def check_room(folder: Path, needed: int) -> None:
    """Refuse what the disk has no room for.

    Args:
        folder: an existing one on that disk.
        needed: bytes.

    Raises:
        CstrackError: with both numbers.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CstrackError(
            f"{size_words(needed)} are needed and {size_words(free)} are free on the "
            f"disk of {folder}; make room, then the same command goes on from here."
        )


def size_words(size: float) -> str:
    """Bytes as a person reads them, in powers of 1000 as download pages count."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return (
                f"{size:.0f} {unit}"
                if unit in ("bytes", "kB")
                else f"{size:.3g} {unit}"
            )
        size /= 1000
    return f"{size:.3g} TB"


def _beside(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _attempt(
    url: str, part: Path, patience: Patience, report: Report, copies: int
) -> None:
    known = _Known.read(part)
    offset = length(part) if known is not None else 0
    if known is not None and offset and offset == known.total:
        return
    headers = {"User-Agent": f"cstrack-bench/{__version__}"}
    # Offsets count bytes of the file, not of a compressed form of it.
    headers["Accept-Encoding"] = "identity"
    if known is not None and offset:
        headers["Range"] = f"bytes={offset}-"
        if known.validator:
            headers["If-Range"] = known.validator
    with _ask(url, headers, patience) as response:
        status = response.status_code
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
            forget(part)
            raise Again("changed while it was downloaded")
        if status in _PASSING:
            asked = response.headers.get("Retry-After", "")
            pause = float(asked) if asked.isdecimal() else 0
            raise Again(f"answers {status}", pause)
        if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            raise Unavailable(f"answers {status}")
        if status == HTTPStatus.PARTIAL_CONTENT:
            total = _continued(response, part, offset, known)
        else:
            offset, total = 0, _announced(response)
            forget(part)
        check_room(part.parent, (total or 0) * copies - offset)
        _Known(_validator(response), total).write(part)
        _receive(response, part, offset, total, patience, report)
    if total is not None and length(part) != total:
        raise Again(f"breaks off at {length(part)} of {total} bytes")


def _ask(url: str, headers: dict[str, str], patience: Patience) -> requests.Response:
    times = (patience.connect, patience.stall)
    try:
        return requests.get(url, headers=headers, stream=True, timeout=times)
    except requests.RequestException as error:
        raise explain(error, patience) from None


def _announced(response: requests.Response) -> int | None:
    """Bytes that the body will have, where the header tells."""
    stated = response.headers.get("Content-Length", "")
    encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    return int(stated) if stated.isdecimal() and not encoded else None


def _validator(response: requests.Response) -> str | None:
    """What identifies the content: a strong ETag, or its date."""
    tag = response.headers.get("ETag")
    if tag and not tag.startswith("W/"):
        return tag
    return response.headers.get("Last-Modified")


def _continued(
    response: requests.Response, part: Path, offset: int, known: _Known | None
) -> int | None:
    """All bytes of a file whose rest this answer has.

    Raises:
        Again: it is another rest, or that of other content; the part is gone.
    """
    stated = response.headers.get("Content-Range", "")
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", stated)
    same = (
        found is not None
        and known is not None
        and int(found[1]) == offset
        and known.total in (None, int(found[2]))
        and known.validator == _validator(response)
    )
    if found is None or not same:
        forget(part)
        raise Again("changed while it was downloaded")
    return int(found[2])


def _receive(
    response: requests.Response,
    part: Path,
    offset: int,
    total: int | None,
    patience: Patience,
    report: Report,
) -> None:
    try:
        with part.open("ab") as file:
            report(offset, total)
            for chunk in _chunks(response, patience):
                file.write(chunk)
                offset += len(chunk)
                report(offset, total)
    except OSError as error:
        raise CstrackError(
            f"Cannot write {part}: {error.strerror or error}; what has come so far is "
            "kept, and the same command goes on from there."
        ) from error


def _chunks(response: requests.Response, patience: Patience) -> Iterator[bytes]:
    """The body; only the network's own faults become another attempt."""
    try:
        yield from response.iter_content(_CHUNK)
    except requests.RequestException as error:
        raise explain(error, patience) from None
