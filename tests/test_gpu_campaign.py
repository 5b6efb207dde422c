"""scripts/gpu_campaign.sh: its pure parts, and all of it, tiny, on the processor."""

import csv
import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gpu_campaign import __main__, machine, rows, scale, speed, views
from gpu_campaign.budget import Budget, TimeIsUp, interrupting
from gpu_campaign.campaign import Options
from gpu_campaign.journal import Journal
from torch import nn

from cstrack_bench.detection.nms import NmsConfig, suppress
from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.speed import planted
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.training.checkpoint import Position

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "gpu_campaign.sh"
SIZE = (192, 320)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_budget_keeps_its_reserve_and_a_part_ends_no_later() -> None:
    clock = Clock()
    budget = Budget(60, reserve=10, clock=clock)
    half, most = budget.part(0.5), budget.part(0.99)
    clock.now += 20
    assert (budget.left(), half.left(), most.left()) == (30, 10, 30)
    clock.now += 40
    assert budget.left() < 0


def test_what_outlasts_the_budget_is_interrupted() -> None:
    def forever() -> None:
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # as a library might
                continue

    with pytest.raises(TimeIsUp), interrupting(Budget(0.05, reserve=0)):
        forever()


def people() -> np.ndarray:
    return np.array(
        [[20, 30, 40, 80], [100, 40, 180, 190], [250, 20, 262, 50]], np.float64
    )


@pytest.fixture(scope="module")
def network() -> CSTrack:
    torch.manual_seed(0)
    return CSTrack(make_config("n", ren="none")).eval()


def test_suppression_leaves_one_planted_box_a_person(network: CSTrack) -> None:
    anchors = network.anchors.double().numpy()
    row, value = planted.candidates(people(), anchors, network.strides, SIZE, 0)
    assert len(row) == len(set(row.tolist()))
    assert len(row) == 3 * 3 * len(people())
    both = planted.Planted(network, [(torch.from_numpy(row), torch.from_numpy(value))])
    with torch.inference_mode():
        output = both(torch.rand(1, 3, *SIZE))
        decoded = both.decode(output.raw)[0]
    kept, source = suppress(decoded, NmsConfig())
    assert set(source) <= set(row)
    order = np.argsort(kept[:, 0])
    assert len(kept) == len(people())
    assert np.abs(kept[order, :4] - people()).max() < 20


def test_candidates_lie_in_the_cells_that_hold_them(network: CSTrack) -> None:
    anchors = network.anchors.double().numpy()
    box = np.array([[100.0, 60, 108, 80]])  # small: P3, centre in column 13, row 8
    row, _ = planted.candidates(box, anchors, network.strides, SIZE, 0)
    height, width = SIZE[0] // 8, SIZE[1] // 8
    own = [(anchor * height + 8) * width + 13 for anchor in range(3)]
    assert set(own) < set(row.tolist())
    assert row.max() < 3 * height * width


@pytest.mark.parametrize(
    "box", [[400.0, 10, 420, 60], [50, 50, 50, 90], [-60, 10, -20, 90]]
)
def test_nobody_outside_the_picture_is_planted(
    network: CSTrack, box: list[float]
) -> None:
    anchors = network.anchors.double().numpy()
    row, value = planted.candidates(np.array([box]), anchors, network.strides, SIZE, 0)
    assert (row.shape, value.shape) == ((0,), (0, 6))


def test_calibration_gives_a_deep_network_its_images_statistics() -> None:
    torch.manual_seed(0)
    layers = [
        layer
        for _ in range(12)
        for layer in (nn.Conv2d(8, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU())
    ]
    deep = nn.Sequential(nn.Conv2d(3, 8, 1), *layers[:-1])
    for module in deep:
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=0.02)
    images = torch.rand(4, 3, 48, 48)
    with torch.no_grad():
        fading = deep.eval()(images).std()
    planted.calibrate(deep, images)
    with torch.no_grad():
        spread = deep(images).std()
    assert float(fading) < 1e-3
    assert not deep.training
    assert 0.5 < float(spread) < 2
    assert deep[2].momentum == 0.1


def cell(network: str, precision: str, fps: float) -> dict[str, Any]:
    times = {"wall_ms_p50": 5.0, "wall_ms_p95": 6.0, "cpu_ms_p50": 5.0}
    return {
        **dict.fromkeys(views.PLAIN, 1),
        "network": network,
        "precision": precision,
        "layout": "contiguous",
        "input": "320x192",
        "fps": fps,
        "fps_paper_scope": fps,
        "stages": {"forward": times, "nms": times},
    }


