"""One file from the first of its sources that gives what it should."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from cstrack_bench.datasets.catalogue import DRIVE, RemoteFile, is_drive, site
from cstrack_bench.download.drive import fetch_drive
from cstrack_bench.download.fetch import (
    Patience,
    Report,
    Unavailable,
    fetch,
    forget,
    length,
)
from cstrack_bench.files import sha256

# More than a web page that is sent in the place of a file needs to show what it is.
_HEAD = 512


def obtain(
    file: RemoteFile,
    sources: Iterable[str],
    folder: Path,
    patience: Patience,
    report: Report,
    copies: int = 1,
) -> tuple[Path, str, str]:
    """Bring a file into a folder, whole and checked.

    Args:
        file: of the catalogue.
        sources: to try, in this order.
        folder: an existing one; of what breaks off, a part for each source stays in it.
        patience: with each source.
        report: called as bytes come.
        copies: how often its length must be free on the disk.

    Returns:
        The file, its source and its SHA-256.

    Raises:
        Unavailable: no source gives it; says of each why (nothing where none is left).
        CstrackError: the disk is full, or refused.
    """
    reasons = []
    for source in sources:
        label = hashlib.sha256(source.encode()).hexdigest()[:8]
        part = folder / f"{file.name}.{label}.part"
        try:
            if is_drive(source):
                identity = source.removeprefix(DRIVE)
                fetch_drive(identity, part, patience, report, copies)
            else:
                fetch(source, part, patience, report, copies)
            digest = sha256(part)
            trouble = what_is_wrong(part, file, digest)
            if trouble:
                forget(part)
                raise Unavailable(f"gives {trouble}")
        except Unavailable as error:
            reasons.append(f"{site(source)}: {error}")
            continue
        target = folder / file.name
        os.replace(part, target)
        forget(part)
        return target, source, digest
    raise Unavailable("; ".join(dict.fromkeys(reasons)))


def what_is_wrong(path: Path, file: RemoteFile, digest: str) -> str | None:
    """Why something cannot be the file that it should be.

    Args:
        path: of what came.
        file: what it should be.
        digest: its SHA-256.

    Returns:
        A noun, such as: a web page; None where nothing speaks against it.
    """
    if file.bytes is not None and length(path) != file.bytes:
        return f"{length(path)} bytes instead of {file.bytes}"
    if file.sha256 is not None and digest != file.sha256:
        return f"a file with another checksum ({digest[:12]}…)"
    with path.open("rb") as content:
        head = content.read(_HEAD).lstrip().lower()
    if not head:
        return "an empty file"
    if head.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return None
