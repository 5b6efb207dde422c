"""A user's own recipes: rows beside those of a table, from a folder of the user's."""

import csv
import json
import shutil
import sys
from pathlib import Path

import pytest

from cstrack_bench.cli.app import main
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.plan import make_plan
from cstrack_bench.experiments.recipe_files import read_recipe_files
from cstrack_bench.experiments.recipes import PROFILES, load_recipe

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "recipes"


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    """The recipes of the documentation, in a folder of a user."""
    return shutil.copytree(EXAMPLE, tmp_path / "recipes")


def write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["cstrack", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


@pytest.mark.parametrize("profile", PROFILES)
def test_own_rows_come_after_those_of_the_table(recipes: Path, profile: str) -> None:
    own, table = load_recipe("mine", recipes), load_recipe("table2")
    runs = own.runs(profile)
    assert [r.row for r in runs] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [r.settings for r in runs[:6]] == [r.settings for r in table.runs(profile)]
    assert {r.settings.model.ren for r in runs[6:]} == {"cnn1x1", "cnn_pooled1x1"}
    assert {(r.table, r.paper_table, r.label) for r in runs} == {
        ("mine", "table2", profile)
    }
    assert {r.paper_table for r in table.runs(profile)} == {None}


def test_a_recipe_may_extend_one_beside_it_and_change_a_profile(recipes: Path) -> None:
    write(
        recipes,
        "longer",
        "extends: mine\n"
        "profiles: {twin: {train: {epochs: 6}}}\n"
        "rows: {9: {name: x, init: {row: 'mine:7'}, model: {ren: cnn1x1}}}",
    )
    recipe = load_recipe("longer", recipes)
    assert (recipe.paper_table, list(recipe.rows)) == ("table2", [*range(1, 10)])
    (run,) = recipe.runs("twin", [9])
    assert run.settings.train.epochs == 6
    assert run.start is not None
    assert (run.start.table, run.start.row) == ("mine", 7)
    assert run.start.settings.train.epochs == 4


def test_a_system_of_the_table_brings_its_settings_to_own_rows(tmp_path: Path) -> None:
    write(tmp_path, "mine", "extends: table1\nrows: {9: {model: {system: jde}}}")
    (run,) = load_recipe("mine", tmp_path).runs("twin", [9])
    assert (run.settings.track.name, run.settings.nms.kind) == ("jde", "iou")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("mine", "extends: table2\nrows: {4: {name: x}}", "row 4 is one of those"),
        ("mine", "extends: tabel2\nrows: {7: {name: x}}", "'table2'"),
        ("mine", "extends: ../table2\nrows: {7: {name: x}}", "'../table2'"),
        ("mine", "extends: mine\nrows: {7: {name: x}}", "extends itself"),
        ("mine", "extends: table2", "no rows"),
        ("mine", "extends: table2\nrows: {seven: {name: x}}", "'seven'"),
        ("mine", "extends: table2\nrows: {7: bigger}", "'bigger'"),
        ("mine", "extends: table2\nrows: [7]", "mappings"),
        ("table3", "extends: table2\nrows: {7: {name: x}}", "rename the file"),
        ("all", "extends: table2\nrows: {7: {name: x}}", "rename the file"),
    ],
)
def test_what_is_no_recipe_is_said(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    write(tmp_path, name, text)
    with pytest.raises(InputError, match=message) as error:
        load_recipe(name, tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["../mine", "/etc/passwd", "a/b", "Mine", "mine.yaml", "mine 7", ""]
)
def test_a_recipe_is_named_by_a_word_and_never_by_a_path(
    recipes: Path, name: str
) -> None:
    with pytest.raises(InputError, match="--recipes"):
        read_recipe_files(name, recipes)


def test_a_recipe_that_is_not_there_is_said(tmp_path: Path, recipes: Path) -> None:
    with pytest.raises(InputError, match="the nearest is 'mine'"):
        load_recipe("mien", recipes)
    with pytest.raises(InputError, match="No recipe for 'base'"):
        load_recipe("base", recipes)
    with pytest.raises(InputError, match="No such folder of recipes"):
        load_recipe("mine", tmp_path / "recipies")
    (tmp_path / "bare").mkdir()
    with pytest.raises(InputError, match="holds no recipe"):
        load_recipe("table2", tmp_path / "bare")


def test_a_recipe_beside_no_table_has_nothing_to_be_printed_with(
    tmp_path: Path,
) -> None:
    write(tmp_path, "mine", "rows: {1: {name: x}}")
    with pytest.raises(InputError, match="extends: table2"):
        make_plan("mine", tmp_path, "smoke", recipes=tmp_path)


def test_an_own_row_is_trained_measured_and_printed_beside_the_paper(
    tmp_path: Path,
    recipes: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    results = tmp_path / "results"
    folders = ("--data", str(tmp_path / "data"), "--results", str(results))
    small = ("--profile", "smoke", "--recipes", str(recipes), *folders)
    run(monkeypatch, "train", "mine:7", *small)
    run(monkeypatch, "reproduce", "mine", "--rows", "7", "--jobs", "1", *small)
    printed = capsys.readouterr().out
    assert "Table II + mine" in printed
    assert any(
        line.split()[:2] == ["7", "a"] and "1×1 CNN" in line
        for line in printed.splitlines()
    )
    record = json.loads((results / "smoke/mine/row7/seed0.json").read_text("utf-8"))
    assert (record["run"]["table"], record["run"]["paper_table"]) == ("mine", "table2")
    assert record["recipe"]["model"]["ren"] == "cnn1x1"
    with (results / "smoke" / "mine.csv").open(encoding="utf-8") as file:
        rows = {row["row"]: row for row in csv.DictReader(file)}
    assert rows["4"]["MOTA paper"] == "66.0"
    assert (rows["7"]["MOTA paper"], rows["7"]["status"]) == ("—", "measured")
    assert "## Table II + mine" in (
        tmp_path / "results" / "smoke" / "README.md"
    ).read_text("utf-8")
    # The folder can be named once for all, and the record is found again.
    monkeypatch.setenv("CSTRACK_RECIPES", str(recipes))
    run(
        monkeypatch,
        *("reproduce", "mine", "--rows", "7", "--profile", "smoke"),
        *folders,
    )
    assert "row 7 seed 0 measured before" in " ".join(capsys.readouterr().err.split())
