"""FairMOT and CenterTrack against recorded outputs of their official code."""

from collections.abc import Callable, Iterator
from pathlib import Path

from parity_checks import Check, failure, guarded

from rival_parity import (
    decoding,
    end_to_end,
    geometry,
    losses,
    networks,
    samples,
    trackers,
)

PREFIXES = ("fairmot_", "centertrack_", "center_", "deformable_")
LAYOUT = "state_dict_layout.json"

KINDS: dict[str, Callable[[Path], Iterator[Check]]] = {
    "center_geometry": geometry.shared,
    "deformable_conv": geometry.deformable,
    "fairmot_network": networks.fairmot,
    "centertrack_network": networks.centertrack,
    "fairmot_targets": samples.fairmot_targets,
    "centertrack_targets": samples.centertrack_targets,
    "fairmot_augment": samples.fairmot_augment,
    "centertrack_colour": samples.centertrack_colour,
    "fairmot_loss": losses.fairmot,
    "centertrack_loss": losses.centertrack,
    "fairmot_decode": decoding.fairmot,
    "centertrack_decode": decoding.centertrack,
    "fairmot_tracker": trackers.fairmot,
    "centertrack_tracker": trackers.centertrack,
    "fairmot_end_to_end": end_to_end.fairmot,
    "centertrack_end_to_end": end_to_end.centertrack,
}


def check_rivals(folder: Path) -> Iterator[Check]:
    """Every check that the folder's files of ``PREFIXES`` allow."""
    files = sorted(path for path in folder.iterdir() if path.name.startswith(PREFIXES))
    for path in files:
        kind = next((kind for kind in KINDS if path.stem.startswith(kind)), None)
        if path.suffix == ".npz" and kind is not None:
            yield from guarded(path.stem, KINDS[kind](path))
        else:
            yield failure(path.name, "no check is known for a file of this name.")
    layout = folder / LAYOUT
    if layout.is_file():
        yield from guarded(layout.stem, networks.layout(layout))
