"""Scores of a server: brought in with who, when and which zip; they fill cells."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.evaluation.scores import Evaluation
from cstrack_bench.experiments.comparison_records import (
    ServerRecord,
    read_server_record,
)
from cstrack_bench.paper.claims import load_table
from cstrack_bench.report.server_entries import ServerEntry, read_filling
from cstrack_bench.report.tables import table_csv, table_from
from cstrack_bench.report.views import find_tables, write_views
from cstrack_bench.submission.importing import (
    Submitted,
    contradictions,
    import_scores,
    read_entries,
)
from cstrack_bench.submission.zip_check import check_submission
from tests.report.fakes import fake_record
from tests.report.test_others import put
from tests.submission.submissions import MOT17, contents, write_zip

SIX = load_table("table6")
# Row 25 of Table VI.
PRINTED = {
    "MOTA": 74.9,
    "IDF1": 72.3,
    "MTR": 41.5,
    "MLR": 17.5,
    "FP": 23847,
    "FN": 114303,
    "IDSW": 3567,
}
DAY = date(2026, 3, 1)


def bring(
    root: Path,
    name: str = "CSTrack",
    scores: dict[str, float] | None = None,
    **changed: object,
) -> tuple[Path, ServerRecord]:
    """Import scores of a zip of MOT17."""
    path = write_zip(root.parent / "s.zip", contents(MOT17))
    facts = {"by": "A. Tester", "on": DAY, "server": "MOTChallenge", **changed}
    submitted = Submitted(name, **facts)  # type: ignore[arg-type]
    found = Evaluation(scores or dict(PRINTED), {})
    return import_scores(root, submitted, check_submission(path, MOT17), found)


def test_an_entry_says_who_when_and_which_zip(tmp_path: Path) -> None:
    path, record = bring(tmp_path / "results", by=" A. Tester ")
    assert path.parent == tmp_path / "results" / "server" / "mot17"
    assert path.name == f"cstrack-{record.zip_sha256[:8]}.json"
    document = json.loads(path.read_text())
    assert (document["schema"], document["files"], document["rows"]) == (1, 42, 252)
    assert document["submitted_by"] == "A. Tester"
    assert document["submitted_on"] == "2026-03-01"
    assert len(document["zip_sha256"]) == len(document["content"]) == 64
    assert read_server_record(path) == record


def test_it_fills_the_cells_of_its_row_and_says_what_they_are(tmp_path: Path) -> None:
    root = tmp_path / "results"
    bring(root)
    ((table, csv),) = find_tables(root)
    assert csv == root / "paper" / "table6.csv"
    row = table.rows[24]
    assert {
        key: cell.ours.mean for key, cell in row.cells.items() if cell.ours is not None
    } == PRINTED
    assert all(cell.verdict is None for cell in row.cells.values())
    assert row.cells["FPS"].ours is None
    write_views(root, tmp_path / "RESULTS.md")
    page = (root / "paper" / "README.md").read_text()
    (line,) = [x for x in page.splitlines() if x.startswith("| 25 | CSTrack |")]
    assert "| 74.9 / 74.9 | 72.3 / 72.3 | 41.5 / 41.5 |" in line
    assert line.endswith("| server | — |")
    assert "**Scored by a server:**" in page
    assert "| CSTrack | mot17 | MOTChallenge | A. Tester | 2026-03-01 | `" in page
    assert "one submission, not a run here: no verdict" in page
    assert (
        "MOTChallenge server's scores of CSTrack" in table_csv(table).splitlines()[25]
    )
    results = (tmp_path / "RESULTS.md").read_text()
    assert "Scored by servers, on the test sets of the print" in results


def test_it_stands_in_no_other_profile(tmp_path: Path) -> None:
    bring(tmp_path / "results")
    others = read_filling(tmp_path / "results")
    table = table_from([fake_record(25, table="table6")], SIX, others=others)
    assert table.submissions == ()
    assert all(row.evaluated is None for row in table.rows)


def test_it_comes_before_runs_and_files_measured_here(tmp_path: Path) -> None:
    root = tmp_path / "results"
    put(root, "CSTrack", "mot17")
    bring(root)
    record = fake_record(25, profile="paper", table="table6")
    table = table_from([record], SIX, others=read_filling(root))
    row = table.rows[24]
    assert isinstance(row.evaluated, ServerEntry)
    assert row.cells["MOTA"].ours is not None
    assert row.cells["MOTA"].ours.mean == 74.9
    assert row.cells["MOTA"].verdict is None
    assert row.records == (record,)
    # What was evaluated here is still listed.
    assert [other.name for other in table.unprinted] == ["CSTrack"]


def test_the_newest_submission_fills_the_row_and_all_are_listed(tmp_path: Path) -> None:
    root = tmp_path / "results"
    bring(root, on=DAY)
    (tmp_path / "later").mkdir()
    zipped = write_zip(
        tmp_path / "later.zip", {**contents(MOT17), "MOT17-01-SDP.txt": b""}
    )
    newer = {"MOTA": 75.5, "IDF1": 73.0}
    import_scores(
        root,
        Submitted("CSTrack", "B", DAY + timedelta(days=2), "Codabench"),
        check_submission(zipped, MOT17),
        Evaluation(newer, {}),
    )
    ((table, _),) = find_tables(root)
    assert table.rows[24].cells["MOTA"].ours is not None
    assert table.rows[24].cells["MOTA"].ours.mean == 75.5
    assert table.rows[24].cells["FP"].ours is None
    assert [entry.record.server for entry in table.submissions] == [
        *("MOTChallenge", "Codabench")
    ]


def test_named_rows_are_filled_in_the_place_of_that_of_the_name(tmp_path: Path) -> None:
    root = tmp_path / "results"
    bring(root, "Mine", fills=("table6/26",))
    ((table, _),) = find_tables(root)
    assert [n.paper.number for n in table.rows if n.evaluated] == [26]
    entry = ServerEntry(read_entries(root)[0])
    one = load_table("table1")
    assert not any(entry.is_row(one, row) for row in one.rows)


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (
            "table6/15",
            r"table6/15 was not printed from the mot17 server: Table VI has ",
        ),
        ("table1/5", "Table I has MOT16 test"),
        ("table2/4", "Table II has MOT17 train"),
        ("table6/99", "has no row 99"),
        ("table9/1", "No printed table 'table9'"),
        ("six", "--row takes TABLE/ROW"),
    ],
)
def test_a_row_of_something_else_is_refused(
    tmp_path: Path, fill: str, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        bring(tmp_path / "results", fills=(fill,))
    assert not (tmp_path / "results").exists()


def test_table_one_is_filled_from_mot16(tmp_path: Path) -> None:
    from cstrack_bench.submission.benchmarks import find_benchmark

    mot16 = find_benchmark("mot16", tmp_path)
    zipped = write_zip(tmp_path / "s.zip", contents(mot16))
    root = tmp_path / "results"
    import_scores(
        root,
        Submitted("CSTrack", "A", DAY, "MOTChallenge", ("table1/5", "table4/3")),
        check_submission(zipped, mot16),
        Evaluation({"MOTA": 72.9, "IDF1": 71.6}, {}),
    )
    names = {table.paper.name for table, _ in find_tables(root)}
    # Table VI prints MOT16 too, where the entry is listed and fills no row.
    assert names == {"table1", "table4", "table6"}
    for table, _ in find_tables(root):
        filled = [row.paper.number for row in table.rows if row.evaluated]
        assert filled == {"table1": [5], "table4": [3], "table6": []}[table.paper.name]


def test_numbers_that_contradict_each_other_are_refused_or_kept_as_such(
    tmp_path: Path,
) -> None:
    wrong = {**PRINTED, "FN": 14303}
    with pytest.raises(InputError, match=r"MOTA is 74\.9, but FP, FN and IDSW over 56"):
        bring(tmp_path / "results", scores=wrong)
    assert not (tmp_path / "results").exists()
    zipped = check_submission(tmp_path / "s.zip", MOT17)
    _, record = import_scores(
        tmp_path / "results",
        Submitted("CSTrack", "A", DAY, "MOTChallenge"),
        zipped,
        Evaluation(wrong, {}),
        keep_inconsistent=True,
    )
    assert len(record.remarks) == 1
    assert record.remarks[0] in ServerEntry(record).describe()


def test_every_printed_row_without_an_erratum_passes_the_arithmetic() -> None:
    for name in ("table6", "table7"):
        table = load_table(name)
        for row in table.rows:
            claims = row.claims.values()
            scores = {c.name.rpartition("/")[2]: c.value for c in claims}
            found = contradictions(scores, table.measured_on(row))
            known = any(claim.inconsistent for claim in claims)
            assert bool(found) <= known, (name, row.number, found)


def test_shares_and_harmonic_means() -> None:
    assert contradictions({"MTR": 60.0, "MLR": 41.0}, "mot17") == [
        "MT and ML are 101 % of all identities together"
    ]
    assert contradictions({"IDF1": 66.7, "IDP": 100.0, "IDR": 50.0}, "mot17") == []
    assert contradictions({"IDF1": 70.0, "IDP": 100.0, "IDR": 50.0}, "mot17") == [
        "IDF1 is 70, but IDP and IDR give 66.67"
    ]


def test_an_edited_entry_is_refused(tmp_path: Path) -> None:
    path, _ = bring(tmp_path / "results")
    path.write_text(path.read_text().replace("72.3", "92.3"))
    with pytest.raises(InputError, match="was changed after its scores were imported"):
        read_entries(tmp_path / "results")
    path.write_text("{}")
    with pytest.raises(InputError, match="is not a record of a server's scores"):
        read_entries(tmp_path / "results")


def test_one_zip_has_one_set_of_scores(tmp_path: Path) -> None:
    bring(tmp_path / "results")
    bring(tmp_path / "results")  # the same again is no matter
    with pytest.raises(InputError, match="has other scores of this zip; delete it"):
        bring(tmp_path / "results", scores={"MOTA": 74.8})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "##"}, "--as takes the tracker's name"),
        ({"by": "  "}, "--by takes the name of who"),
        ({"on": date(2999, 1, 1)}, "cannot have been submitted on 2999-01-01"),
    ],
)
def test_an_entry_without_a_name_or_from_the_future(
    tmp_path: Path, changed: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        bring(tmp_path / "results", **changed)  # type: ignore[arg-type]


def test_a_zip_that_no_server_takes_has_no_scores(tmp_path: Path) -> None:
    files = contents(MOT17)
    del files["MOT17-03-FRCNN.txt"]
    found = check_submission(write_zip(tmp_path / "s.zip", files), MOT17)
    with pytest.raises(
        CstrackError, match=r"No server can have scored this zip: .*lacks"
    ):
        import_scores(
            tmp_path / "results",
            Submitted("CSTrack", "A", DAY, "MOTChallenge"),
            found,
            Evaluation(dict(PRINTED), {}),
        )
