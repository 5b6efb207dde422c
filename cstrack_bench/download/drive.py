"""One file from Google Drive, through gdown."""

import os
import shutil
from pathlib import Path

import gdown
import requests

from cstrack_bench.download.fetch import (
    Again,
    Patience,
    Report,
    Unavailable,
    check_room,
    explain,
    length,
    persist,
)
from cstrack_bench.errors import CstrackError


def fetch_drive(
    identity: str, part: Path, patience: Patience, report: Report, copies: int = 1
) -> None:
    """Download a file of Google Drive; goes on where an earlier call stopped.

    Args:
        identity: the id in its link.
        part: the file to make; until it is whole, what has come lies in a folder of
            its own beside it.
        patience: with the server; gdown by itself would wait for ever.
        report: called as bytes come.
        copies: how often its length must be free on the disk.

    Raises:
        Unavailable: no network, no such file, no permission, or its daily quota is
            spent.
        CstrackError: the disk is full, or refused.
    """
    folder = part.with_name(f"{part.name}.drive")
    persist(
        lambda: _attempt(identity, folder, patience, report, copies),
        lambda: sum(length(file) for file in folder.glob("*")),
        patience,
    )
    os.replace(folder / "file", part)
    shutil.rmtree(folder)


def _attempt(
    identity: str, folder: Path, patience: Patience, report: Report, copies: int
) -> None:
    checked = False

    def watch(done: int, total: int | None) -> None:
        nonlocal checked
        if not checked:
            check_room(folder, (total or 0) * copies - done)
            checked = True
        report(done, total)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        gdown.download(
            id=identity,
            output=str(folder / "file"),
            quiet=True,
            resume=True,
            timeout=(patience.connect, patience.stall),
            progress=watch,
        )
    except requests.RequestException as error:
        raise explain(error, patience) from None
    except gdown.exceptions.FileURLRetrievalError:
        raise Unavailable("gives no link (gone, private, or its quota spent)") from None
    except gdown.exceptions.DownloadError as error:
        if "byte range" in str(error) or "multiple" in str(error):
            # It would refuse to go on, each time.
            shutil.rmtree(folder)
        raise Again("breaks off") from error
    except OSError as error:
        raise CstrackError(
            f"Cannot write {folder}: {error.strerror or error}; what has come so far "
            "is kept, and the same command goes on from there."
        ) from error
