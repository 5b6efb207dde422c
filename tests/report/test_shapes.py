"""Tables of other shapes than II: groups of data sets, many columns, variants."""

import csv
import io
from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.paper.claims import load_table
from cstrack_bench.report.profile_page import profile_page
from cstrack_bench.report.screen import table_lines
from cstrack_bench.report.tables import table_csv, table_from
from cstrack_bench.report.views import find_tables
from tests.report.fakes import changed, fake_record, write_fakes

SIX, EIGHT = load_table("table6"), load_table("table8")

GOLDEN_SIX = """\
each cell: paper / ours
№   Method             Published       MOTA ↑       IDF1 ↑         MT ↑         ML ↓        FP ↓          FN ↓   ID Sw. ↓        FPS ↑

MOT16
1   SORT_POI [12]      ICIP2016      59.8 / —     53.8 / —     25.4 / —     22.7 / —    8698 / —     63245 / —   1423 / —     <8.6 / —
"""  # noqa: E501 -- a screen is as wide as it is

GOLDEN_SIX_END = """\
MOT20
27  #JDE [8]           ECCV2020   40.4 / 69.9  33.5 / 51.4   8.9 / 70.0  25.3 / 10.0  24228 / 58  271853 / 605  12301 / 0   6.7 / 47.0
28  #FairMOTv2 [10]    IJCV2021      61.8 / —     67.3 / —     68.8 / —      7.6 / —  103440 / —     88901 / —   5243 / —      8.9 / —
29  #CSTrack           Ours       66.6 / 67.2  68.6 / 47.6  50.4 / 70.0  15.5 / 10.0  25404 / 54  144358 / 647  3196 / 20   4.5 / 49.0
30  #CSTrack-S         Ours          64.2 / —     65.0 / —     47.4 / —     18.4 / —   21088 / —    160253 / —   3854 / —     12.4 / —
"""  # noqa: E501

GOLDEN_EIGHT = """\
**On other frames, with and without filter:**

| № | what | frames | aspect filter | MOTA | IDF1 | IDP | IDR | IDSW | FP | FN | HOTA | n |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| 1 | JDE | trained on | on | 76.2 | 64.5 | 71.5 | 58.7 | 10 | 60 | 454 | 50.0 | 1 |
| 1 | JDE | held out | off | 76.2 | 64.5 | 71.5 | 58.7 | 10 | 60 | 454 | 50.0 | 1 |
"""  # noqa: E501


def six(seeds: tuple[int, ...] = (0,), profile: str = "twin") -> list[RunRecord]:
    """Two data sets of two rows each; MOT17 was not run."""
    return [
        fake_record(row, seed, profile, table="table6", data=data)
        for row, data in ((13, "small"), (15, "small"), (27, "crowd"), (29, "crowd"))
        for seed in seeds
    ]


def eight() -> list[RunRecord]:
    """JDE and CSTrack over ground truth, with a variant each; DeepSORT was not run."""
    records = []
    for row in (1, 3):
        record = fake_record(row, table="table8")
        variants = [
            {
                "name": f"{words}, aspect filter {state}",
                "part": part,
                "filter": state,
                "dropped": {"area": 1, "aspect": 9},
                "scores": record.scores.overall,
            }
            for part, words, state in (
                ("train", "training frames", "on"),
                ("val", "held-out frames", "off"),
            )
        ]
        loss = {"MOTA": 1.25, "IDF1": 0.5, "HOTA": 0.0, "boxes": 7, "FP": -1, "IDSW": 0}
        losses = [{"part": "train", "rule": "birth delay", **loss}]
        records.append(changed(record, variants=variants, losses=losses))
    return records


def test_golden_screen_of_table_six() -> None:
    screen = "\n".join(table_lines(table_from(six(), SIX)))
    assert GOLDEN_SIX.rstrip() in screen
    assert GOLDEN_SIX_END.rstrip() in screen
    assert "MOT16: small, split train/val (small-val)" in screen
    assert "direction of CSTrack − JDE, MOT16: MOTA +11.2 in print, −1.4" in screen


def test_headings_in_two_lines() -> None:
    record = fake_record(6, table="table3")
    lines = table_lines(table_from([record], load_table("table3")))
    assert lines[4].startswith("   Each resolution  concatenate ")
    assert lines[5].startswith("№  SAM  CAM         SAM  CAM     ")
    assert lines[11].startswith("6  ✓                     ✓ ")
    assert lines[13].startswith("8  Basic ReID Head (w/o SAAN) ")


