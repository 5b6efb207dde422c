"""What a campaign has done so far, as ``campaign.json``."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cstrack_bench.documents import read_document, write_document
from cstrack_bench.errors import InputError
from gpu_campaign.campaign_record import CampaignRecord

NAME = "campaign.json"


class Journal:
    """The document of a campaign; every change is on disk when a call returns.

    Attributes:
        document: plain values of a ``CampaignRecord``, which checks them whenever they
            are written.

    Args:
        folder: where ``campaign.json`` lies.
        document: what it holds.
    """

    def __init__(self, folder: Path, document: dict[str, Any]) -> None:
        self.folder = folder
        self.document = document

    @classmethod
    def start(cls, folder: Path, options: dict[str, Any]) -> "Journal":
        """Begin a campaign.

        Raises:
            InputError: the folder holds one.
        """
        if (folder / NAME).exists():
            raise InputError(
                f"{folder} holds a campaign: go on with --resume {folder}, or name "
                "another folder."
            )
        return cls(
            folder,
            {
                "options": options,
                "scale": {},
                "sessions": [],
                "speed": {"cells": []},
                "trainings": {},
                "rows": [],
                "left_out": [],
                "failed": [],
            },
        )

    @classmethod
    def resume(cls, folder: Path) -> "Journal":
        """Go on with a campaign.

        Raises:
            InputError: there is none, or it is another program's.
        """
        mend = "start one without --resume"
        found = read_document(
            folder / NAME, CampaignRecord, "a campaign to go on with", mend
        )
        document = found.model_dump(mode="json", exclude={"schema_number"})
        return cls(folder, document)

    def open_session(self, about: dict[str, Any]) -> dict[str, Any]:
        """Begin a session; what was left out or failed before is asked for anew."""
        session = {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            **about,
            "did": [],
        }
        self.document["sessions"].append(session)
        self.document["left_out"] = []
        self.document["failed"] = []
        self.save()
        return session

    def did(self, what: str, seconds: float) -> None:
        """Note a step that was done."""
        session = self.document["sessions"][-1]
        session["did"].append({"what": what, "seconds": round(seconds, 1)})
        self.save()

    def leave_out(self, what: str, why: str) -> None:
        """Note what was not done, and why."""
        self.document["left_out"].append({"what": what, "why": why})
        self.save()

    def fail(self, what: str, error: Exception) -> None:
        """Note a step that broke; the others go on."""
        reason = " ".join(str(error).split()) or type(error).__name__
        self.document["failed"].append(
            {"what": what, "error": type(error).__name__, "reason": reason[:500]}
        )
        self.save()

    def note_epoch(self, training: str, point: dict[str, Any]) -> None:
        """Add an epoch to a training's curve, in the place of those it repeats."""
        curves = self.document["trainings"]
        kept = [p for p in curves.get(training, []) if p["epoch"] < point["epoch"]]
        curves[training] = [*kept, point]
        self.save()

    def note_row(self, row: dict[str, Any]) -> None:
        """Add a finished row, or replace it."""
        rows = [r for r in self.document["rows"] if r["title"] != row["title"]]
        self.document["rows"] = [*rows, row]
        self.save()

    def save(self) -> None:
        """Write the document atomically."""
        record = CampaignRecord.model_validate(self.document)
        write_document(self.folder / NAME, record)
