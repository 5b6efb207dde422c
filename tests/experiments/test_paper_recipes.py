"""Each printed row that can be run is a recipe, and is what the paper says it is."""

from pathlib import Path
from typing import Any

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.recipe_files import list_tables
from cstrack_bench.experiments.recipes import PROFILES, Run, load_recipe
from cstrack_bench.models.jde_config import JdeConfig
from cstrack_bench.paper.claims import load_table, table_names


def rows(table: str, profile: str = "paper", *overrides: str) -> dict[int, Run]:
    """Row number -> its run with seed 0."""
    runs = load_recipe(table).runs(profile, overrides=overrides)
    return {run.row: run for run in runs}


def models(table: str, profile: str = "paper") -> dict[int, Any]:
    """Row number -> the network's configuration."""
    return {row: run.settings.model for row, run in rows(table, profile).items()}


def test_every_printed_table_has_a_recipe_and_the_other_way_round() -> None:
    assert (
        set(list_tables()) == set(table_names()) == {f"table{n}" for n in range(1, 9)}
    )


@pytest.mark.parametrize("table", table_names())
@pytest.mark.parametrize("profile", PROFILES)
def test_the_rows_that_can_be_run_are_the_recipes(table: str, profile: str) -> None:
    assert tuple(rows(table, profile)) == load_table(table).ours


@pytest.mark.parametrize("profile", ["paper", "twin", "smoke"])
def test_components_of_table_one(profile: str) -> None:
    found = models("table1", profile)
    assert isinstance(found.pop(1), JdeConfig)
    assert {row: (m.ren, m.reid_head) for row, m in found.items()} == {
        2: ("none", "basic"),
        3: ("full", "basic"),
        4: ("none", "saan"),
        5: ("full", "saan"),
    }


def test_attention_of_table_three() -> None:
    found = models("table3")
    assert found.pop(8).reid_head == "basic"
    assert {k: (m.level_attention, m.fused_attention) for k, m in found.items()} == {
        1: ("none", "none"),
        2: ("spatial", "none"),
        3: ("channel", "none"),
        4: ("both", "none"),
        5: ("spatial", "spatial"),
        6: ("spatial", "channel"),
        7: ("spatial", "both"),
    }
    assert all(m.ren == "full" for m in models("table3").values())


def test_attention_is_where_the_print_has_a_tick() -> None:
    """Table III's recipe against the ticks in its own printed row."""
    columns = ("Each resolution", "concatenate")
    for row in load_table("table3").rows[:-1]:
        model = models("table3")[row.number]
        for place, value in zip(
            columns, (model.level_attention, model.fused_attention), strict=True
        ):
            ticks = (bool(row.cells[f"{place} {kind}"]) for kind in ("SAM", "CAM"))
            names = {
                (False, False): "none",
                (True, False): "spatial",
                (False, True): "channel",
                (True, True): "both",
            }
            assert value == names[tuple(ticks)]


def test_weights_of_table_five_are_the_printed_ones() -> None:
    printed = [float(row.cells["η"]) for row in load_table("table5").rows]
    found = [run.settings.loss.identity for run in rows("table5").values()]
    assert found == printed


def test_mixes_of_table_four() -> None:
    found = {
        row: [part.dataset for part in run.settings.data.mix]
        for row, run in rows("table4").items()
    }
    six = ["caltech", "citypersons", "cuhk-sysu", "prw", "eth"]
    assert found == {1: six, 2: [], 3: six, 4: [*six, "crowdhuman"]}
    learnt = {p.dataset for p in rows("table4")[4].settings.data.mix if p.identities}
    assert learnt == {"caltech", "cuhk-sysu", "prw"}


def test_twin_mixes_are_worlds_of_their_own() -> None:
    found = rows("table4", "twin")
    mixes = {row: run.settings.data.mix for row, run in found.items()}
    assert [len(mixes[row]) for row in (2, 3, 4)] == [0, 2, 3]
    assert mixes[4][:2] == mixes[3]
    assert [part.identities for part in mixes[4]] == [True, False, False]
    for part in mixes[4]:
        assert part.synth.train_sequences * part.synth.config.frames == 240
    # What is tested on is the same in each row.
    assert (
        len({(r.settings.data.synth, r.settings.data.split) for r in found.values()})
        == 1
    )


def test_a_mix_can_be_set_by_name() -> None:
    changed = rows("table2", "twin", "data.mix=B")[4]
    assert changed.label == "custom"
    assert changed.settings.data.mix == rows("table4", "twin")[4].settings.data.mix
    with pytest.raises(InputError, match="No mix 'Q'"):
        rows("table2", "twin", "data.mix=Q")


def test_table_six_is_measured_on_the_data_set_of_its_row() -> None:
    names = {"MOT16": "mot16", "MOT17": "mot17", "MOT20": "mot20"}
    table = load_table("table6")
    for number, run in rows("table6").items():
        settings = run.settings
        assert settings.test_data.dataset == names[table.row(number).group]
        label = table.row(number).label
        assert (settings.system, settings.size, len(settings.data.mix)) == {
            "JDE": ("jde", "l", 5),
            "FairMOTv2": ("fairmot", "l", 5),
            "CenterTrack": ("centertrack", "l", 0),
            "CSTrack": ("cstrack", "l", 6),
            "CSTrack-S": ("cstrack", "s", 6),
        }[label]


def test_a_network_of_table_six_is_trained_once_for_all_data_sets() -> None:
    for profile in ("paper", "twin", "smoke"):
        found = rows("table6", profile)
        trios = ((13, 23, 27), (14, 24, 28), (15, 25, 29), (16, 26, 30))
        for trio in trios:
            trained = [found[row].settings.training_dict() for row in trio]
            assert trained[0] == trained[1] == trained[2]
    assert rows("table6", "twin")[30].settings.size == "xs"
    crowd = rows("table6", "twin")[29].settings.test_data.synth.config
    usual = rows("table6", "twin")[25].settings.test_data.synth.config
    assert crowd.people >= 2 * usual.people


