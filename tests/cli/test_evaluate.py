"""`cstrack evaluate`, through the real program."""

import csv
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cstrack_bench.cli.app import main
from cstrack_bench.evaluation import fast_scores

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cstrack(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program; return exit code, stdout and stderr."""
    monkeypatch.delenv("CSTRACK_DATA", raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cstrack", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


FRAMES = 10


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Two MOT17 sequences of one walker, and a tracker that loses it half-way."""
    for name in ("MOT17-02-SDP", "MOT17-04-SDP"):
        folder = tmp_path / "data" / "mot17" / "train" / name
        (folder / "gt").mkdir(parents=True)
        rows = [f"{f},1,0,0,10,20,1,1,1\n" for f in range(1, FRAMES + 1)]
        (folder / "gt" / "gt.txt").write_text("".join(rows))
        (folder / "seqinfo.ini").write_text(
            f"[Sequence]\nname={name}\nframeRate=30\nseqLength={FRAMES}\n"
            "imWidth=64\nimHeight=48\n"
        )
        results = tmp_path / "results"
        results.mkdir(exist_ok=True)
        rows = [f"{f},{1 + f // 6},0,0,10,20,1,-1,-1,-1\n" for f in range(1, 10)]
        (results / f"{name}.txt").write_text("".join(rows))
    return tmp_path


@pytest.fixture
def evaluate(cstrack: Run, world: Path) -> Run:
    """``cstrack evaluate RESULTS --dataset mot17 --data …`` in that world."""

    def run(results: str, *more: object) -> tuple[int, str, str]:
        known = ("--dataset", "mot17", "--data", world / "data")
        return cstrack("evaluate", world / results, *known, *more)

    return run


def test_json_is_one_document_with_the_agreed_keys(evaluate: Run) -> None:
    code, out, err = evaluate("results", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert set(document) == {"overall", "sequences"}
    assert set(document["sequences"]) == {"MOT17-02-SDP", "MOT17-04-SDP"}
    overall = document["overall"]
    assert (overall["GT"], overall["FN"], overall["IDSW"]) == (20, 2, 2)
    assert overall["MOTA"] == 80.0
    assert isinstance(overall["MT"], int)


def test_an_archive_of_files_scores_as_its_folder(evaluate: Run, world: Path) -> None:
    with zipfile.ZipFile(world / "seed0.tracks.zip", "w") as archive:
        for file in sorted((world / "results").iterdir()):
            archive.write(file, file.name)
            # A baseline's tracks of the same sequence are not the run's own.
            archive.writestr(f"baselines/iou/{file.name}", "")
    code, out, _ = evaluate("seed0.tracks.zip", "--json")
    assert code == 0
    assert json.loads(out) == json.loads(evaluate("results", "--json")[1])
    assert "seed0.tracks.zip on " in " ".join(evaluate("seed0.tracks.zip")[1].split())


def test_a_broken_archive_is_one_sentence(evaluate: Run, world: Path) -> None:
    (world / "broken.zip").write_bytes(b"PK\x03\x04")
    code, out, err = evaluate("broken.zip")
    assert (code, out) == (2, "")
    assert "broken.zip is not an archive of tracks" in err
    with zipfile.ZipFile(world / "wrong.zip", "w") as archive:
        archive.writestr("MOT17-02-SDP.txt", "1,1,0,0\n")
        archive.writestr("MOT17-04-SDP.txt", "")
    code, _, err = evaluate("wrong.zip")
    assert code == 2
    assert "wrong.zip/MOT17-02-SDP.txt, line 1: 4 columns" in err


def test_the_table_has_every_number_in_full(evaluate: Run) -> None:
    code, out, _ = evaluate("results")
    lines = [line.split() for line in out.splitlines() if line.strip()]
    heading = next(line for line in lines if line[0] == "sequence")
    overall = next(line for line in lines if line[0] == "OVERALL")
    row = dict(zip(heading, overall, strict=True))
    assert code == 0
    assert (row["MOTA"], row["IDSW"], row["FN"]) == ("80.000", "2", "2")
    assert row["IDF1"] == f"{100 * 20 / (18 + 20):.3f}"


def test_halves_score_only_the_second(evaluate: Run) -> None:
    _, out, _ = evaluate("results", "--split", "half/official", "--json")
    overall = json.loads(out)["overall"]
    assert (overall["GT"], overall["FN"], overall["IDSW"]) == (10, 2, 0)
    _, out, _ = evaluate("results", "--split", "half/bytetrack", "--json")
    assert json.loads(out)["overall"]["GT"] == 8


def test_a_single_file_is_its_own_sequence(evaluate: Run, world: Path) -> None:
    _, out, _ = evaluate("results/MOT17-04-SDP.txt", "--json")
    assert set(json.loads(out)["sequences"]) == {"MOT17-04-SDP"}
    (world / "results" / "MOT17-04-SDP.txt").rename(world / "mine.txt")
    code, _, err = evaluate("mine.txt", "--json")
    assert code == 2
    assert "--sequences NAME" in err
    _, out, _ = evaluate("mine.txt", "--sequences", "MOT17-04-SDP", "--json")
    assert set(json.loads(out)["sequences"]) == {"MOT17-04-SDP"}


def test_a_missing_file_is_named(evaluate: Run, world: Path) -> None:
    (world / "results" / "MOT17-04-SDP.txt").unlink()
    code, out, err = evaluate("results", "--json")
    assert (code, out) == (2, "")
    assert "lacks 1 of 2 result files: MOT17-04-SDP.txt" in err
    assert "it has 1, MOT17-02-SDP, which --sequences 'MOT17-02-SDP' evaluates" in err
    assert err.count("\n") == 1
    code, out, _ = evaluate("results", "--sequences", "*-02-*", "--json")
    assert (code, set(json.loads(out)["sequences"])) == (0, {"MOT17-02-SDP"})


def test_with_one_detectors_files_it_says_what_is_there(
    evaluate: Run, world: Path
) -> None:
    train = world / "data" / "mot17" / "train"
    for name in ("MOT17-02", "MOT17-04"):
        for detector in ("DPM", "FRCNN"):
            folder = train / f"{name}-{detector}"
            shutil.copytree(train / f"{name}-SDP", folder)
            ini = folder / "seqinfo.ini"
            ini.write_text(ini.read_text().replace("-SDP", f"-{detector}"))
    code, _, err = evaluate("results")
    assert code == 2
    assert "lacks 4 of 6 result files: *-DPM.txt, *-FRCNN.txt" in err
    assert "it has 2, *-SDP, which --sequences '*-SDP' evaluates" in err
    assert evaluate("results", "--sequences", "*-SDP", "--json")[0] == 0
    for file in (world / "results").iterdir():
        file.rename(file.with_name(f"other-{file.name}"))
    _, _, err = evaluate("results")
    assert "none of those it has (other-MOT17-02-SDP, other-MOT17-04-SDP)" in err


def test_an_empty_file_is_a_tracker_that_said_nothing(
    evaluate: Run, world: Path
) -> None:
    (world / "results" / "MOT17-04-SDP.txt").write_text("")
    _, out, _ = evaluate("results", "--json")
    row = json.loads(out)["sequences"]["MOT17-04-SDP"]
    assert (row["MOTA"], row["FN"], row["HOTA"]) == (0.0, 10, 0.0)


def test_a_stranger_among_the_files_is_remarked(evaluate: Run, world: Path) -> None:
    (world / "results" / "notes.txt").write_text("hello")
    code, out, err = evaluate("results", "--json")
    assert code == 0
    assert json.loads(out)
    assert "left out: notes" in err


def test_the_official_kits_layout_is_understood(evaluate: Run, world: Path) -> None:
    (world / "results").rename(world / "data-files")
    (world / "tracker").mkdir()
    (world / "data-files").rename(world / "tracker" / "data")
    assert evaluate("tracker", "--json")[0] == 0


def test_crosscheck_explains(evaluate: Run) -> None:
    _, out, _ = evaluate("results", "--crosscheck", "--json")
    document = json.loads(out)
    assert document["crosscheck"] == []
    assert document["fast_pass"] == {"value": 0.0, "where": "nowhere"}
    _, out, _ = evaluate("results", "--crosscheck")
    assert "the fast pass equals trackeval in every score" in out
    assert "motmetrics agrees" in out


def test_crosscheck_names_what_differs(evaluate: Run, world: Path) -> None:
    rows = [f"{f},1,0,0,10,20,1\n" for f in range(1, 9)]
    (world / "results" / "MOT17-02-SDP.txt").write_text("".join(rows))
    _, out, _ = evaluate("results", "--crosscheck", "--json")
    found = json.loads(out)["crosscheck"]
    assert {item["metric"] for item in found} == {"MT", "PT"}
    assert all(item["explained"] for item in found)
    assert "80 %" in evaluate("results", "--crosscheck")[1]


def test_crosscheck_shows_each_number_recomputed(evaluate: Run, world: Path) -> None:
    rows = [f"{f},1,0,0,10,20,1\n" for f in range(1, 9)]
    (world / "results" / "MOT17-02-SDP.txt").write_text("".join(rows))
    _, out, _ = evaluate("results", "--crosscheck", "--json")
    found = json.loads(out)["crosscheck"]
    (mostly,) = (d for d in found if (d["sequence"], d["metric"]) == ("OVERALL", "MT"))
    (step,) = mostly["steps"]
    assert (step["before"], step["after"]) == (
        mostly["trackeval"],
        mostly["motmetrics"],
    )
    out = evaluate("results", "--crosscheck")[1]
    assert "4 are explained" in out
    assert " MT    1 → 2" in out


def test_scores_as_csv_and_latex(evaluate: Run, world: Path) -> None:
    files = [world / "out" / name for name in ("s.csv", "s.tex")]
    code, out, err = evaluate(
        *("results", "--csv", files[0], "--latex", files[1], "--json")
    )
    assert code == 0
    scores = json.loads(out)
    assert err.count("written: ") == 2
    lines = list(csv.DictReader(io.StringIO(files[0].read_text())))
    assert [line["sequence"] for line in lines] == [*scores["sequences"], "OVERALL"]
    assert {line["split"] for line in lines} == {"full"}
    for key, value in scores["overall"].items():
        assert float(lines[-1][key]) == pytest.approx(value, abs=1e-6)
    text = files[1].read_text()
    assert r"\begin{tabular}{lrrrrrrrrrrrrrr}" in text
    assert text.count(r" \\") == 4  # heading, two sequences, overall
    assert "Overall & " in text


def test_a_name_is_escaped_for_latex(evaluate: Run, world: Path) -> None:
    (world / "results").rename(world / "my_50%_tracker")
    evaluate("my_50%_tracker", "--latex", world / "s.tex")
    assert r"\caption{my\_50\%\_tracker on mot17" in (world / "s.tex").read_text()


@pytest.mark.parametrize(
    ("name", "start"), [("h.png", b"\x89PNG"), ("h.svg", b"<?xml"), ("h.pdf", b"%PDF")]
)
def test_hotas_curves_are_drawn(
    evaluate: Run, world: Path, name: str, start: bytes
) -> None:
    pictures = []
    for folder in ("first", "second"):
        path = world / folder / name
        code, out, _ = evaluate("results", "--plot", path, "--json")
        assert (code, "overall" in json.loads(out)) == (0, True)
        pictures.append(path.read_bytes())
    assert pictures[0].startswith(start)
    assert pictures[0] == pictures[1]
    if name == "h.svg":
        # Eight curves, each with 19 points, and its name in the legend.
        assert pictures[0].count(b"<!-- DetRe (") == 1
        assert pictures[0].count(b"<!-- LocA (") == 1


def test_files_that_cannot_be_written_are_refused_before_the_work(
    evaluate: Run, world: Path
) -> None:
    code, _, err = evaluate("results", "--plot", world / "h.gif")
    assert (code, "--plot writes .png, .svg, .pdf, not h.gif" in err) == (2, True)
    code, _, err = evaluate("results", "--csv", world / "data")
    assert (code, "is a folder; name a file" in err) == (2, True)


def test_crosscheck_reports_a_fast_pass_that_is_wrong(
    evaluate: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = json.loads(evaluate("results", "--json")[1])["overall"]
    sequence_counts = fast_scores.sequence_counts

    def wrong(*arguments: object, **more: object) -> fast_scores.SequenceCounts:
        found = sequence_counts(*arguments, **more)
        counts = {**found.counts, "IDSW": found.counts["IDSW"] + 1}
        return replace(found, counts=counts)

    monkeypatch.setattr(fast_scores, "sequence_counts", wrong)
    _, out, _ = evaluate("results", "--crosscheck")
    assert "differs from trackeval by up to" in out
    _, out, _ = evaluate("results", "--crosscheck", "--json")
    document = json.loads(out)
    assert document["fast_pass"]["value"] > 0
    # What is printed is the reference's.
    assert document["overall"] == right


def test_as_records_the_scores_and_fills_a_row(evaluate: Run, world: Path) -> None:
    ledger = world / "ledger" / "results"
    named = ("--as", "#JDE", "--results", ledger)
    code, out, err = evaluate("results", *named, "--json")
    assert code == 0
    scores = json.loads(out)  # one document, whatever is said beside it
    assert "row 23 of Table VI" in err.replace("\n", " ")
    record = json.loads((ledger / "others" / "mot17" / "jde.json").read_text())
    assert record["scores"] == scores
    assert set(record["files"]) == {"MOT17-02-SDP", "MOT17-04-SDP"}
    assert (record["split"], record["subset"], record["frames"]) == (
        "full",
        "train",
        20,
    )
    page = (ledger / "paper" / "README.md").read_text()
    assert "| 23 | JDE | 63.0 / 80.0 |" in page
    assert str(world) not in page
    assert str(world) not in json.dumps(record)


def test_as_a_tracker_that_is_not_in_print(evaluate: Run, world: Path) -> None:
    ledger = world / "ledger" / "results"
    _, _, err = evaluate("results", "--as", "Mine", "--results", ledger)
    assert "whose rows for mot17 are Tracktor++, STPP" in err.replace("\n", " ")
    assert "| Mine | mot17 |" in (ledger / "paper" / "README.md").read_text()


def test_without_as_nothing_is_written(evaluate: Run, world: Path) -> None:
    before = sorted(world.rglob("*"))
    evaluate("results", "--json")
    assert sorted(world.rglob("*")) == before


@pytest.mark.parametrize(
    ("results", "more", "words"),
    [
        ("gone", [], "No such file or folder"),
        ("data", [], "holds no result files"),
        ("results", ["--split", "half/x"], "No split 'half/x'"),
        ("results", ["--subset", "test"], "has no test sequences of mot17"),
        ("results", ["--sequences", "nobody"], "nobody names no sequence"),
        ("results", ["--as", "#"], "--as takes the tracker's name"),
    ],
)
def test_wrong_use_is_one_sentence(
    evaluate: Run, results: str, more: list[str], words: str
) -> None:
    code, out, err = evaluate(results, *more)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_a_bad_line_is_named(evaluate: Run, world: Path) -> None:
    file = world / "results" / "MOT17-02-SDP.txt"
    file.write_text("1,1,0,0,10,20,1\n2,1,0,0,ten,20,1\n")
    code, _, err = evaluate("results")
    assert code == 2
    assert f"{file}, line 2: 'ten' is not a number (column 5)." in err


def test_another_data_sets_folder_is_refused(cstrack: Run, world: Path) -> None:
    code, _, err = cstrack(
        *("evaluate", world / "results", "--dataset", "mot16"),
        *("--data", world / "data" / "mot17"),
    )
    assert code == 2
    assert "holds mot17, not mot16" in err


@pytest.mark.real
def test_the_published_tracker_by_the_command_line(
    cstrack: Run, real_data: Path
) -> None:
    code, out, _ = cstrack(
        *("evaluate", real_data / "tracker-results" / "lif_t" / "MOT17-09-SDP.txt"),
        *("--dataset", "mot17", "--data", real_data / "mot17-annotations", "--json"),
    )
    overall = json.loads(out)["overall"]
    assert code == 0
    assert (overall["GT"], overall["MT"], overall["IDSW"]) == (5325, 14, 12)
