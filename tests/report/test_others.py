"""Other trackers' scores: written, found again, put into the row of their name."""

import json
from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.paper.claims import load_table
from cstrack_bench.report.others import match_rows, read_others, write_other
from cstrack_bench.report.tables import table_csv, table_from
from cstrack_bench.report.views import find_tables, write_views
from tests.report.fakes import fake_record

SIX = load_table("table6")


def put(root: Path, name: str = "DeepSORT-2", dataset: str = "mot16") -> Path:
    """Record fake scores of a tracker that has one result file."""
    file = root.parent / "FAKE-01.txt"
    file.write_text("1,1,0,0,10,20,1\n")
    measured = ("train", "full", "0123456789ab", 200)
    scores = fake_record(4).scores
    return write_other(root, name, dataset, *measured, {"FAKE-01": file}, scores)


def test_a_record_says_where_it_comes_from(tmp_path: Path) -> None:
    path = put(tmp_path / "results", "#Tracktor++ [24]")
    assert path == tmp_path / "results" / "others" / "mot16" / "tracktor++.json"
    document = json.loads(path.read_text())
    assert len(document["files"]["FAKE-01"]) == 64
    assert document["split_hash"] == "0123456789ab"
    assert {"trackeval", "numpy", "code", "time"} <= set(document["provenance"])
    (found,) = read_others(tmp_path / "results")
    assert found.describe() == (
        "#Tracktor++ [24]: its result files on mot16 train, split full (0123456789ab), "
        "2 sequences, 200 frames"
    )


@pytest.mark.parametrize(
    ("name", "dataset", "row"),
    [
        ("DeepSORT-2", "mot16", 3),
        ("deepsort-2", "mot16", 3),
        ("#jde", "mot17", 23),
        ("*Tracktor++", "mot16", 8),
        ("FairMOTv2", "mot20", 28),
    ],
)
def test_the_row_of_that_name_is_found(
    tmp_path: Path, name: str, dataset: str, row: int
) -> None:
    put(tmp_path / "results", name, dataset)
    filled, rest = match_rows(SIX, read_others(tmp_path / "results"))
    assert (list(filled), rest) == ([row], [])


def test_hieve_fills_table_seven_alone(tmp_path: Path) -> None:
    put(tmp_path / "results", "FairMOT", "hieve")
    others = read_others(tmp_path / "results")
    assert list(match_rows(load_table("table7"), others)[0]) == [3]
    assert match_rows(SIX, others) == ({}, [])
    assert match_rows(load_table("table2"), others) == ({}, [])


def test_it_fills_a_row_of_the_paper_profile_and_says_what_it_is(
    tmp_path: Path,
) -> None:
    put(tmp_path / "results")
    ((table, path),) = find_tables(tmp_path / "results")
    assert path == tmp_path / "results" / "paper" / "table6.csv"
    row = table.rows[2]
    assert row.cells["MOTA"].ours is not None
    assert row.cells["MOTA"].verdict is None
    write_views(tmp_path / "results", tmp_path / "RESULTS.md")
    page = (tmp_path / "results" / "paper" / "README.md").read_text()
    assert "| 3 | DeepSORT-2 | 61.4 / 85.9 |" in page
    assert "evaluated here, DeepSORT-2: its result files on mot16 train" in page
    assert "not the server's" in page
    assert "evaluated here" in table_csv(table).splitlines()[3]


def test_it_never_stands_beside_synthetic_runs(tmp_path: Path) -> None:
    put(tmp_path / "results")
    others = read_others(tmp_path / "results")
    table = table_from([fake_record(13, table="table6")], SIX, others=others)
    assert all(row.evaluated is None for row in table.rows)


def test_a_run_of_ours_comes_first(tmp_path: Path) -> None:
    put(tmp_path / "results", "CSTrack")
    others = read_others(tmp_path / "results")
    record = fake_record(15, profile="paper", table="table6")
    row = table_from([record], SIX, others=others).rows[14]
    assert row.evaluated is None
    assert len(row.records) == 1


def test_a_tracker_that_is_not_in_print_is_listed_below(tmp_path: Path) -> None:
    put(tmp_path / "results", "OC-SORT")
    ((table, _),) = find_tables(tmp_path / "results")
    assert [other.name for other in table.unprinted] == ["OC-SORT"]
    write_views(tmp_path / "results", tmp_path / "RESULTS.md")
    page = (tmp_path / "results" / "paper" / "README.md").read_text()
    assert "Evaluated here, in no row above" in page
    assert "| OC-SORT | mot16 | train, split full (0123456789ab) | 85.9 |" in page


def test_a_data_set_that_no_table_prints_changes_none(tmp_path: Path) -> None:
    put(tmp_path / "results", dataset="mot15")
    assert find_tables(tmp_path / "results") == []


@pytest.mark.parametrize("name", ["", "#", "../..", "  "])
def test_a_name_without_letters_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="--as takes the tracker's name"):
        put(tmp_path / "results", name)


def test_a_broken_record_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "results")
    path.write_text("{}")
    with pytest.raises(InputError, match=r"deepsort-2\.json is not a record"):
        read_others(tmp_path / "results")
