"""Output filters."""

import numpy as np

from cstrack_bench.structures import Tracks
from cstrack_bench.tracking.filters import CENTERTRACK, OutputFilter
from cstrack_bench.tracking.tracker_registry import make_filter


def tracks(*sides: tuple[float, float]) -> Tracks:
    boxes = np.array([[5.0, 5.0, 5 + w, 5 + h] for w, h in sides]).reshape(-1, 4)
    return Tracks(np.arange(1, len(sides) + 1), boxes, np.ones(len(sides)))


def test_small_and_wide_boxes_are_dropped_and_counted() -> None:
    keep = OutputFilter()
    # 10×10 is exactly 100 px² and goes; 6:10 is exactly 0.6 and stays.
    shown = keep.apply(tracks((20, 60), (10, 10), (30, 50), (31, 50), (2, 3)))
    assert shown.ids.tolist() == [1, 3]
    assert keep.dropped == {"area": 2, "aspect": 1}
    keep.apply(tracks((31, 50)))
    assert keep.dropped == {"area": 2, "aspect": 2}


def test_boxes_turned_inside_out_are_small() -> None:
    keep = OutputFilter()
    assert len(keep.apply(tracks((-20, -60), (20, -60), (0, 0)))) == 0
    assert keep.dropped == {"area": 3, "aspect": 0}


def test_turned_inside_out_on_one_side_is_dropped_and_thin_is_not() -> None:
    keep = OutputFilter(CENTERTRACK)
    shown = keep.apply(tracks((-20, 60), (20, -60), (0, 60), (20, 0), (0.5, 60)))
    assert shown.ids.tolist() == [5]
    assert keep.dropped == {"area": 4, "aspect": 0}


def test_an_empty_frame_passes() -> None:
    assert len(OutputFilter().apply(tracks())) == 0


def test_each_tracker_has_its_filter() -> None:
    shown = tracks((10, 15), (40, 40))
    assert len(make_filter("cstrack").apply(shown)) == 0
    assert make_filter("jde").apply(shown).ids.tolist() == [2]
    assert make_filter("iou").config == make_filter("cstrack").config
    assert make_filter("cstrack", max_aspect=1.0).apply(shown).ids.tolist() == [1, 2]
