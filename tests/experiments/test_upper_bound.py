"""What a tracker loses although every box is given: worlds where it can be counted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cstrack_bench.datasets.experiment_data import DataConfig, open_data
from cstrack_bench.experiments.settings import TrackConfig
from cstrack_bench.experiments.upper_bound import Bound, held_out, measure_bound
from cstrack_bench.structures import Frame
from cstrack_bench.tracking.association_speed import moving_pedestrians
from cstrack_bench.tracking.tracker_registry import make_tracker
from tests.worlds import Boxes, halves, walkers, write_world

STANDING = [100.0, 100.0, 40.0, 100.0]
WIDE = [400.0, 100.0, 100.0, 100.0]
SMALL = [700.0, 100.0, 6.0, 14.0]
FRAMES = 20  # two halves of ten
NOTHING = {"MOTA": 0, "IDF1": 0, "HOTA": 0, "boxes": 0, "FP": 0, "IDSW": 0}


class Alike:
    """Everybody has the same looks."""

    def __init__(self) -> None:
        self.looks = 0

    def embed(self, frame: Frame, boxes: np.ndarray) -> np.ndarray:
        self.looks += 1
        return np.ones((len(boxes), 4), np.float32)


def bound(
    folder: Path, people: Boxes, tracker: str = "cstrack", embedder: Any = None
) -> Bound:
    data = halves(write_world(folder / "world", people))
    return measure_bound(data, embedder, TrackConfig(tracker))


def lost(found: Bound, part: str = "val") -> dict[str, dict[str, Any]]:
    return {
        row.rule: {key: getattr(row, key) for key in NOTHING}
        for row in found.losses
        if row.part == part
    }


@pytest.mark.parametrize(
    ("tracker", "boxes"), [("cstrack", 1), ("jde", 1), ("deepsort", 2)]
)
def test_one_person_costs_the_frames_before_a_track_is_confirmed(
    tmp_path: Path, tracker: str, boxes: int
) -> None:
    found = bound(tmp_path, {1: [STANDING] * FRAMES}, tracker)
    for variant in found.variants:
        scores = variant.scores
        assert scores["MOTA"] == pytest.approx(100 - 10 * boxes)
        assert (scores["FN"], scores["FP"], scores["IDSW"]) == (boxes, 0, 0)
    for part in ("train", "val"):
        losses = lost(found, part)
        assert losses["birth delay"]["boxes"] == boxes
        assert losses["birth delay"]["MOTA"] == pytest.approx(10 * boxes)
        assert losses["all of these"] == losses["birth delay"]
        for rule in ("area filter", "aspect filter", "Kalman smoothing", "association"):
            assert losses[rule] == NOTHING


def test_the_variants_say_which_frames_they_are_of(tmp_path: Path) -> None:
    people = {1: [STANDING] * FRAMES, 2: [WIDE] * 15}
    found = bound(tmp_path, people)
    told = [(v.part, v.filter, v.name) for v in found.variants]
    assert told == [
        ("train", "on", "training frames, aspect filter on"),
        ("train", "off", "training frames, aspect filter off"),
        ("val", "on", "held-out frames, aspect filter on"),
        ("val", "off", "held-out frames, aspect filter off"),
    ]
    assert [v.scores["GT"] for v in found.variants] == [20, 20, 15, 15]
    # Reported from the second frame on, and not written when the filter is on.
    assert [v.dropped["aspect"] for v in found.variants] == [9, 0, 4, 0]
    assert [v.scores["FN"] for v in found.variants] == [11, 2, 6, 2]


def test_a_split_without_held_out_frames_has_training_frames_alone(
    tmp_path: Path,
) -> None:
    sequence = write_world(tmp_path / "world", {1: [STANDING] * FRAMES})
    data = halves(sequence)
    assert held_out(data)
    whole = type(data)("world", data.rules, "full", [sequence], [sequence])
    assert not held_out(whole)
    found = measure_bound(whole, None, TrackConfig())
    assert {v.part for v in found.variants} == {"train"}
    assert {row.part for row in found.losses} == {"train"}


def test_filters_cost_what_they_drop(tmp_path: Path) -> None:
    people = {1: [STANDING] * FRAMES, 2: [WIDE] * FRAMES, 3: [SMALL] * FRAMES}
    losses = lost(bound(tmp_path, people))
    boxes = {rule: row["boxes"] for rule, row in losses.items()}
    assert boxes == {
        "birth delay": 1,  # the births of the others would not be written anyway
        "area filter": 9,
        "aspect filter": 9,
        "Kalman smoothing": 0,
        "all of these": 21,
        "association": 0,
    }
    assert losses["area filter"]["MOTA"] == pytest.approx(100 * 9 / 30)


def test_a_sudden_step_is_lost_to_smoothing(tmp_path: Path) -> None:
    thin, aside = [100.0, 100.0, 20.0, 100.0], [124.0, 100.0, 20.0, 100.0]
    # In the last frame of each half, so that nothing comes after it.
    people = {1: ([thin] * 9 + [aside]) * 2}
    losses = lost(bound(tmp_path, people, embedder=Alike()))
    row = losses["Kalman smoothing"]
    assert (row["boxes"], row["FP"], row["IDSW"]) == (1, 1, 0)
    assert row["MOTA"] == pytest.approx(20.0)
    assert losses["association"] == NOTHING


def test_what_no_rule_explains_is_associations(tmp_path: Path) -> None:
    there = [600.0, 300.0, 40.0, 100.0]
    # Too far to be believed: a new track, so a second birth and an identity switch.
    people = {1: ([STANDING] * 5 + [there] * 5) * 2}
    losses = lost(bound(tmp_path, people))
    assert losses["birth delay"]["boxes"] == 2
    assert (losses["association"]["boxes"], losses["association"]["IDSW"]) == (0, 1)
    assert losses["association"]["MOTA"] == pytest.approx(10.0)
    total = losses["all of these"]["MOTA"] + losses["association"]["MOTA"]
    assert total == pytest.approx(30.0)


def test_embeddings_are_computed_once_a_frame(tmp_path: Path) -> None:
    embedder = Alike()
    bound(tmp_path, {1: [STANDING] * FRAMES}, embedder=embedder)
    assert embedder.looks == FRAMES


def test_a_tracker_without_a_rule_is_not_charged_for_it(tmp_path: Path) -> None:
    found = bound(tmp_path, {1: [STANDING] * FRAMES}, "iou")
    rules = {row.rule for row in found.losses}
    assert rules == {"area filter", "aspect filter", "all of these", "association"}
    assert lost(found)["association"]["boxes"] == 1


def test_the_trackers_own_options_and_filter_are_kept(tmp_path: Path) -> None:
    data = halves(write_world(tmp_path / "world", {1: [SMALL] * FRAMES}))
    track = TrackConfig(options={"report_unconfirmed": True}, filter={"min_area": 50.0})
    found = measure_bound(data, None, track)
    assert [v.scores["MOTA"] for v in found.variants] == [100.0] * 4


def test_a_recipe_without_aspect_limit_still_has_a_variant_with_it(
    tmp_path: Path,
) -> None:
    data = halves(write_world(tmp_path / "world", {1: [WIDE] * FRAMES}))
    free = TrackConfig(filter={"max_aspect": 1000.0})
    usual = measure_bound(data, None, TrackConfig())
    assert measure_bound(data, None, free) == usual
    assert [v.scores["FN"] for v in usual.variants] == [10, 1, 10, 1]


@pytest.mark.parametrize("tracker", ["cstrack", "jde", "deepsort"])
def test_switching_a_rule_off_changes_nobodys_match(tracker: str) -> None:
    frames = moving_pedestrians(12, 8, 40)

    def ids(**options: Any) -> list[list[int]]:
        one = make_tracker(tracker, 10, **options)
        return [one.update(frame).ids.tolist() for frame in frames]

    usual, raw, early = ids(), ids(report="detection"), ids(report_unconfirmed=True)
    assert raw == usual
    assert all(set(a) <= set(b) for a, b in zip(usual, early, strict=True))
    assert early[0] == list(range(1, len(frames[0]) + 1))


def test_real_frames_leave_little_to_lose(real_data: Path) -> None:
    config = DataConfig("mot16", sequences="MOT16-09")
    data = open_data(config, real_data / "mot16-half-res")
    for tracker in ("cstrack", "jde", "deepsort"):
        found = measure_bound(data, None, TrackConfig(tracker))
        off = [v.scores["MOTA"] for v in found.variants if v.filter == "off"]
        assert min(off) > 96


def test_walkers_who_cross_keep_most_of_their_points(tmp_path: Path) -> None:
    found = bound(tmp_path, walkers(8, 120), embedder=Alike())
    for part in ("train", "val"):
        losses = lost(found, part)
        assert 0 < losses["birth delay"]["boxes"] <= 24
        assert losses["association"]["FP"] == 0
