"""RESULTS.md shows every run, says what it is, and does not change by itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.comparison_records import (
    LadderRecord,
    LadderRow,
    LadderSystem,
)
from cstrack_bench.report.markdown import (
    MARKER,
    find_tables,
    results_markdown,
    write_views,
)
from tests.report.fakes import changed, fake_record, fake_records, write_fakes

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "results.py"


def page_of(root: Path) -> str:
    output = root.parent / "RESULTS.md"
    write_views(root, output)
    return output.read_text(encoding="utf-8")


def test_profiles_have_their_own_sections(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records(seeds=(0,)))
    write_fakes(root, fake_records((1, 4), (0,), profile="real"))
    page = page_of(root)
    assert page.startswith(MARKER)
    twin, real = page.split("## Profile `real`")
    assert "## Profile `twin`" in twin
    assert "not comparable with print" in real.splitlines()[0]
    assert "not comparable with print" in real.split("\n### ")[1]


def test_it_holds_scores_directions_provenance_and_sequences(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records())
    page = page_of(root)
    assert "| ④ | SR + CR, λ learned | 66.0 | 86.0 ±0.2 |" in page
    assert (
        "| ④ − ⑤ | the whole of REN against none | +1.4 → +11.2 [+10.2, +12.2]:" in page
    )
    assert "split train/val (fake-val)" in page
    assert "FAKE CPU" in page
    assert "0123456789" in page
    assert "1,000,004" in page
    assert "120 s wall" in page
    assert page.count("| FAKE-01 |") == 6
    assert page.count("<details>") == page.count("</details>")


def test_the_lack_of_a_gpu_figure_is_said_until_there_is_one(tmp_path: Path) -> None:
    root = tmp_path / "results"
    records = fake_records(seeds=(0,))
    write_fakes(root, records)
    assert "No GPU figure exists yet" in page_of(root)
    records[0] = changed(records[0], provenance__gpu="FAKE GPU")
    write_fakes(root, records)
    assert "No GPU figure exists yet" not in page_of(root)


def test_a_ladder_is_told_in_sentences_and_rungs() -> None:
    scores = {"MOTA": 60.0, "IDF1": 70.0, "IDSW": 5, "HOTA": 50.0}
    scores |= {"AssA": 55.0, "DetA": 45.0}
    rung = {"boxes": "own", "embeddings": "own", "association": "own"}
    row = {**rung, "scores": scores, "differences": dict.fromkeys(scores, 0)}
    fake = fake_record(3, table="table8")
    record = LadderRecord(
        table="table8",
        profile="twin",
        label="twin",
        data=fake.data.model_copy(update={"held_out": True}),
        systems=[
            LadderSystem(
                row=3,
                name="CSTrack",
                seed=0,
                run="fake",
                boxes_of="CSTrack",
                rows=[LadderRow.model_validate(row)],
                costs={"embedding": {"MOTA": 10.0}, "detection": {"MOTA": 30.0}},
            )
        ],
        provenance=fake.provenance,
    )
    page = results_markdown([], ladders=[record])
    assert "of the 40.0 points of MOTA that are lacking: embedding 10.0" in page
    assert "| own | own | own | 60.0 (0.0) |" in page
    assert "at 0123456789 on FAKE CPU" in page


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_damaged_ladder_is_named(tmp_path: Path, content: str) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records(seeds=(0,)))
    (root / "twin" / "table2" / "ladder.json").write_text(content)
    with pytest.raises(InputError, match=r"ladder\.json is not a ladder"):
        page_of(root)
    assert not (tmp_path / "RESULTS.md").exists()


def test_what_was_mixed_in_is_said(tmp_path: Path) -> None:
    root = tmp_path / "results"
    part = {"name": "FAKE seed 1", "images": 77, "boxes": 5, "identities": 2}
    record = changed(fake_record(4), data__mix=[{**part, "hash": "fake-mix"}])
    write_fakes(root, [record])
    assert "| mixed in: FAKE seed 1 | — | 77 | fake-mix |" in page_of(root)


def test_the_same_runs_give_the_same_page(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records())
    assert page_of(root) == page_of(root)


def test_slips_of_the_paper_are_listed_even_without_runs(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    page = page_of(tmp_path / "results")
    assert "No run yet." in page
    assert "71.6 − 63.1 = 8.5" in page


def test_custom_runs_are_a_table_of_their_own(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records(seeds=(0,)))
    write_fakes(
        root, fake_records((4,), (0,), label="custom"), folder="custom/twin-abc"
    )
    tables = find_tables(root)
    assert [table.label for table, _ in tables] == ["twin", "custom"]
    assert [path.relative_to(root).as_posix() for _, path in tables] == [
        "twin/table2.csv",
        "custom/twin-abc/table2.csv",
    ]
    assert "custom settings" in page_of(root)


def test_rows_measured_on_other_frames_wait_outside(tmp_path: Path) -> None:
    """After the data changed, a row measured before it must not stand beside it."""
    root = tmp_path / "results"
    old = changed(fake_record(1), data__val__hash="old-frames")
    new = fake_record(4)
    write_fakes(root, [old, new])
    ((table, _),) = find_tables(root)
    assert [len(row.records) for row in table.rows] == [0, 0, 0, 1, 0, 0]
    assert "measured earlier on other frames" in page_of(root)


def test_a_broken_record_is_named(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, [fake_record(4)])
    broken = root / "twin" / "table2" / "row4" / "seed0.json"
    broken.write_text("{")
    with pytest.raises(InputError, match=r"seed0\.json"):
        find_tables(root)


def test_the_script_writes_page_and_csv(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records((4, 5), (0,)))
    output = tmp_path / "RESULTS.md"
    command = [sys.executable, SCRIPT, "--results", root, "--output", output]
    subprocess.run(command, check=True, timeout=120)
    assert output.read_text(encoding="utf-8").startswith(MARKER)
    csv = (root / "twin" / "table2.csv").read_text(encoding="utf-8")
    assert csv.startswith("table,profile,label,row,name,SR,CR,MOTA paper,MOTA")
