"""What a campaign has done so far, as ``campaign.json``."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cstrack_bench.errors import InputError
from cstrack_bench.files import write_text

SCHEMA = 1
NAME = "campaign.json"


class Journal:
    """The document of a campaign; every change is on disk when a call returns.

    Attributes:
        document: plain values: options, scale, sessions, data, speed, trainings, rows,
            left_out, failed.

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
                "schema": SCHEMA,
                "options": options,
                "sessions": [],
                "speed": {"cells": []},
                "trainings": {},
                "rows": [],
            },
        )

    @classmethod
    def resume(cls, folder: Path) -> "Journal":
        """Go on with a campaign.

        Raises:
            InputError: there is none, or it is another program's.
        """
        path = folder / NAME
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            schema = document["schema"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} is no campaign to go on with ({type(error).__name__}); start "
                f"one without --resume."
            ) from error
        if schema != SCHEMA:
            raise InputError(
                f"{path} has schema {schema}; this program writes {SCHEMA}."
            )
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
        text = json.dumps(self.document, indent=1, allow_nan=False, ensure_ascii=False)
        write_text(self.folder / NAME, text + "\n")
