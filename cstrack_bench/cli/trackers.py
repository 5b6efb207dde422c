"""The option ``--tracker`` of several verbs, and the list of what it takes."""

from typing import Annotated

import typer

from cstrack_bench import console


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


Tracker = Annotated[
    str,
    typer.Option(
        "--tracker",
        help="A name that `cstrack track --list-trackers` prints, or a tracker of your "
        "own as package.module:TRACKER or folder/file.py:TRACKER.",
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
