"""``cstrack bench fps``: what is timed, what is planted, what is written."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import open_sequence
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.speed.frame_times import (
    DROPPED,
    FrameTimes,
    Runner,
    Scene,
    Way,
    time_frames,
)
from cstrack_bench.stopwatch import STAGES
from cstrack_bench.systems.system import Inference
from cstrack_bench.systems.weights import save_weights
from tests.datasets.miniatures import sequence

SIZE = (96, 160)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "MOT17-02-SDP"
    sequence(folder, frames=DROPPED + 3)
    return folder


def test_random_weights_find_the_people_whatever_the_way(source: Path) -> None:
    scene = Scene(open_sequence(source), SIZE, people=9)
    ways = [
        Way("cstrack", "n", Inference("plain")),
        Way("cstrack", "n", Inference("fused")),
        Way("jde", "n", Inference("fused", "bfloat16")),
    ]
    plain, fused, jde = time_frames(scene, ways, CPU)
    assert len(plain.boxes) == 3
    assert plain.boxes == fused.boxes
    # Of 10 people a tenth is missed, and some stand outside or behind each other.
    assert 4 <= min(plain.boxes) <= max(plain.boxes) <= 12
    assert min(jde.boxes) >= 4
    assert (plain.tracker, jde.tracker) == ("cstrack", "jde")
    for times in (plain, fused, jde):
        assert list(times.stages) == list(STAGES)
        for name, stage in times.stages.items():
            assert len(stage) == 3
            assert all(wall > 0 for wall, _ in stage), name
        assert times.fps(("forward",)) > times.fps(STAGES)


def test_plain_and_fused_give_planted_boxes_one_embedding(source: Path) -> None:
    scene = Scene(open_sequence(source), SIZE, people=9)
    boxes = np.array([[20.0, 10, 40, 60], [90, 20, 120, 90]])
    found = [
        Runner(Way("cstrack", "n", Inference(path)), scene, CPU).take(
            scene.sequence.frame(0), boxes
        )
        for path in ("plain", "fused")
    ]
    assert len(found[0]) == len(found[1]) == 2
    assert np.array_equal(found[0].boxes, found[1].boxes)
    assert found[0].embeddings is not None
    assert found[1].embeddings is not None
    # Random weights spread rounding further than trained ones: both paths lie this far
    # from what float64 computes. tests/detection has the network that was recorded.
    assert np.abs(found[0].embeddings - found[1].embeddings).max() < 1e-3


def test_totals_are_of_the_frames_stages() -> None:
    times = FrameTimes(Way("cstrack", "n", Inference()), "cstrack", [1, 1])
    times.stages = {"decode": [(4.0, 1.0)] * 2, "forward": [(10.0, 2.0), (30.0, 3.0)]}
    assert times.total(("decode", "forward")) == [14.0, 34.0]
    assert times.total(("forward",), cpu=True) == [2.0, 3.0]
    assert times.fps(("forward",)) == pytest.approx(50.0)


QUICK = ["--model", "n", "--size", "160x96", "--boxes", "6", "--device", "cpu"]


def bench(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["bench", "fps", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_what_is_written_says_what_it_is(source: Path, tmp_path: Path) -> None:
    out = bench(*QUICK, "--source", source, "--results", tmp_path, "--json")
    document = json.loads(out)
    rows = document["rows"]
    names = [(row["system"], row["inference"]) for row in rows]
    assert names == [
        ("cstrack", "plain"),
        ("jde", "plain"),
        ("cstrack", "fused"),
        ("jde", "fused"),
    ]
    assert rows[0]["to_plain_wall"] == rows[0]["to_plain_cpu"] == 1
    assert rows[0]["to_jde"] == pytest.approx(
        rows[0]["fps_paper_scope"] / rows[1]["fps_paper_scope"], rel=0.02
    )
    assert "to_jde" not in rows[1]
    assert document["printed_ratio_to_jde"] == 0.87
    assert (document["frames"], document["dropped_first_frames"]) == (3, DROPPED)
    assert document["weights"] == "random"
    assert document["provenance"]["torch"] == torch.__version__
    ms = rows[0]["ms"]
    assert ms["end_to_end"]["wall_p50"] > ms["paper"]["wall_p50"] > 0
    (written,) = (tmp_path / "speed").glob("*.json")
    assert "160x96-b1-t1" in written.name
    assert json.loads(written.read_text()) == document
    table = list(csv.DictReader(written.with_suffix(".csv").open()))
    assert [row["inference"] for row in table] == ["plain", "plain", "fused", "fused"]
    assert float(table[0]["forward_ms"]) == ms["forward"]["wall_p50"]


def test_given_weights_are_timed_beside_a_jde_that_finds_the_same(
    source: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "w.safetensors"
    torch.manual_seed(0)
    save_weights(weights, "cstrack", CSTrack(make_config("n")), {})
    arguments = [*QUICK, "--source", source, "--weights", weights]
    out = bench(*arguments, "--inference", "fused", "--results", tmp_path)
    assert "as the weights" in out
    assert "jde n" in out
    assert "written:" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--boxes", "0"], "--boxes is 0"),
        (["--threads", "0"], "--threads is 0"),
        (["--size", "100x100"], "multiples of 32"),
        (["--weights", "w.safetensors"], "give --source"),
        (["--inference", "fusd"], "'fused'"),
        (["--dtype", "float23"], "'float32'"),
        (["--system", "deepsort"], "does not find boxes by anchors"),
        (["--system", "fairmot"], "does not find boxes by anchors"),
        (["--frames", "2"], "2 frames"),
        (["--model", "xs"], "no size 'xs': give --no-jde"),
    ],
)
def test_wrong_use_is_one_sentence(
    source: Path, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    given = ["--source", source, "--results", tmp_path]
    if "--weights" in arguments:
        given = []
    with pytest.raises(InputError, match=sentence):
        bench(*QUICK, *given, *arguments)
    assert not (tmp_path / "speed").exists()