def test_hieve_starts_from_other_rows_with_a_tenth_of_the_rate() -> None:
    assert any("a tenth" in words for words in load_table("table7").caveats["all"])
    for profile in ("paper", "twin", "smoke"):
        found = rows("table7", profile)
        starts = {
            row: run.start and (run.start.table, run.start.row)
            for row, run in found.items()
            if row != 1
        }
        assert starts == {
            2: ("table1", 1),
            3: ("table6", 24),
            4: ("table6", 22),
            6: ("table4", 4),
        }
        for row in starts:
            first = found[row].start
            assert first is not None
            usual = first.settings.train.lr
            assert found[row].settings.train.lr == pytest.approx(usual / 10)
    assert rows("table7")[6].settings.data.dataset == "hieve"
    assert load_recipe("hieve").table == "table7"


def test_table_eight_is_association_alone() -> None:
    for profile in PROFILES:
        for run in rows("table8", profile).values():
            assert run.settings.measure.boxes == "ground_truth"
            if profile != "paper":
                assert run.settings.measure.part == "train"
            # No person is a thousand times as wide as high.
            assert run.settings.track.filter["max_aspect"] >= 1000
    systems = {row: r.settings.system for row, r in rows("table8").items()}
    assert systems == {1: "jde", 2: "deepsort", 3: "cstrack"}
    assert rows("table8", "real")[1].settings.system == "cstrack"


def test_table_eight_under_paper_is_the_printed_protocol() -> None:
    """All of MOT16 train, by networks that were trained on all of MOT17 train."""
    for run in rows("table8").values():
        trained, measured = run.settings.data, run.settings.measure
        assert (trained.dataset, trained.split) == ("mot17", "full")
        assert measured.part == "val"
        assert measured.data is not None
        assert (measured.data.dataset, measured.data.split) == ("mot16", "full")


def test_held_out_frames_of_table_eight_take_the_networks_of_table_two() -> None:
    """The command that recipes/table8.yaml and the table's caveat give."""
    command = (
        "data.split=half/official",
        "measure.part=val",
        "measure.data=null",
    )
    (caveat,) = load_table("table8").caveats["paper"]
    assert all(f"--set {setting}" in caveat for setting in command)
    held_out = rows("table8", "paper", *command)
    assert {run.label for run in held_out.values()} == {"custom"}
    for run in held_out.values():
        assert run.settings.test_data.split == "half/official"
        assert run.settings.measure.part == "val"
    networks = [r.settings.training_dict() for r in (held_out[3], rows("table2")[4])]
    assert networks[0] == networks[1]


def test_a_jde_style_head_stands_for_jde_on_two_cores() -> None:
    real = models("table8", "real")[1]
    assert (real.ren, real.reid_head) == ("none", "basic")


@pytest.mark.parametrize(
    "same",
    [
        [("table2", 4), ("table3", 6), ("table5", 8), ("table4", 2)],
        [("table1", 1), ("table4", 1), ("table6", 23)],
        [("table1", 5), ("table4", 3)],
        [("table4", 4), ("table6", 25)],
    ],
)
def test_rows_that_are_one_run_in_print_are_one_run_here(
    same: list[tuple[str, int]],
) -> None:
    for profile in ("paper", "twin", "smoke"):
        settings = [rows(table, profile)[row].settings for table, row in same]
        assert all(other == settings[0] for other in settings[1:])


def test_twin_measures_mot16_and_mot17_once() -> None:
    found = rows("table6", "twin")
    for one, other in ((13, 23), (15, 25), (16, 26)):
        assert found[one].settings == found[other].settings


@pytest.mark.parametrize("table", table_names())
def test_other_rows_of_a_table_are_different_runs(table: str) -> None:
    if table == "table6":
        return  # MOT16 and MOT17 are one in twin: see above
    for profile in ("paper", "twin", "smoke"):
        settings = [run.settings for run in rows(table, profile).values()]
        for index, one in enumerate(settings):
            assert one not in settings[:index]


@pytest.mark.parametrize("table", table_names())
def test_smoke_is_tiny(table: str) -> None:
    for run in rows(table, "smoke").values():
        settings = run.settings
        worlds = [settings.data.synth, *(part.synth for part in settings.data.mix)]
        worlds += [settings.test_data.synth]
        assert settings.test_data.synth.test_sequences == 1
        for spec in worlds:
            assert spec.config.frames <= 8
            assert spec.train_sequences <= 4
        assert settings.train.epochs == 1
        assert sum(w.train_sequences * w.config.frames for w in worlds) <= 32


@pytest.mark.parametrize("table", table_names())
def test_titles_and_names_are_those_of_print(table: str) -> None:
    recipe, paper = load_recipe(table), load_table(table)
    assert recipe.title == paper.title
    for number, (name, _) in recipe.rows.items():
        row = paper.row(number)
        assert name == ", ".join(filter(None, (row.label, row.group)))


def test_a_recipe_of_ones_own_has_its_own_title_and_names(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "extends: table2\ntitle: wider\nrows:\n"
        "  7: {name: mine, model: {ren_lambda: 0.3}}\n"
        "  8: {model: {ren_lambda: 0.4}}\n",
        encoding="utf-8",
    )
    recipe = load_recipe("mine", tmp_path)
    assert recipe.title == "wider"
    names = {number: name for number, (name, _) in recipe.rows.items()}
    assert names[4] == load_table("table2").row(4).label
    assert (names[7], names[8]) == ("mine", "row 8")
