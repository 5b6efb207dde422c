"""Packing: result files become the zip that a server takes."""

import zipfile
from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.submission.benchmarks import Benchmark, find_benchmark
from cstrack_bench.submission.packing import (
    Sources,
    choose_sources,
    opened_results,
    pack_submission,
)
from cstrack_bench.submission.zip_check import SubmissionCheck
from tests.submission.submissions import MOT17, MOT20, rows, write_results, write_zip

MOT16 = find_benchmark("mot16", Path("absent"))
SCENES = list(MOT17.scenes)


def packed(
    results: Path, benchmark: Benchmark, output: Path, detector: str | None = None
) -> tuple[Sources, SubmissionCheck]:
    with opened_results(results) as files:
        sources = choose_sources(files, benchmark, detector)
        return sources, pack_submission(sources, benchmark, output)


def test_one_tracker_over_one_set_of_frames_fills_mot17s_42_files(
    tmp_path: Path,
) -> None:
    for folder, suffix in (("sdp", "-SDP"), ("plain", "")):
        names = [f"{scene}{suffix}" for scene in SCENES]
        results = write_results(tmp_path / folder, names)
        sources, found = packed(results, MOT17, tmp_path / f"{folder}.zip")
        assert sources.copied == f"MOT17{suffix}"
        assert (found.files, found.faults) == (42, ())
        with zipfile.ZipFile(tmp_path / f"{folder}.zip") as archive:
            assert archive.namelist() == [f"{name}.txt" for name in MOT17.lengths]
    # Equal results, wherever they come from, are one and the same zip.
    assert (tmp_path / "sdp.zip").read_bytes() == (tmp_path / "plain.zip").read_bytes()


def test_results_of_each_detector_keep_their_own(tmp_path: Path) -> None:
    results = write_results(tmp_path / "r", list(MOT17.lengths))
    (results / "MOT17-09-DPM.txt").write_text("1,7,0,0,9,9,1,-1,-1,-1\n")
    sources, found = packed(results, MOT17, tmp_path / "s.zip")
    assert (sources.copied, found.files) == ("", 42)
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        assert archive.read("MOT17-09-DPM.txt") == b"1,7,0,0,9,9,1,-1,-1,-1\n"
        assert archive.read("MOT17-09-SDP.txt").decode() == rows()
    sources, _ = packed(results, MOT17, tmp_path / "s.zip", "DPM")
    assert sources.copied == "MOT17-DPM"
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        assert archive.read("MOT17-09-SDP.txt") == b"1,7,0,0,9,9,1,-1,-1,-1\n"
    assert len(sources.unused) == 28


def test_rows_are_sorted_and_have_ten_columns(tmp_path: Path) -> None:
    text = "2 1 20 5 10 20 0.75\n1 2 3.12345 4 10 20 0.5\n1 1 0 0 10 20 0.25\n"
    results = write_results(tmp_path / "r", list(MOT20.lengths), text)
    _, found = packed(results, MOT20, tmp_path / "s.zip")
    assert (found.files, found.rows) == (8, 24)
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        assert archive.read("MOT20-08.txt").decode().splitlines() == [
            "1,1,0,0,10,20,0.25,-1,-1,-1",
            "1,2,3.123,4,10,20,0.5,-1,-1,-1",
            "2,1,20,5,10,20,0.75,-1,-1,-1",
        ]


def test_a_zip_of_results_is_read_like_a_folder(tmp_path: Path) -> None:
    files = {f"out/data/{name}.txt": rows().encode() for name in MOT20.lengths}
    files |= {"__MACOSX/._MOT20-01.txt": b"x", "out/notes.md": b"y"}
    zipped = write_zip(tmp_path / "r.zip", files)
    _, found = packed(zipped, MOT20, tmp_path / "s.zip")
    assert found.files == 8
    twice = {"a/MOT20-01.txt": b"", "b/MOT20-01.txt": b""}
    with pytest.raises(InputError, match=r"has MOT20-01\.txt more than once"):
        packed(write_zip(tmp_path / "t.zip", twice), MOT20, tmp_path / "s.zip")
    damaged = bytearray(zipped.read_bytes())
    start = damaged.index(b"MOT20-01.txt") + 12
    damaged[start : start + 8] = b"\xff" * 8
    (tmp_path / "t.zip").write_bytes(damaged)
    with pytest.raises(InputError, match=r"MOT20-01\.txt in .* cannot be unpacked"):
        packed(tmp_path / "t.zip", MOT20, tmp_path / "s.zip")
    with pytest.raises(InputError, match="holds no result files"):
        packed(write_zip(tmp_path / "t.zip", {"a.md": b""}), MOT20, tmp_path / "s.zip")


