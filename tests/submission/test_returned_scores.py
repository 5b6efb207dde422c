"""Scores as servers return them."""

import json
from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.scores import Scores
from cstrack_bench.submission.returned_scores import parse_scores, read_returned


def read(tmp_path: Path, text: str) -> Scores:
    path = tmp_path / "returned.txt"
    path.write_text(text)
    return read_returned(path).overall


def test_a_table_page_as_csv(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "Tracker,MOTA,IDF1,MT,ML,FP,FN,ID Sw.,Frag,Hz\n"
        'CSTrack,74.9,72.3,"978 (41.5%)","411 (17.5%)","23,847",114303,3567,'
        "7668,16.4\n",
    )
    assert found == {
        "MOTA": 74.9,
        "IDF1": 72.3,
        "MT": 978,
        "MTR": 41.5,
        "ML": 411,
        "MLR": 17.5,
        "FP": 23847,
        "FN": 114303,
        "IDSW": 3567,
        "Frag": 7668,
        "FPS": 16.4,
    }
    assert isinstance(found["IDSW"], int)


def test_trackevals_summary(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "HOTA DetA AssA HOTA(0) MOTA IDSW MT PT ML Frag IDF1 IDR IDP CLR_FN CLR_FP "
        "IDs GT_IDs GT_Dets\n"
        "62.858 60.1 65.9 71.2 66.978 791 679 595 364 1153 72.355 61.7 87.4 107803 "
        "2655 1403 1638 336891\n",
    )
    assert found["HOTA"] == 62.858
    # Its IDs are the identities of the tracker, not switches.
    assert (found["IDSW"], found["FN"], found["FP"]) == (791, 107803, 2655)
    assert found["MTR"] == pytest.approx(100 * 679 / 1638)
    assert found["GT"] == 336891


def test_trackevals_details_are_shares_of_one(tmp_path: Path) -> None:
    path = tmp_path / "pedestrian_detailed.csv"
    path.write_text(
        "seq,HOTA___5,HOTA___AUC,MOTA,CLR_FP,IDSW,MTR\n"
        "MOT17-01-SDP,0.7,0.5,0.75,10,1,0.4\n"
        "COMBINED,0.8,0.6,-0.25,20,2,0.5\n"
    )
    found = read_returned(path)
    assert found.overall == {
        "HOTA": 60.0,
        "MOTA": -25.0,
        "FP": 20,
        "IDSW": 2,
        "MTR": 50.0,
    }
    assert found.sequences["MOT17-01-SDP"]["HOTA"] == 50.0


def test_our_own_json_and_a_flat_one(tmp_path: Path) -> None:
    overall = {"MOTA": 66.9, "IDF1": 72.3, "IDSW": 791, "IDs": 1638, "MT": 1}
    document = {"overall": overall, "sequences": {"A": {"MOTA": 50.0, "x": None}}}
    assert read(tmp_path, json.dumps(document))["IDSW"] == 791
    assert read(tmp_path, json.dumps({"MOTA": "66.9 %", "IDs": 12, "y": [1]})) == {
        "MOTA": 66.9,
        "IDSW": 12,
    }


def test_typed_scores() -> None:
    found = parse_scores(["MOTA=74.9", "ID Sw.=3,567", "MT=41.5%"]).overall
    assert found == {"MOTA": 74.9, "IDSW": 3567, "MTR": 41.5}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("MOTA,IDF1\n74.9\n", "row 2 has 1 columns, its heading 2"),
        ("MOTA,IDF1\n", "has no table"),
        ("seq,MOTA\nA,1\nB,2\n", "has no row called OVERALL or COMBINED"),
        ("seq,x\nOVERALL,1\n", "has none of the scores"),
        ("MOTA,IDF1\n74.9,high\n", "IDF1 is 'high', not a number"),
        ("MOTA,IDF1\n74.9,nan\n", "IDF1 is 'nan', not a number"),
        ("MOTA,IDF1\n74.9,101\n", "IDF1 is 101, not a percentage"),
        ("MOTA,IDF1\n74.9,-1\n", "IDF1 is -1, not a percentage"),
        ("MOTA,IDF1\n0.749,0.723\n", "are shares of one; give percentages"),
        ("MOTA,FP\n74.9,1.5\n", "FP is 1.5, not a count"),
        ("MOTA,FP\n74.9,-3\n", "FP is -3, not a count"),
        ('{"overall": 3}', "has no object of names and numbers"),
        ('{"overall": ', "is not JSON"),
    ],
)
def test_what_is_no_score_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path, text)


@pytest.mark.parametrize("pair", ["MOTA", "accuracy=3", "=4"])
def test_a_typed_score_needs_a_known_name(pair: str) -> None:
    with pytest.raises(InputError, match="--score takes NAME=NUMBER"):
        parse_scores([pair])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Cannot read .*gone"):
        read_returned(tmp_path / "gone")
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8 text"):
        read_returned(tmp_path / "x")
