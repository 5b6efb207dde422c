"""Recipes: what they resolve to, what they refuse."""

from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.recipe_files import list_tables
from cstrack_bench.experiments.recipes import PROFILES, load_recipe
from cstrack_bench.experiments.settings import build_settings


@pytest.mark.parametrize("table", list_tables())
@pytest.mark.parametrize("profile", PROFILES)
def test_every_row_of_every_table_resolves(table: str, profile: str) -> None:
    recipe = load_recipe(table)
    runs = recipe.runs(profile)
    assert [run.row for run in runs] == list(recipe.rows)
    assert {run.label for run in runs} == {profile}


def test_the_rows_of_table_two_are_what_the_paper_says() -> None:
    rows = {run.row: run.settings.model for run in load_recipe("table2").runs("paper")}
    assert {k: m.ren for k, m in rows.items()} == {
        1: "self",
        2: "cross",
        3: "fixed",
        4: "full",
        5: "none",
        6: "cnn3x3",
    }
    assert rows[3].ren_lambda == 0.5
    # Nothing but REN differs.
    from dataclasses import replace

    assert len({replace(m, ren="full") for m in rows.values()}) == 1


def test_the_paper_profile_is_the_papers_protocol() -> None:
    settings = load_recipe("table2").runs("paper")[0].settings
    assert settings.data.input_size == "1088x608"
    assert settings.data.split == "half/official"
    assert (settings.train.epochs, settings.train.batch) == (30, 8)
    assert settings.train.optimizer == "sgd"
    assert settings.loss.identity == 0.02


def test_the_two_implementations_differ_where_the_reference_says() -> None:
    official = build_settings({})
    paper = build_settings({"implementation": "paper"})
    assert (official.train.lr, paper.train.lr) == (5e-3, 5e-4)
    assert (official.loss.neighbours, paper.loss.neighbours) == (True, False)
    assert paper.model.ren_input_projection
    assert not official.model.ren_input_projection


def test_an_explicit_value_beats_the_implementation() -> None:
    settings = build_settings({"implementation": "paper", "train": {"lr": 0.1}})
    assert settings.train.lr == 0.1


def test_a_changed_setting_makes_the_run_custom() -> None:
    recipe = load_recipe("table2")
    changed = recipe.runs("twin", [4], overrides=["train.epochs=99"])[0]
    assert (changed.label, changed.settings.train.epochs) == ("custom", 99)
    same = recipe.runs("twin", [4], overrides=["model.size=n"])[0]
    assert same.label == "twin"