def test_what_is_only_printed_says_so_once() -> None:
    screen = "\n".join(table_lines(table_from(six(), SIX)))
    assert screen.count("other trackers' numbers") == 1
    assert "rows 1–12, 17–21 —: other trackers' numbers" in screen
    assert "rows 14, 16, 22–26, 28, 30 —: not run" in screen


def test_frames_a_second_come_with_their_hardware_and_no_verdict() -> None:
    records = six(profile="paper")
    table = table_from(records, SIX)
    assert any("FPS of ours on FAKE CPU (threads: 2)" in x for x in table_lines(table))
    row = table.rows[12]
    assert row.cells["FPS"].ours is not None
    assert row.cells["FPS"].verdict is None
    table = table_from([changed(record, speed=None) for record in records], SIX)
    assert table.rows[12].cells["FPS"].ours is None
    assert not any("FPS of ours" in line for line in table_lines(table))


def test_a_table_of_the_server_is_not_judged_here() -> None:
    table = table_from(six(profile="paper"), SIX)
    reason = "not attempted: needs the MOTChallenge server"
    verdicts = {
        row.paper.number: {c.verdict for c in row.cells.values() if c.verdict}
        for row in table.rows
    }
    assert verdicts[15] == verdicts[26] == {reason}
    # JDE's MOTA and switches on MOT16, CSTrack's IDF1 on MOT17: see the errata.
    assert verdicts[13] == verdicts[25] == {reason, "inconsistent in print"}
    assert verdicts[5] == {"inconsistent in print"}
    assert verdicts[1] == set()
    eighth = table_from([fake_record(3, profile="paper", table="table8")], EIGHT)
    assert eighth.rows[2].cells["IDP"].verdict == "inconclusive: at least 2 more seeds"


def test_percentages_of_identities_come_from_counts() -> None:
    cells = table_from(six(), SIX).rows[12].cells
    assert (cells["MTR"].ours.mean, cells["MLR"].ours.mean) == (70.0, 10.0)


def test_data_sets_are_never_held_against_each_other() -> None:
    table = table_from(six(), SIX)
    found = {d.argument.first for d in table.directions if d.ours is not None}
    assert found == {15, 29}
    mixed = six()
    mixed[1] = changed(mixed[1], data__val__hash="other")
    with pytest.raises(InputError, match="Rows 13 and 15 of table6 differ"):
        table_from(mixed, SIX)


def test_only_the_newest_frames_of_each_data_set_stand_in_it(tmp_path: Path) -> None:
    root = tmp_path / "results"
    old = fake_record(13, table="table6", data="gone")
    write_fakes(root, [old, *six()[1:]])
    ((table, _),) = find_tables(root)
    measured = {row.paper.number for row in table.rows if row.records}
    assert measured == {15, 27, 29}
    assert "measured earlier on other frames" in profile_page([table])


def test_golden_page_of_table_eight() -> None:
    table = table_from(eight(), EIGHT)
    page = profile_page([table])
    assert GOLDEN_EIGHT in page
    assert "| 3 | CSTrack | trained on | birth delay | 1.2 | 0.5 | 0.0 | 7 |" in page
    assert "| CSTrack − JDE | CSTrack's embeddings against JDE's | +9.0 → −3.2" in page
    assert "CSTrack − DeepSORT-2: not attempted: row 2: not run" in page
    assert "λ det/re-id" not in page


def test_page_of_table_six_has_a_part_a_data_set() -> None:
    page = profile_page([table_from(six(), SIX)])
    _, *parts = page.split("\n**MOT")
    assert [part[:4] for part in parts] == ["16**", "17**", "20**"]
    assert "| 8 | Tracktor++ | 56.2 / — |" in parts[0]
    assert "| 13 | JDE | 64.4 / 83.0 | 55.8 / 76.7 | 35.4 / 70.0 |" in parts[0]
    assert "HOTA" in parts[0]


def test_csv_of_table_six() -> None:
    rows = list(csv.DictReader(io.StringIO(table_csv(table_from(six(), SIX)))))
    assert len(rows) == 30
    thirteenth, first = rows[12], rows[0]
    assert (thirteenth["Dataset"], thirteenth["Method"]) == ("MOT16", "#JDE [8]")
    assert (thirteenth["FP"], thirteenth["FP paper"]) == ("63", "10642")
    assert (thirteenth["MTR"], thirteenth["FPS"]) == ("70", "33")
    assert (first["FPS paper"], first["FPS"], first["n"]) == ("<8.6", "", "0")
    assert first["status"].startswith("other trackers' numbers")
    assert list(rows[0]).count("FP") == 1


def test_smoke_knows_what_twin_knows() -> None:
    lines = table_lines(table_from(six(profile="smoke"), SIX))
    assert any("on the same SynthMOT sequences" in line for line in lines)
