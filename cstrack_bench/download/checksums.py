"""Checksums of what was downloaded: a later download that differs is noticed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from cstrack_bench.documents import Document, read_document, write_document
from cstrack_bench.download.locks import one_at_a_time

CHECKSUMS = "checksums.json"
BY_HAND = "a file given by hand"


class Checksum(Document):
    """What a file had at its first download: SHA-256 in hex, length, and when."""

    sha256: str
    bytes: int
    time: str


class ChecksumFile(Document):
    """The content of ``checksums.json``.

    Attributes:
        schema_number: of this layout.
        files: ITEM/FILE -> source, or ``BY_HAND`` -> what it had.
    """

    schema_number: Literal[1] = Field(
        validation_alias="schema", serialization_alias="schema"
    )
    files: dict[str, dict[str, Checksum]] = Field(default_factory=dict)


class Checksums:
    """``checksums.json``: what each file had when it was first downloaded.

    No checksums of these files are published, so the first download decides, for each
    source by itself (a mirror may pack the same pictures differently).
    """

    def __init__(self, root: Path, downloads: Path) -> None:
        """Args:
        root: of the data sets; holds the file.
        downloads: holds its lock.
        """
        self._file = root / CHECKSUMS
        self._lock = downloads / f"{CHECKSUMS}.lock"

    def note(self, name: str, source: str | None, sha256: str, size: int) -> str | None:
        """Note a file, or compare it with what was noted.

        Args:
            name: ITEM/FILE.
            source: it was downloaded from; None where it was downloaded by hand, from
                any of them.
            sha256: in hex.
            size: bytes.

        Returns:
            A sentence where it differs from the first download; else None.

        Raises:
            InputError: the file of checksums is not readable.
        """
        with one_at_a_time(self._lock):
            document = self._read()
            known = document.files.get(name, {})
            if source is None:
                compared = list(known.values())
            else:
                compared = [known[source]] if source in known else []
            if any(entry.sha256 == sha256 for entry in compared):
                return None
            if compared:
                first = compared[0]
                return (
                    f"{name} is not what it was at its first download on "
                    f"{first.time[:10]}: SHA-256 {sha256[:12]}… now, "
                    f"{first.sha256[:12]}… then ({self._file})."
                )
            now = datetime.now(UTC).isoformat(timespec="seconds")
            added = {source or BY_HAND: Checksum(sha256=sha256, bytes=size, time=now)}
            files = {**document.files, name: {**known, **added}}
            write_document(self._file, ChecksumFile(schema_number=1, files=files))
            return None

    def _read(self) -> ChecksumFile:
        if not self._file.exists():
            return ChecksumFile(schema_number=1)
        return read_document(
            self._file, ChecksumFile, "a list of checksums", "delete it"
        )
