"""The stopwatch: sums within a frame, percentiles over frames, a null that is free."""

import time

import pytest

from cstrack_bench.stopwatch import NULL, Stopwatch, percentile


def test_a_stage_entered_twice_is_summed_within_its_frame() -> None:
    watch = Stopwatch()
    for _ in range(2):
        with watch("nms"):
            time.sleep(0.002)
    watch.next_frame()
    assert len(watch.frames) == 1
    assert watch.summary()["nms"]["wall_ms_p50"] >= 4.0


def test_summary_drops_the_warm_up_and_orders_stages() -> None:
    watch = Stopwatch()
    for wall in (9.0, 0.001, 0.003):
        watch.frames.append({"write": (wall, 0.0), "forward": (wall, wall / 2)})
    summary = watch.summary(drop=1)
    assert list(summary) == ["forward", "write"]
    assert summary["forward"] == pytest.approx(
        {"wall_ms_p50": 2.0, "wall_ms_p95": 2.9, "cpu_ms_p50": 1.0}
    )


def test_dropping_every_frame_keeps_them_all() -> None:
    watch = Stopwatch()
    watch.frames.append({"forward": (0.001, 0.001)})
    assert watch.summary(drop=5)["forward"]["wall_ms_p50"] == pytest.approx(1.0)


def test_a_stage_counts_only_the_frames_it_ran_in() -> None:
    watch = Stopwatch()
    watch.frames += [{"a": (0.001, 0.0)}, {}, {"a": (0.003, 0.0)}]
    assert watch.summary()["a"]["wall_ms_p50"] == pytest.approx(2.0)


def test_time_is_kept_when_the_stage_fails() -> None:
    watch = Stopwatch()
    with pytest.raises(KeyError), watch("forward"):
        raise KeyError
    watch.next_frame()
    assert "forward" in watch.summary()


def test_the_null_stopwatch_keeps_nothing() -> None:
    with NULL("forward"), NULL("forward"):
        pass
    NULL.next_frame()
    assert NULL.frames == []
    assert NULL.summary() == {}


def test_percentile_of_one_value() -> None:
    assert percentile([3.0], 95) == 3.0