def test_ratios_are_to_the_first_network_in_the_same_cell() -> None:
    measured = [
        cell("JDE", "float32", 20.0),
        cell("CSTrack", "float32", 30.0),
        cell("CSTrack", "float16", 50.0),
    ]
    speed.add_ratios(measured, "JDE")
    assert [c["ratio_to_first"] for c in measured] == [1.0, 1.5, None]


def test_the_speed_table_names_the_hardware_in_every_line() -> None:
    measured = [cell("JDE", "float32", 20.0), cell("CSTrack", "float16", 30.0)]
    text = views.speed_csv(measured, {"cpu": "Some CPU", "torch": "2.4"}, "JDE")
    lines = list(csv.DictReader(text.splitlines()))
    assert [line["device"] for line in lines] == ["Some CPU"] * 2
    assert lines[1]["forward ms p95"] == "6.0"
    assert "ratio to JDE" in lines[0]


def test_the_frames_that_are_dropped_do_not_count() -> None:
    watch = Stopwatch()
    watch.frames = [
        {"preprocess": (wall, wall), "forward": (3 * wall, wall)}
        for wall in (9.0, 0.01, 0.01)
    ]
    found = speed.summarise(watch, 1)
    assert found["frames"] == 2
    assert found["fps"] == 25.0
    assert found["fps_paper_scope"] == pytest.approx(1 / 0.03, abs=0.01)
    assert found["frame_ms_p50"] == 40.0


def test_no_tf32_on_the_processor_and_all_cells_of_a_precision_together() -> None:
    tiny = scale.tiny(2)
    found = list(speed.cells(tiny, torch.device("cpu")))
    assert {precision for _, precision, _ in found} == {
        "float32",
        "float16",
        "bfloat16",
    }
    together = [(p, layout) for _, p, layout in found][:: len(tiny.networks)]
    assert len(together) == len(set(together)) == 6


@pytest.mark.parametrize("size", ["s", "l"])
def test_full_size_rows_are_runs_of_table_2(size: str) -> None:
    runs = rows.runs(scale.full(16), size, torch.device("cpu"))
    assert [run.row for run in runs] == [4, 5, 1, 2, 3, 6]
    for run in runs:
        assert run.settings.data.size == (608, 1088)
        assert run.settings.size == size
        assert run.label == "custom"
        assert run.start is not None
        assert run.start.settings.loss.identity == 0
    assert runs[0].settings.data.synth.train_sequences == 16


def test_more_cores_change_the_amount_of_data_within_limits() -> None:
    counts = [scale.full(cores).train_sequences for cores in (2, 16, 200)]
    assert counts == [8, 16, 32]


@pytest.mark.parametrize("text", ["", ",", "s,s"])
def test_sizes_are_refused_unless_each_is_named_once(text: str) -> None:
    with pytest.raises(InputError, match="--size"):
        scale.sizes(text)


@pytest.mark.parametrize(
    ("free", "expected"), [(None, 14), (10**10, 14), (350, 3), (10, 0)]
)
def test_readers_fit_in_the_shared_memory(free: int | None, expected: int) -> None:
    assert machine.readers(14, 20, free) == expected


def test_a_gpus_line_is_read_and_another_querys_is_not() -> None:
    line = "NVIDIA H100 80GB HBM3, 580.1, 81559 MiB, 700 W, 345, 2619, 1980, 2619, 31"
    found = machine.parse_clocks(line + "\nanother GPU\n")
    assert found is not None
    assert found["driver_version"] == "580.1"
    assert machine.parse_clocks("No devices were found\n") is None
    assert machine.slug({"gpu": found["name"]}) == "nvidia-h100-80gb-hbm3"


OPTIONS = {"device": "cpu", "tiny": True, "sizes": ["n"], "cores": 2}