def test_the_tracks_kept_beside_a_record_are_read(tmp_path: Path) -> None:
    record = tmp_path / "seed0.json"
    record.write_text("{}")
    with pytest.raises(InputError, match=r"No tracks are kept beside .*seed0\.json"):
        packed(record, MOT20, tmp_path / "s.zip")
    files = {f"{name}.txt": rows().encode() for name in MOT20.lengths}
    files |= {f"baselines/iou/{name}": b"1,9,0,0,9,9,1\n" for name in list(files)}
    write_zip(tmp_path / "seed0.tracks.zip", files)
    _, found = packed(record, MOT20, tmp_path / "s.zip")
    assert (found.files, found.rows) == (8, 48)


def test_mot16_takes_results_on_mot17s_pictures(tmp_path: Path) -> None:
    results = write_results(tmp_path / "r", [f"{scene}-SDP" for scene in SCENES])
    sources, found = packed(results, MOT16, tmp_path / "s.zip")
    assert (sources.copied, found.files, found.faults) == ("MOT17-SDP", 14, ())


@pytest.mark.parametrize(
    ("names", "detector", "words"),
    [
        (
            [f"{scene}-SDP" for scene in SCENES if scene != "MOT17-14"],
            None,
            r"train and test; 1 of 14 sequences have none: MOT17-14 \(there: MOT17-01-",
        ),
        (
            [f"{scene}-{d}" for scene in SCENES for d in ("SDP", "DPM")],
            None,
            r"not clear \(there: 14 of MOT17-DPM, 14 of MOT17-SDP\); name one with",
        ),
        (
            [f"{s}-SDP" for s in SCENES[1:]] + ["MOT17-01-DPM"],
            None,
            "there: 1 of MOT17-DPM, 13 of MOT17-SDP",
        ),
        ([f"{scene}-SDP" for scene in SCENES], "DPM", "there: 14 of MOT17-SDP"),
        ([f"{scene}-SDP" for scene in SCENES], "POI", "takes DPM, FRCNN or SDP"),
    ],
)
def test_what_is_missing_or_not_clear_is_said(
    tmp_path: Path, names: list[str], detector: str | None, words: str
) -> None:
    results = write_results(tmp_path / "r", names)
    with pytest.raises(InputError, match=words):
        packed(results, MOT17, tmp_path / "s.zip", detector)
    assert not (tmp_path / "s.zip").exists()


def test_nothing_is_written_that_a_server_would_refuse(tmp_path: Path) -> None:
    results = write_results(tmp_path / "r", list(MOT20.lengths))
    (results / "MOT20-06.txt").write_text("1009,1,0,0,9,9,1\n")
    (tmp_path / "s.zip").write_bytes(b"as it was")
    with pytest.raises(
        InputError, match=r"s\.zip: MOT20-06\.txt, line 1: has frame 10"
    ):
        packed(results, MOT20, tmp_path / "s.zip")
    assert (tmp_path / "s.zip").read_bytes() == b"as it was"
    (results / "MOT20-06.txt").write_text("1,1,0,0,ten,9,1\n")
    with pytest.raises(InputError, match="line 1: 'ten' is not a number"):
        packed(results, MOT20, tmp_path / "s.zip")


def test_hieve_takes_its_test_videos_alone(tmp_path: Path) -> None:
    labels = tmp_path / "data" / "hieve" / "labels" / "test" / "track1"
    labels.mkdir(parents=True)
    (tmp_path / "data" / "hieve" / "labels" / "train" / "track1").mkdir(parents=True)
    for name in ("20", "21"):
        (labels / f"{name}.txt").write_text("1,1,0,0,9,9\n4,1,0,0,9,9\n")
    hieve = find_benchmark("HiEve", tmp_path / "data")
    assert dict(hieve.lengths) == {"20": 4, "21": 4}
    results = write_results(tmp_path / "r", ["20", "21"], "1,0,5,5,9,9,0.6\n")
    _, found = packed(results, hieve, tmp_path / "s.zip")
    assert (found.files, found.faults) == (2, ())
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        assert archive.read("20.txt") == b"1,0,5,5,9,9,1,-1,-1,-1\n"
    (results / "21.txt").unlink()
    with pytest.raises(InputError, match="takes results of all of test; 1 of 2"):
        packed(results, hieve, tmp_path / "s.zip")
    with pytest.raises(InputError, match="No HiEve under"):
        find_benchmark("hieve", tmp_path / "r")
    with pytest.raises(InputError, match="the nearest is 'mot17'"):
        find_benchmark("mot71", tmp_path / "data")
