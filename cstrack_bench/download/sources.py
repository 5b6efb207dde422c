"""One file from the first of its sources that gives what it should.

A source is a URL or an id of Google Drive; each is tried in its turn (``http``,
``google_drive``).
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from cstrack_bench.datasets.catalogue_item import RemoteFile
from cstrack_bench.download.google_drive import download_drive
from cstrack_bench.download.http import (
    ProgressReport,
    RetryPolicy,
    UnavailableError,
    discard_part,
    download_http,
    file_size,
)
from cstrack_bench.files import sha256

#: What the id of a file on Google Drive begins with among sources.
DRIVE = "drive:"
# Enough of a file to tell a web page that is sent instead of it.
_HEAD = 512


def is_drive(source: str) -> bool:
    """Whether a source is an id of Google Drive, rather than a URL."""
    return source.startswith(DRIVE)


def site(source: str) -> str:
    """The name of the server behind a source."""
    if is_drive(source):
        return "drive.google.com"
    found = re.match(r"https?://([^/]+)", source)
    return found[1] if found else source


def download_file(
    file: RemoteFile,
    sources: Iterable[str],
    folder: Path,
    policy: RetryPolicy,
    report: ProgressReport,
    copies: int = 1,
) -> tuple[Path, str, str]:
    """Download a file into a folder, whole and checked.

    Args:
        file: of the catalogue.
        sources: to try, in this order.
        folder: an existing one; of what breaks off, a part for each source stays in it.
        policy: how long each source is waited for.
        report: called as bytes arrive.
        copies: how often its length must be free on the disk.

    Returns:
        The file, its source and its SHA-256.

    Raises:
        UnavailableError: no source gives it; says of each why (nothing where none is
            left).
        CstrackError: the disk is full, or refused.
    """
    reasons = []
    for source in sources:
        label = hashlib.sha256(source.encode()).hexdigest()[:8]
        part = folder / f"{file.name}.{label}.part"
        try:
            if is_drive(source):
                identity = source.removeprefix(DRIVE)
                download_drive(identity, part, policy, report, copies)
            else:
                download_http(source, part, policy, report, copies)
            digest = sha256(part)
            mismatch = find_mismatch(part, file, digest)
            if mismatch:
                discard_part(part)
                raise UnavailableError(f"gives {mismatch}")
        except UnavailableError as error:
            reasons.append(f"{site(source)}: {error}")
            continue
        target = folder / file.name
        os.replace(part, target)
        discard_part(part)
        return target, source, digest
    raise UnavailableError("; ".join(dict.fromkeys(reasons)))


def find_mismatch(path: Path, file: RemoteFile, digest: str) -> str | None:
    """Why a file cannot be the one that it should be.

    Args:
        path: of what was downloaded.
        file: what it should be.
        digest: its SHA-256.

    Returns:
        A noun, such as: a web page; None where nothing speaks against it.
    """
    if file.bytes is not None and file_size(path) != file.bytes:
        return f"{file_size(path)} bytes instead of {file.bytes}"
    if file.sha256 is not None and digest != file.sha256:
        return f"a file with another checksum ({digest[:12]}…)"
    with path.open("rb") as content:
        head = content.read(_HEAD).lstrip().lower()
    if not head:
        return "an empty file"
    if head.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return None
