"""`cstrack submit`, through the real program."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cstrack_bench.cli.app import main
from tests.submission.submissions import (
    MOT17,
    MOT20,
    contents,
    rows,
    write_results,
    write_zip,
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def submit(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Run:
    """Run ``cstrack submit …``; return exit code, stdout and stderr."""
    monkeypatch.delenv("CSTRACK_DATA", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cstrack", "submit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_a_round_trip_fills_the_cells(submit: Run, tmp_path: Path) -> None:
    write_results(tmp_path / "tracks", [f"{scene}-SDP" for scene in MOT17.scenes])
    code, out, err = submit("pack", "mot17", "--run", "tracks", "--output", "s.zip")
    assert (code, "MOT17 · 42 files, 252 rows" in out) == (0, True)
    assert "the results of MOT17-SDP are written for DPM, FRCNN, SDP" in err
    code, out, _ = submit("check", "s.zip", "--json")
    checked = json.loads(out)
    assert (code, checked["files"], checked["faults"]) == (0, 42, [])
    (tmp_path / "returned.csv").write_text(
        "MOTA,IDF1,MTR,MLR,FP,FN,IDSW\n74.8,72.2,41.4,17.6,23900,114600,3600\n"
    )
    ledger = tmp_path / "ledger" / "results"
    code, out, err = submit(
        *("import", "s.zip", "--as", "#CSTrack", "--by", "A. Tester"),
        *("--scores", "returned.csv", "--when", "2026-03-01", "--results", ledger),
    )
    assert (code, "#CSTrack on mot17 test: MOTA 74.8, IDF1 72.2" in out) == (0, True)
    assert "row 25 of Table VI" in err
    (file,) = (ledger / "server" / "mot17").iterdir()
    record = json.loads(file.read_text())
    assert record["zip_sha256"] == checked["sha256"]
    assert len(record["returned_sha256"]) == 64
    page = (ledger / "paper" / "README.md").read_text()
    assert "| 25 | CSTrack | 74.9 / 74.8 | 72.3 / 72.2 | 41.5 / 41.4 |" in page
    assert "23847 / 23900 | 114303 / 114600 | 3567 / 3600 |" in page
    assert str(tmp_path) not in page
    assert str(tmp_path) not in file.read_text()


def test_hieves_cells_of_table_seven_are_filled(submit: Run, tmp_path: Path) -> None:
    labels = tmp_path / "data" / "hieve" / "labels"
    for subset in ("train", "test"):
        (labels / subset / "track1").mkdir(parents=True)
    (labels / "test" / "track1" / "20.txt").write_text("1,1,0,0,9,9\n9,1,0,0,9,9\n")
    write_results(tmp_path / "tracks", ["20"])
    assert submit("pack", "hieve", "--run", "tracks")[0] == 0
    code, _, err = submit("check", "hieve.zip")
    assert (code, "say it with --benchmark" in err) == (2, True)
    assert submit("check", "hieve.zip", "--benchmark", "hieve")[0] == 0
    code, out, _ = submit(
        *("import", "hieve.zip", "--benchmark", "hieve", "--as", "CSTrack"),
        *("--by", "A", "--score", "MOTA=48.6", "--score", "IDF1=51.4", "--json"),
    )
    assert (code, json.loads(out)["server"]) == (0, "HiEve")
    page = (tmp_path / "results" / "paper" / "README.md").read_text()
    assert "| 6 | CSTrack | 48.6 / 48.6 | 51.4 / 51.4 |" in page


def test_a_refused_zip_is_exit_code_1_and_a_sentence_a_fault(
    submit: Run, tmp_path: Path
) -> None:
    files = contents(MOT20)
    files["MOT20-01.txt"] = rows().replace("2,1,", "2,2,").encode()
    del files["MOT20-04.txt"]
    write_zip(tmp_path / "s.zip", files)
    code, out, err = submit("check", "s.zip")
    assert code == 1
    assert out.splitlines() == [
        "s.zip lacks 1 of 4 test sequences: MOT20-04.",
        "s.zip: MOT20-01.txt, line 4 has id 2 in frame 2, as line 3 has.",
    ]
    assert err == "error: the MOTChallenge server would refuse s.zip: 2 faults.\n"
    code, out, err = submit("check", "s.zip", "--json")
    assert (code, len(json.loads(out)["faults"])) == (1, 2)


def test_a_file_that_is_no_zip_is_refused_not_misused(
    submit: Run, tmp_path: Path
) -> None:
    (tmp_path / "s.zip").write_text(rows())
    code, out, err = submit("check", "s.zip")
    assert (code, out) == (1, "")
    assert "is no zip archive" in err
    code, out, _ = submit("check", "s.zip", "--benchmark", "mot17")
    assert (code, "is no zip archive" in out) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "gone.zip"), "No such file: gone.zip"),
        (("check", "s.zip", "--benchmark", "mot15"), "No server takes 'mot15'"),
        (("pack", "mot20", "--run", "gone"), "No such file or folder: gone"),
        (("pack", "mot20", "--run", "empty"), "holds no result files"),
        (("pack", "mot20", "--run", "notes"), "neither a folder of result files nor"),
        (("pack", "mot20", "--run", "s.zip", "--output", "empty"), "is a folder"),
        (("import", "s.zip", "--as", "A", "--by", "B"), "Give the scores as a file"),
        (
            ("import", "s.zip", "--as", "A", "--by", "B", "--scores", "gone"),
            "Cannot read gone",
        ),
        (
            ("import", "s.zip", "--as", "A", "--by", "B", "--score", "MOTA"),
            "--score takes NAME=NUMBER",
        ),
        (
            (
                *("import", "s.zip", "--as", "A", "--by", "B", "--score", "MOTA=90"),
                *("--score", "FP=1", "--score", "FN=1", "--score", "IDSW=1"),
            ),
            "correct it, or keep it with --keep-inconsistent",
        ),
    ],
)
def test_wrong_use_is_one_sentence(
    submit: Run, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    write_zip(tmp_path / "s.zip", contents(MOT20))
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes").write_text("x")
    code, out, err = submit(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_what_does_not_add_up_can_be_kept(submit: Run, tmp_path: Path) -> None:
    write_zip(tmp_path / "s.zip", contents(MOT20))
    code, _, err = submit(
        *("import", "s.zip", "--as", "Mine", "--by", "B", "--score", "MOTA=90"),
        *("--score", "FP=1", "--score", "FN=1", "--score", "IDSW=1"),
        "--keep-inconsistent",
    )
    assert code == 0
    assert "kept although MOTA is 90, but FP, FN and IDSW" in err
    assert "a list under its table, no row of it" in err
    page = (tmp_path / "results" / "paper" / "README.md").read_text()
    assert "| Mine | mot20 | MOTChallenge | B |" in page


def test_pack_says_what_it_left_out_and_writes_json(
    submit: Run, tmp_path: Path
) -> None:
    write_results(tmp_path / "tracks", [*MOT20.lengths, "notes"])
    code, out, err = submit("pack", "mot20", "--results", "tracks", "--json")
    document = json.loads(out)
    assert (code, "left out: notes" in err) == (0, True)
    assert (document["zip"], document["files"]) == ("mot20.zip", 8)
    assert document["written_for_all"] is None
