"""Every row of every table runs from end to end, on a few synthetic frames."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.experiments.recipe_files import list_tables
from cstrack_bench.experiments.recipes import load_recipe
from cstrack_bench.files import sha256
from cstrack_bench.formats.track_archives import read_track_archive

FOLDERS = ("--data", "data", "--results", "results")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("all")
    command = [sys.executable, "-m", "cstrack_bench", "reproduce", "all"]
    done = subprocess.run(
        [*command, "--profile", "smoke", *FOLDERS],
        cwd=place,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=590,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return place


@pytest.fixture(scope="module")
def records(folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    found = {}
    for path in folder.glob("results/smoke/table*/row*/seed0.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        found[record["run"]["table"], record["run"]["row"]] = record
    return found


Records = dict[tuple[str, int], dict[str, Any]]


def test_no_row_is_missing(records: Records) -> None:
    expected = {(t, row) for t in list_tables() for row in load_recipe(t).rows}
    assert set(records) == expected
    assert len(list_tables()) == 8
    assert all(record["scores"]["overall"]["GT"] > 0 for record in records.values())


def test_each_row_is_its_own_network_and_no_others(records: Records) -> None:
    def weights(table: str, row: int) -> str:
        return str(records[table, row]["model"]["weights_sha256"])

    # One run in print is one run here …
    assert weights("table2", 4) == weights("table3", 6) == weights("table5", 8)
    assert weights("table1", 5) == weights("table4", 3)
    assert weights("table1", 1) == weights("table4", 1) == weights("table6", 13)
    assert weights("table2", 4) == weights("table8", 3)
    # … and no other row is.
    for table in ("table1", "table2", "table3", "table4", "table5", "table8"):
        rows = [row for name, row in records if name == table]
        assert len({weights(table, row) for row in rows}) == len(rows), table


def test_systems_are_what_the_rows_say(records: Records) -> None:
    systems = {key: r["recipe"]["model"]["system"] for key, r in records.items()}
    jde = {key for key, system in systems.items() if system == "jde"}
    tables = {("table1", 1), ("table4", 1), ("table7", 2), ("table8", 1)}
    assert jde == tables | {("table6", row) for row in (13, 23, 27)}
    two_stage = {key for key, system in systems.items() if system == "deepsort"}
    assert two_stage == {("table7", 1), ("table8", 2)}


def test_every_training_has_its_curve(records: Records) -> None:
    for (table, row), record in records.items():
        curve = record["training"]["curve"]
        epochs = record["training"]["epochs"]
        assert [one["epoch"] for one in curve] == list(range(epochs + 1))
        assert curve[-1]["loss"] == record["training"]["loss"], (table, row)
    start, *_, end = records["table2", 4]["training"]["curve"]
    assert start["relation_weights"] == [[0.5, 0.5]] * 3
    assert end["relation_weights"] != start["relation_weights"]


def test_fine_tuning_starts_from_another_row(records: Records) -> None:
    start = records["table7", 6]["training"]["start"]
    assert start == records["table4", 4]["training"]["hash"]
    # Everything but the classifier, which lives in the loss.
    assert records["table7", 6]["training"]["tensors_from_start"] > 300
    before = records["table4", 4]["training"]["identities"]
    assert records["table7", 6]["training"]["identities"] != before


def test_ground_truth_boxes_are_measured_in_variants(records: Records) -> None:
    for row in (1, 2, 3):
        variants = records["table8", row]["variants"]
        found = {(variant["part"], variant["filter"]) for variant in variants}
        assert found == {(p, f) for p in ("train", "val") for f in ("on", "off")}
        assert records["table8", row]["losses"]


def test_every_run_keeps_its_tracks_and_says_which(
    folder: Path, records: Records
) -> None:
    """Also where an equal run of another row was measured in its place."""
    for (table, row), record in records.items():
        kept = record["tracks"]
        archive = folder / f"results/smoke/{table}/row{row}" / kept["file"]
        assert kept["file"] == "seed0.tracks.zip"
        assert sha256(archive) == kept["sha256"]
        tables = read_track_archive(archive)
        names = set(record["scores"]["sequences"])
        assert set(tables) == names | {f"baselines/iou/{name}" for name in names}
        assert sum(len(tables[name]) for name in names) == kept["boxes"]


def test_kept_tracks_are_evaluated_without_a_network(
    folder: Path, records: Records
) -> None:
    """Table VIII, whose boxes are given, so that there are tracks to score."""
    world = next((folder / "data" / "synthmot").glob("*/train")).parent
    for row in (1, 2, 3):
        record = records["table8", row]
        assert record["tracks"]["boxes"] > 20
        archive = folder / f"results/smoke/table8/row{row}/seed0.tracks.zip"
        options = ("--dataset", "synthmot", "--subset", "train", "--json")
        names = ("--sequences", ",".join(record["scores"]["sequences"]))
        command = ["evaluate", str(archive), *options, *names, "--data", str(world)]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.stderr
        again = json.loads(done.stdout)["overall"]
        for key, value in record["scores"]["overall"].items():
            # MOT files keep three decimals of a pixel.
            assert again[key] == pytest.approx(value, abs=0.02), key


def test_every_table_is_written(folder: Path) -> None:
    page = (folder / "results/smoke/README.md").read_text(encoding="utf-8")
    for number in ("I", "II", "III", "IV", "V", "VI", "VII", "VIII"):
        assert f"## Table {number}:" in page
    for table in list_tables():
        assert (folder / f"results/smoke/{table}.csv").is_file()
