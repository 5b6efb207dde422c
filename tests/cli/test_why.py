"""`cstrack why`, on fake runs: the chain behind a cell, and what two runs differ in."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cstrack_bench.cli.app import main
from cstrack_bench.files import sha256
from cstrack_bench.formats.track_archives import write_track_archive
from cstrack_bench.structures import TrackTable
from tests.report.fakes import changed, fake_records, planted_records, write_fakes

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def why(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """``cstrack why … --results`` of fake runs: exit code, stdout and stderr."""
    write_fakes(tmp_path, fake_records(rows=(4, 5, 6)))
    monkeypatch.setenv("COLUMNS", "400")

    def run(*arguments: object) -> tuple[int, str, str]:
        command = ["cstrack", "why", *map(str, arguments), "--results", str(tmp_path)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_the_tree_has_the_whole_chain(why: Run) -> None:
    code, out, err = why("table2/4/IDF1")
    assert (code, err) == (0, "")
    expected = (
        *("table2/4/IDF1", "in print: 70.7", "(3 seeds)", "profile twin"),
        *("④ − ⑤: IDF1 +2.0 in print", "95 % interval", "is negligible"),
        *("seed 1:", "twin/table2/row4/seed1.json", "identity fake41"),
        *("weights fake", "checkpoint last (not here)", "git 0123456789ab"),
        *("cpu: FAKE CPU, 2 threads", "torch 0.0-fake"),
        *("measured: 2 sequences, 200 frames, hash fake-val", "epochs: 1"),
        *("fake component: version 1", "FAKE-01:", "FAKE-02:"),
    )
    for text in expected:
        assert text in out, text


def test_json_has_every_seed_and_the_numbers_behind_a_verdict(why: Run) -> None:
    code, out, _ = why("table2/4/ID Sw.", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["cell"] == "table2/4/IDSW"
    assert document["printed"]["text"] == "535"
    assert [run["seed"] for run in document["runs"]] == [0, 1, 2]
    values = [run["value"] for run in document["runs"]]
    assert document["ours"]["mean"] == pytest.approx(sum(values) / 3)
    by_sequence = document["sequences"]
    for number, run in enumerate(document["runs"]):
        parts = [values[str(number)] for values in by_sequence.values()]
        assert sum(parts) == run["value"]
        assert run["record"]["schema"] == 2
    # Of the sentences about row 4, one speaks of switches.
    pairs = {(one["first"], one["second"]) for one in document["directions"]}
    assert pairs == {(4, 1)}
    document = json.loads(why("table2/4/IDF1", "--json")[1])
    against = next(d for d in document["directions"] if d["second"] == 5)
    assert against["low"] <= against["ours"] <= against["high"]
    assert against["seeds"] == 3


def test_one_seed_and_an_unprinted_score(why: Run) -> None:
    code, out, _ = why("table2/4/HOTA", "--seed", 2, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["printed"] is None
    assert [run["seed"] for run in document["runs"]] == [2]
    assert document["ours"]["n"] == 3
    assert all(set(values) == {"2"} for values in document["sequences"].values())


def test_a_row_without_runs_says_why(why: Run) -> None:
    code, out, _ = why("table2/1/MOTA")
    assert code == 0
    assert "in print: 65.3" in out
    assert "ours: none (not run)" in out
    assert "① − ⑤: MOTA" in out


def test_a_printed_number_that_cannot_be_right_names_its_erratum(why: Run) -> None:
    from cstrack_bench.paper.errata import load_errata

    cell = next(e.cells[0] for e in load_errata() if e.withdraws and e.cells)
    _, out, _ = why(cell, "--json")
    document = json.loads(out)
    assert document["printed"]["erratum"] in {e.id for e in load_errata()}
    assert document["printed"]["erratum"] in why(cell)[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["table2/4"], "named TABLE/ROW/METRIC such as table2/4/IDF1"),
        (["tabel2/4/IDF1"], "No table 'tabel2'; the nearest is 'table2'"),
        (["table2/44/IDF1"], "44"),
        (["table2/4/IDF2"], "no column 'IDF2'; the nearest is 'IDF1'"),
        (["table2/4/IDF1", "--profile", "twn"], "No profile 'twn'; the nearest is"),
        (["table2/4/IDF1", "--seed", "7"], "has no seed 7 under twin (there: 0, 1, 2)"),
        ([], "Name one cell such as table2/4/IDF1, or two runs"),
        (["table2/4/IDF1", "--diff", "a", "b"], "Name one cell"),
        (["--diff", "table2/4", "table2/x"], "named TABLE/ROW such as table2/4"),
        (["--diff", "table2/4", "table2/1"], "No run of table2/1"),
        (["--diff", "table2/4", "absent.json"], "absent.json is not a run's record"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    why: Run, arguments: list[str], sentence: str
) -> None:
    code, out, err = why(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_what_two_rows_differ_in(why: Run, tmp_path: Path) -> None:
    changes = {
        "recipe": {"size": "n", "train": {"epochs": 2}},
        "run__components": {"fake component": 2, "more": 1},
        "provenance__torch": "0.1-fake",
        "data__train__hash": "other-train",
    }
    records = [changed(r, **changes) for r in fake_records(rows=(5,))]
    write_fakes(tmp_path, records)
    code, out, _ = why("--diff", "table2/4", "table2/5", "--json")
    document = json.loads(out)
    assert code == 0

    def rows(part: str) -> dict[str, tuple[str, str]]:
        return {d["name"]: (d["first"], d["second"]) for d in document[part]}

    assert rows("settings") == {"train.epochs": ("1", "2")}
    assert rows("data") == {"train.hash": ("fake-train", "other-train")}
    assert rows("components")["fake component"] == ("version 1", "version 2")
    assert rows("components")["more"] == ("absent", "version 1")
    assert rows("environment") == {"torch": ("0.0-fake", "0.1-fake")}
    scores = {one["metric"]: one for one in document["scores"]}
    mota = scores["MOTA"]
    assert mota["difference"] == pytest.approx(mota["first"] - mota["second"])
    assert mota["low"] < mota["difference"] < mota["high"]
    _, screen, _ = why("--diff", "table2/4", "table2/5")
    assert "train.epochs 1 → 2" in screen
    assert "fake component version 1 → version 2" in screen


def test_scores_of_other_frames_are_shown_and_not_subtracted(
    why: Run, tmp_path: Path
) -> None:
    other = [changed(r, data__val__hash="other") for r in fake_records((5,), (0,))]
    write_fakes(tmp_path / "more", other)
    files = [
        tmp_path / "twin/table2/row4/seed0.json",
        tmp_path / "more/twin/table2/row5/seed0.json",
    ]
    code, out, _ = why("--diff", *files, "--json")
    document = json.loads(out)
    assert code == 0
    assert "differ in frames measured (hash)" in document["not_subtracted_because"]
    assert all(score["difference"] is None for score in document["scores"])
    assert "not subtracted:" in why("--diff", *files)[1]


def test_kept_tracks_are_named_and_held_against_their_hash(
    why: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "twin/table2/row4"
    archive = folder / "seed0.tracks.zip"
    write_track_archive(archive, {"FAKE-01": TrackTable.empty()})
    kept = {"file": archive.name, "sha256": sha256(archive), "boxes": 0}
    (record,) = planted_records(4, 100, 1, 2, 1.0, tracks=kept)
    write_fakes(tmp_path, [record])
    for seed in (1, 2):
        (folder / f"seed{seed}.json").unlink()
    _, out, _ = why("table2/4/MOTA")
    assert f"tracks {sha256(archive)[:12]}, seed0.tracks.zip (beside it)" in out
    archive.write_bytes(b"other")
    _, out, _ = why("table2/4/MOTA")
    assert "seed0.tracks.zip (not here, or others)" in out
