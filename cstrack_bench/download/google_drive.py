"""One file from Google Drive, through gdown."""

import os
import shutil
from pathlib import Path

import gdown
import requests

from cstrack_bench.download.http import (
    ProgressReport,
    RetryableError,
    RetryPolicy,
    UnavailableError,
    check_disk_space,
    classify_error,
    file_size,
    retry,
)
from cstrack_bench.errors import CstrackError


def download_drive(
    identity: str,
    part: Path,
    policy: RetryPolicy,
    report: ProgressReport,
    copies: int = 1,
) -> None:
    """Download a file of Google Drive; resumes where an earlier call stopped.

    Args:
        identity: the id in its link.
        part: the file to make; until it is whole, what has arrived lies in a folder
            of its own beside it.
        policy: how long the server is waited for; gdown alone would wait for ever.
        report: called as bytes arrive.
        copies: how often its length must be free on the disk.

    Raises:
        UnavailableError: no network, no such file, no permission, or its daily quota is
            spent.
        CstrackError: the disk is full, or refused.
    """
    folder = part.with_name(f"{part.name}.drive")
    retry(
        lambda: _attempt(identity, folder, policy, report, copies),
        lambda: sum(file_size(file) for file in folder.glob("*")),
        policy,
    )
    os.replace(folder / "file", part)
    shutil.rmtree(folder)


def _attempt(
    identity: str,
    folder: Path,
    policy: RetryPolicy,
    report: ProgressReport,
    copies: int,
) -> None:
    checked = False

    def on_progress(done: int, total: int | None) -> None:
        nonlocal checked
        if not checked:
            check_disk_space(folder, (total or 0) * copies - done)
            checked = True
        report(done, total)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        gdown.download(
            id=identity,
            output=str(folder / "file"),
            quiet=True,
            resume=True,
            timeout=(policy.connect, policy.stall),
            progress=on_progress,
        )
    except requests.RequestException as error:
        raise classify_error(error, policy) from None
    except gdown.exceptions.FileURLRetrievalError:
        raise UnavailableError(
            "gives no link (gone, private, or its quota spent)"
        ) from None
    except gdown.exceptions.DownloadError as error:
        if "byte range" in str(error) or "multiple" in str(error):
            # It would refuse to resume, each time.
            shutil.rmtree(folder)
        raise RetryableError("breaks off") from error
    except OSError as error:
        raise CstrackError(
            f"Cannot write {folder}: {error.strerror or error}; what has arrived "
            "so far is kept, and the same command resumes from there."
        ) from error
