"""``cstrack upper-bound`` from the command line, on a few synthetic frames."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.cli.upper_bound import _plan
from cstrack_bench.errors import InputError
from tests.worlds import walkers, write_world


def call(folder: Path, *arguments: str) -> Any:
    places = ("--data", str(folder / "data"), "--results", str(folder / "results"))
    return CliRunner().invoke(app, ["upper-bound", *arguments, *places])


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("bound")
    options = ("--profile", "smoke", "--rows", "2,3", "--jobs", "1", "--ladder")
    done = call(folder, "--gt", *options, "--json")
    assert done.exit_code == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_without_ground_truth_there_is_no_bound(tmp_path: Path) -> None:
    done = call(tmp_path)
    assert isinstance(done.exception, InputError)
    assert "--gt" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_records_have_variants_and_losses_of_both_parts(
    measured: tuple[Path, Any],
) -> None:
    for record in measured[1]["records"]:
        told = [(v["part"], v["filter"]) for v in record["variants"]]
        assert told == [(p, f) for p in ("train", "val") for f in ("on", "off")]
        assert {row["rule"] for row in record["losses"]} >= {"birth delay"}
        # As printed: the frames trained on, without the aspect filter.
        trained = record["variants"][1]["scores"]
        assert record["scores"]["overall"]["MOTA"] == pytest.approx(trained["MOTA"])


def test_the_ladder_is_written_with_its_provenance(measured: tuple[Path, Any]) -> None:
    folder, document = measured
    path = folder / "results" / "smoke" / "table8" / "ladder.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written == document["ladder"]
    assert written["provenance"]["code"]
    assert written["data"]["held_out"] is True
    assert [(s["row"], s["boxes_of"]) for s in written["systems"]] == [
        (2, "CSTrack"),
        (3, "CSTrack"),
    ]
    hashes = [record["run"]["hash"] for record in document["records"]]
    assert [system["run"] for system in written["systems"]] == hashes
    for system in written["systems"]:
        usual, *_, with_truth = system["rows"]
        assert set(usual["differences"].values()) == {0}
        assert with_truth["boxes"] == "ground truth"
        assert with_truth["scores"]["MOTA"] > usual["scores"]["MOTA"]
    assert str(folder) not in path.read_text(encoding="utf-8")


def test_a_second_call_measures_nothing_and_prints(measured: tuple[Path, Any]) -> None:
    folder, _ = measured
    options = ("--gt", "--profile", "smoke", "--rows", "3", "--jobs", "1")
    done = call(folder, *options, "--dataset", "synthmot", "--ladder")
    assert done.exit_code == 0, done.stderr
    assert "measured before" in done.stderr
    for words in ("Table VIII", "birth delay", "held out", "IoU only", "detection"):
        assert words in done.stdout


def test_deepsort_alone_has_no_boxes_of_its_own(measured: tuple[Path, Any]) -> None:
    options = ("--gt", "--profile", "smoke", "--rows", "2", "--jobs", "1", "--ladder")
    done = call(measured[0], *options)
    assert isinstance(done.exception, InputError)
    assert "--rows 2,3" in str(done.exception)


def plan(root: Path, dataset: str | None, profile: str | None = None) -> Any:
    return _plan("table8", dataset, root, profile, None, 1, [])


def pictured(folder: Path) -> None:
    """A sequence whose one picture is never read."""
    write_world(folder, walkers(2, 8))
    (folder / "img1").mkdir()
    (folder / "img1" / "000001.jpg").write_bytes(b"")


def test_a_named_data_set_is_measured_under_a_profile_that_goes_with_it(
    tmp_path: Path,
) -> None:
    pictured(tmp_path / "mot16" / "train" / "MOT16-02")
    found = plan(tmp_path, "mot16")
    assert found.profile == "real"
    # All that is here: the same runs as without a name.
    assert {run.label for run in found.runs} == {"real"}
    assert found.runs == plan(tmp_path, None, "real").runs
    assert plan(tmp_path, "synthmot").profile == "twin"
    smoke = plan(tmp_path, "synthmot", "smoke")
    assert smoke.runs == plan(tmp_path, None, "smoke").runs


@pytest.mark.parametrize("other", ["mot20/train/MOT20-01", "mot15/train/TUD-Campus"])
def test_one_of_two_data_sets_makes_other_runs(tmp_path: Path, other: str) -> None:
    pictured(tmp_path / "mot16" / "train" / "MOT16-02")
    pictured(tmp_path / other)
    found = plan(tmp_path, "mot16")
    assert {run.settings.data.dataset for run in found.runs} == {"mot16"}
    assert {run.label for run in found.runs} == {"custom"}


def test_under_paper_mot16_is_the_printed_protocol_and_no_other_data_set_is(
    tmp_path: Path,
) -> None:
    (printed, *_) = plan(tmp_path, "mot16", "paper").runs
    assert printed.label == "paper"
    assert printed.settings.test_data.dataset == "mot16"
    (other, *_) = plan(tmp_path, "mot20", "paper").runs
    assert other.label == "custom"
    assert other.settings.data.dataset == other.settings.test_data.dataset == "mot20"
    assert other.settings.measure.part == "train"


def test_a_data_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = call(tmp_path, "--gt", "--dataset", "mot16")
    assert isinstance(done.exception, InputError)
    assert "mot16" in str(done.exception)