def test_a_curve_has_no_rate_for_the_epoch_it_came_into(tmp_path: Path) -> None:
    clock = Clock()
    journal = Journal.start(tmp_path, OPTIONS)
    run = rows.runs(scale.tiny(2), "n", torch.device("cpu"))[0]
    for fresh, first in ((True, 1), (False, 2)):
        curve = rows.Curve(run, fresh, journal.note_epoch, clock)
        for epoch in (first, first + 1):
            clock.now += 2
            curve(Position(epoch=epoch, iteration=10 * epoch, losses={"box": 0.5}))
    points = Journal.resume(tmp_path).document["trainings"][rows.title(run)]
    assert [p["epoch"] for p in points] == [1, 2, 3]
    assert [p["images_per_s"] for p in points] == [20.0, None, 20.0]


def test_a_campaign_is_neither_overwritten_nor_continued_from_nothing(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match="not a campaign to go on with"):
        Journal.resume(tmp_path)
    Journal.start(tmp_path, OPTIONS).save()
    with pytest.raises(InputError, match="--resume"):
        Journal.start(tmp_path, OPTIONS)
    (tmp_path / "campaign.json").write_text("{}")
    with pytest.raises(InputError, match="not a campaign to go on with"):
        Journal.resume(tmp_path)


def asked(**given: Any) -> Namespace:
    return Namespace(**{"device": None, "tiny": False, "size": None, **given})


def test_a_campaign_goes_on_with_its_own_options() -> None:
    began = Options.chosen(asked(device="cpu", tiny=True), None)
    assert began.sizes == ("n",)
    assert Options.chosen(asked(), began.as_dict()) == began
    with pytest.raises(InputError, match="--size"):
        Options.chosen(asked(size="s"), began.as_dict())


def test_full_size_is_refused_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="--tiny"):
        Options.chosen(asked(), None)
    with pytest.raises(InputError, match="--tiny"):
        Options.chosen(asked(device="cpu"), None)


def test_missing_packages_are_named_before_anything_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__main__.NEEDED, "no_such_module", "no-such-package")
    assert __main__.main([str(tmp_path / "out"), "--device", "cpu", "--tiny"]) == 2
    assert "no-such-package" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), *map(str, arguments)],
        env={**os.environ, "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.mark.slow
def test_all_of_it_tiny_and_on_from_where_it_stopped(tmp_path: Path) -> None:
    """The first session's time ends somewhere; the second does what it left."""
    out = tmp_path / "out"
    first = command(out, "--device", "cpu", "--tiny", "--minutes", 0.65)
    assert first.returncode == 0, first.stderr
    document = json.loads((out / "campaign.json").read_text())
    left = {entry["what"] for entry in document["left_out"]}
    planned = 6 * 3 + 2
    done = len(document["speed"]["cells"]) + len(document["rows"])
    assert done + len(left) == planned

    second = command("--resume", out)
    assert second.returncode == 0, second.stderr
    document = json.loads((out / "campaign.json").read_text())
    assert document["left_out"] == []
    assert document["failed"] == []
    assert len(document["speed"]["cells"]) + len(document["rows"]) == planned
    assert [session["minutes"] for session in document["sessions"]] == [0.65, 5.0]
    assert document["sessions"][1]["ended"] == "all done"
    for row in document["rows"]:
        record = json.loads((out / row["record"]).read_text())
        assert record["data"]["input_size"] == "192x128"
        assert record["run"]["row"] == row["row"]
    for name in document["files"]:
        assert 0 < (out / name).stat().st_size < 16 * 2**20
    kinds = {Path(name).suffix for name in document["files"]}
    assert kinds == {".csv", ".png"}
    for found in document["speed"]["cells"]:
        assert found["fps"] > 0
        assert found["ratio_to_first"] is not None
        assert set(found["stages"]) == set(views.TIMED)

    third = command("--resume", out)  # nothing is left to do
    assert third.returncode == 0, third.stderr
    again = json.loads((out / "campaign.json").read_text())
    assert again["speed"]["cells"] == document["speed"]["cells"]

    refused = command(out, "--device", "cpu", "--tiny")
    assert refused.returncode == 2
    assert "--resume" in refused.stderr


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_all_of_it_tiny_on_a_gpu(tmp_path: Path) -> None:
    done = command(tmp_path / "out", "--tiny")
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "out" / "campaign.json").read_text())
    assert document["left_out"] == []
    assert document["failed"] == []
    assert {c["precision"] for c in document["speed"]["cells"]} >= {"tf32", "float16"}
    assert all(c["memory_peak_mb"] > 0 for c in document["speed"]["cells"])
    assert document["sessions"][0]["hardware"]["gpu"] in torch.cuda.get_device_name()
