"""One file over HTTP(S): resumes where it stopped, retries, never waits for ever.

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

#: Called with bytes so far and, where known, with all there are.
ProgressReport = Callable[[int, int | None], None]
# Also what a break can cost, at most.
_CHUNK = 64 * 1024
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


class UnavailableError(CstrackError):
    """A source does not give a file; another may. The text is a clause: who, why."""


class RetryableError(Exception):
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
class RetryPolicy:
    """How long a server is waited for, and how often it is asked again.

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
class _Content:
    """What a server said about the content that a part file is of."""

    validator: str | None
    total: int | None

    @staticmethod
    def read(part: Path) -> "_Content | None":
        with suppress(OSError, ValueError, TypeError):
            return _Content(**json.loads(_notes(part).read_text(encoding="utf-8")))
        return None

    def write(self, part: Path) -> None:
        content = {"validator": self.validator, "total": self.total}
        write_text(_notes(part), json.dumps(content))


def download_http(
    url: str, part: Path, policy: RetryPolicy, report: ProgressReport, copies: int = 1
) -> None:
    """Complete a part file from a URL, from wherever it ends.

    Args:
        url: http or https.
        part: need not be there; after an error or Ctrl-C it holds what has arrived.
        policy: how long the server is waited for.
        report: called as bytes arrive.
        copies: how often its length must be free on the disk; 2 for an archive, which
            will be unpacked beside itself.

    Raises:
        UnavailableError: the server does not give it (any more, or not now).
        CstrackError: the disk is full, or refused.
    """
    retry(
        lambda: _attempt(url, part, policy, report, copies),
        lambda: file_size(part),
        policy,
    )


def retry(
    attempt: Callable[[], None], size: Callable[[], int], policy: RetryPolicy
) -> None:
    """Attempt something until it succeeds or brings nothing new.

    Args:
        attempt: raises ``RetryableError`` where another attempt may help.
        size: bytes that there are so far.
        policy: how many attempts bring no new byte, and the pauses between them.

    Raises:
        UnavailableError: no further attempt is worth it.
    """
    failures, furthest, answered = 0, size(), False
    while True:
        try:
            attempt()
            return
        except RetryableError as error:
            # A server that starts over each time must not be asked for ever.
            if size() > furthest:
                failures, furthest, answered = 0, size(), True
            failures += 1
            # A server that has answered before is likelier to answer again.
            reachable = error.connected or answered
            limit = policy.attempts if reachable else policy.connections
            if failures >= limit:
                raise UnavailableError(str(error)) from None
            time.sleep(policy.before(failures, error.pause))


def classify_error(error: requests.RequestException, policy: RetryPolicy) -> Exception:
    """What an error of the network means: another attempt, or another source.

    Returns:
        ``RetryableError`` or ``UnavailableError``, to be raised.
    """
    if isinstance(error, requests.exceptions.SSLError):
        return UnavailableError("has no valid certificate")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        words = f"does not answer within {policy.connect:g} s"
        return RetryableError(words, connected=False)
    # Within a body, requests calls a time-out a ConnectionError.
    if "read timed out" in str(error).lower():
        return RetryableError(f"sends nothing for {policy.stall:g} s")
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return RetryableError("breaks off")
    if isinstance(error, requests.exceptions.ConnectionError):
        unknown = "NameResolution" in str(error)
        words = "name not found" if unknown else "cannot be reached"
        return RetryableError(words, connected=False)
    return UnavailableError(type(error).__name__)


def file_size(file: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    return file.stat().st_size if file.is_file() else 0


def discard_part(part: Path) -> None:
    """Remove a part file and what is noted about its content."""
    part.unlink(missing_ok=True)
    _notes(part).unlink(missing_ok=True)


def check_disk_space(folder: Path, needed: int) -> None:
    """Refuse what the disk has no space for.

    Args:
        folder: an existing one on that disk.
        needed: bytes.

    Raises:
        CstrackError: with both numbers.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CstrackError(
            f"{format_size(needed)} are needed and {format_size(free)} are free on the "
            f"disk of {folder}; free some, then the same command resumes from here."
        )


def format_size(size: float) -> str:
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


def _notes(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _attempt(
    url: str, part: Path, policy: RetryPolicy, report: ProgressReport, copies: int
) -> None:
    known = _Content.read(part)
    offset = file_size(part) if known is not None else 0
    if known is not None and offset and offset == known.total:
        return
    headers = {"User-Agent": f"cstrack-bench/{__version__}"}
    # Offsets count bytes of the file, not of a compressed form of it.
    headers["Accept-Encoding"] = "identity"
    if known is not None and offset:
        headers["Range"] = f"bytes={offset}-"
        if known.validator:
            headers["If-Range"] = known.validator
    with _request(url, headers, policy) as response:
        status = response.status_code
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
            discard_part(part)
            raise RetryableError("changed while it was downloaded")
        if status in _RETRIED:
            asked = response.headers.get("Retry-After", "")
            pause = float(asked) if asked.isdecimal() else 0
            raise RetryableError(f"answers {status}", pause)
        if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            raise UnavailableError(f"answers {status}")
        if status == HTTPStatus.PARTIAL_CONTENT:
            total = _continued(response, part, offset, known)
        else:
            offset, total = 0, _announced(response)
            discard_part(part)
        check_disk_space(part.parent, (total or 0) * copies - offset)
        _Content(_validator(response), total).write(part)
        _receive(response, part, offset, total, policy, report)
    if total is not None and file_size(part) != total:
        raise RetryableError(f"breaks off at {file_size(part)} of {total} bytes")


def _request(
    url: str, headers: dict[str, str], policy: RetryPolicy
) -> requests.Response:
    times = (policy.connect, policy.stall)
    try:
        return requests.get(url, headers=headers, stream=True, timeout=times)
    except requests.RequestException as error:
        raise classify_error(error, policy) from None


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
    response: requests.Response, part: Path, offset: int, known: _Content | None
) -> int | None:
    """All bytes of a file whose rest this answer has.

    Raises:
        RetryableError: it is another rest, or that of other content; the part file is
            removed.
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
        discard_part(part)
        raise RetryableError("changed while it was downloaded")
    return int(found[2])


def _receive(
    response: requests.Response,
    part: Path,
    offset: int,
    total: int | None,
    policy: RetryPolicy,
    report: ProgressReport,
) -> None:
    try:
        with part.open("ab") as file:
            report(offset, total)
            for chunk in _chunks(response, policy):
                file.write(chunk)
                offset += len(chunk)
                report(offset, total)
    except OSError as error:
        raise CstrackError(
            f"Cannot write {part}: {error.strerror or error}; what has arrived "
            "so far is kept, and the same command resumes from there."
        ) from error


def _chunks(response: requests.Response, policy: RetryPolicy) -> Iterator[bytes]:
    """The body; only the network's own faults become another attempt."""
    try:
        yield from response.iter_content(_CHUNK)
    except requests.RequestException as error:
        raise classify_error(error, policy) from None
