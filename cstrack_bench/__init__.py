"""Benchmark and reproduction suite for CSTrack, the one-shot multi-object tracker.

What stands in ``__all__`` is the stable Python interface; it is imported when it is
first used, so that ``import cstrack_bench`` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cstrack_bench.api import (
        evaluate,
        load_detector,
        open_sequence,
        read_tracks,
        track,
        write_tracks,
    )
    from cstrack_bench.evaluation.scores import Evaluation
    from cstrack_bench.formats.sequences import Sequence
    from cstrack_bench.structures import Detections, Tracks, TrackTable
    from cstrack_bench.tracking.tracker_registry import make_tracker

__all__ = [
    "Detections",
    "Evaluation",
    "Sequence",
    "TrackTable",
    "Tracks",
    "evaluate",
    "load_detector",
    "make_tracker",
    "open_sequence",
    "read_tracks",
    "track",
    "write_tracks",
]
__version__ = "0.2.0"

_MODULES = {
    "Detections": "structures",
    "Evaluation": "evaluation.scores",
    "Sequence": "formats.sequences",
    "TrackTable": "structures",
    "Tracks": "structures",
    "make_tracker": "tracking.tracker_registry",
}


def __getattr__(name: str) -> object:
    """Import what is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES.get(name, 'api')}")
    found: object = getattr(module, name)
    return found
