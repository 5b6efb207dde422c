"""The option ``--tracker`` of several verbs, and the list of what it takes."""

from pathlib import Path
from typing import Annotated

import typer

from cstrack_bench import console
from cstrack_bench.errors import InputError


def _list(asked: bool) -> None:
    """Print every tracker that has a name, a line each, and stop."""
    if not asked:
        return
    from cstrack_bench.tracking.tracker_registry import find_tracker, tracker_names

    names = tracker_names()
    width = max(map(len, names))
    for name in names:
        found = find_tracker(name)
        uses = "boxes, appearance" if found.uses_embeddings else "boxes"
        line = f"{name:{width}}  {uses:17}  {found.summary}"
        console.out.print(line.rstrip(), markup=False, emoji=False, soft_wrap=True)
    raise typer.Exit


_HELP = (
    "A name that `cstrack track --list-trackers` prints, or a tracker of your own as "
    "package.module:TRACKER or folder/file.py:TRACKER"
)
Tracker = Annotated[str, typer.Option("--tracker", help=f"{_HELP}.")]
AnyTracker = Annotated[
    str | None,
    typer.Option(
        "--tracker", help=f"{_HELP}; by default that of the weights, else cstrack."
    ),
]
ListTrackers = Annotated[
    bool,
    typer.Option(
        "--list-trackers",
        help="Print the trackers that have a name, and stop.",
        callback=_list,
        is_eager=True,
    ),
]


def check_tracker(tracker: str, reid: Path | None, public: Path | None) -> None:
    """Refuse a tracker that has no use for what was given."""
    from cstrack_bench.tracking.tracker_registry import find_tracker

    found = find_tracker(tracker)
    if not found.uses_embeddings and reid is not None:
        raise InputError(
            f"The tracker {tracker!r} compares no appearance: leave out --reid, or "
            "choose one that does, such as deepsort."
        )
    if found.make_public is None and public is not None:
        raise InputError(
            f"The tracker {tracker!r} has no mode for public boxes: leave out "
            "--public, or choose centertrack."
        )