def test_nested_settings_reach_the_synthetic_world() -> None:
    run = load_recipe("table2").runs(
        "twin", [1], overrides=["data.synth.config.people=3", "model.size=s"]
    )[0]
    assert run.settings.data.synth.config.people == 3
    assert run.settings.model.width == 0.5


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.epoch=3", "train.epochs"),
        ("trian.epochs=3", "train"),
        ("model.rne=full", "model.ren"),
        ("model.ren=nothing", "model.ren"),
        ("model.size=xl", "size|'xl'"),
        ("train.epochs=many", "train.epochs"),
        ("train.epochs=0", "at least 1"),
        ("track.name=botsort", "botsort"),
        ("data.synth.config.peple=3", "people"),
        ("data.synth.config.people=-3", "people"),
        ("implementation=mine", "official"),
        ("train.epochs", "key=value"),
        ("train=3", "mapping"),
    ],
)
def test_wrong_settings_are_named(override: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        load_recipe("table2").runs("twin", overrides=[override])
    assert "\n" not in str(error.value)


def test_unknown_table_row_and_profile() -> None:
    with pytest.raises(InputError, match="table2"):
        load_recipe("tabel2")
    with pytest.raises(InputError, match="not 9"):
        load_recipe("table2").runs("twin", [9])
    with pytest.raises(InputError, match="twin"):
        load_recipe("table2").runs("twinn")
    with pytest.raises(InputError, match="seeds"):
        load_recipe("table2").runs("twin", seeds=0)


def test_a_recipe_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("profiles: {}\n", encoding="utf-8")
    (tmp_path / "table9.yaml").write_text(
        "modle: {size: n}\nrows: {1: {name: x}}\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"modle.*model"):
        load_recipe("table9", tmp_path).runs("paper")
    (tmp_path / "broken.yaml").write_text("rows: [", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        load_recipe("broken", tmp_path)


def _write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_profile_of_a_table_or_row_holds_for_those_that_extend_it(
    tmp_path: Path,
) -> None:
    _write(
        tmp_path,
        "base",
        "profiles: {twin: {model: {size: n}, train: {epochs: 3}},"
        " smoke: {extends: twin, train: {epochs: 1}}}",
    )
    _write(
        tmp_path,
        "table9",
        "profiles: {twin: {nms: {iou: 0.3}}}\n"
        "rows: {1: {name: x, profiles: {twin: {loss: {box: 0.5}}}}}",
    )
    recipe = load_recipe("table9", tmp_path)
    for profile, epochs in (("twin", 3), ("smoke", 1)):
        settings = recipe.runs(profile)[0].settings
        assert (settings.nms.iou, settings.loss.box) == (0.3, 0.5)
        assert settings.train.epochs == epochs
    plain = recipe.runs("paper")[0].settings
    assert (plain.nms.iou, plain.loss.box) == (0.6, 0.05)


def test_a_system_brings_its_own_settings_and_the_row_wins(tmp_path: Path) -> None:
    _write(tmp_path, "base", "systems: {jde: {nms: {kind: iou, iou: 0.4}}}")
    _write(
        tmp_path,
        "table9",
        "rows:\n"
        "  1: {name: x, model: {system: jde}}\n"
        "  2: {name: y, model: {system: jde}, nms: {iou: 0.5}}\n"
        "  3: {name: z}",
    )
    runs = load_recipe("table9", tmp_path).runs("paper")
    found = [(run.settings.nms.kind, run.settings.nms.iou) for run in runs]
    assert found == [("iou", 0.4), ("iou", 0.5), ("cluster_diou", 0.6)]
    assert runs[0].settings.system == "jde"


def test_a_row_starts_from_the_shared_detector_or_from_another_row() -> None:
    twin = load_recipe("table2").runs("twin", [4], seeds=2)
    starts = [run.start for run in twin]
    assert all(start is not None for start in starts)
    # It stands for COCO weights, which are the same for every seed.
    assert starts[0].settings == starts[1].settings  # type: ignore[union-attr]
    assert starts[0].seed == starts[1].seed == 0  # type: ignore[union-attr]
    assert starts[0].settings.loss.identity == 0  # type: ignore[union-attr]
    assert load_recipe("table2").runs("paper", [4])[0].start is None
    fine = load_recipe("hieve").runs("twin", [6])[0]
    assert fine.start is not None
    assert (fine.start.table, fine.start.row, fine.start.seed) == ("table4", 4, 0)


def test_a_row_cannot_start_from_itself(tmp_path: Path) -> None:
    _write(tmp_path, "base", "profiles: {}")
    _write(tmp_path, "table9", "rows: {1: {name: x, init: {row: 'table9:1'}}}")
    with pytest.raises(InputError, match="itself"):
        load_recipe("table9", tmp_path).runs("paper")


def test_rows_that_start_from_each_other_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, "base", "profiles: {}")
    _write(
        tmp_path,
        "table9",
        "rows: {1: {init: {row: 'table9:2'}}, 2: {init: {row: 'table9:1'}}}",
    )
    with pytest.raises(InputError, match="which starts from it"):
        load_recipe("table9", tmp_path).runs("paper")


def test_a_row_may_be_told_to_start_from_another_of_its_system() -> None:
    recipe = load_recipe("table2")
    run = recipe.runs("twin", [5], overrides=["init.row=table2:4"])[0]
    assert run.start is not None
    assert (run.start.table, run.start.row) == ("table2", 4)
    with pytest.raises(InputError, match="nothing in common"):
        recipe.runs("twin", [5], overrides=["init.row=table1:1"])


def test_deepsort_gets_a_detector_where_boxes_are_looked_for() -> None:
    two_stage = load_recipe("table7").runs("twin", [1])[0]
    assert two_stage.settings.system == "deepsort"
    assert two_stage.detector is not None
    assert two_stage.detector.settings.system == "cstrack"
    given = load_recipe("table8").runs("twin", [2])[0]
    assert given.settings.system == "deepsort"
    assert given.detector is None


def test_a_file_to_start_from_is_recorded_by_its_name_alone() -> None:
    settings = build_settings({"init": {"weights": "/some/where/yolov5{size}.pt"}})
    assert settings.init.weights == "/some/where/yolov5l.pt"
    assert settings.as_dict()["init"]["weights"] == "yolov5l.pt"
