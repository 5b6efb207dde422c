"""The pages: RESULTS.md with the answer, a page a profile, CSV, errata."""

import csv
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
from cstrack_bench.paper.claims import load_table, table_names
from cstrack_bench.report.markdown import MARKER
from cstrack_bench.report.profile_page import profile_page
from cstrack_bench.report.results_page import MOST_LINES
from cstrack_bench.report.tables import table_from
from cstrack_bench.report.verdict_summary import sentences, summary_lines
from cstrack_bench.report.views import find_tables, write_views
from tests.report.fakes import (
    changed,
    fake_record,
    fake_records,
    planted_records,
    write_curve,
    write_fakes,
)


def page_of(root: Path, name: str = "RESULTS.md") -> str:
    """RESULTS.md, ERRATA.md, or a page below the results."""
    output = root.parent / "RESULTS.md"
    write_views(root, output)
    path = root.parent / name
    return path.read_text(encoding="utf-8")


TWIN = "results/twin/README.md"


def test_the_first_screen_has_the_answer(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records())
    write_fakes(root, fake_records((1, 4, 5), (0,), profile="real"))
    page = page_of(root)
    assert page.startswith(MARKER)
    first = "\n".join(page.splitlines()[:12])
    assert "tested are 7 on SynthMOT (profile twin) and 3 on real frames" in first
    assert "of 13 comparisons" in first
    assert "of 5 comparisons" in first
    assert "5 have no verdict (one seed or one sequence)" in first
    assert "The smallest effect that these runs show" in first
    bullets = [line for line in first.splitlines() if line.startswith("- ")]
    assert len(bullets) == 4


def test_a_row_a_claim(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records())
    write_fakes(root, fake_records((4, 5), (0,), profile="real"))
    page = page_of(root)
    head = "| claim | print | twin | real | n | detectable | verdict |"
    assert head in page
    (row,) = [line for line in page.splitlines() if "II ④ − ⑤" in line]
    assert "| MOTA +1.4<br>IDF1 +2.0 |" in row
    assert "| 3 × 2<br>1 × 2 |" in row
    assert "+11.2 [" in row
    assert "| +10.9<br>+18.5 |" in row


def test_every_claim_of_the_paper_fits(tmp_path: Path) -> None:
    root = tmp_path / "results"
    for name in table_names():
        paper = load_table(name)
        rows = sorted({n for a in paper.arguments for n in (a.first, a.second)})
        for profile in ("twin", "real", "real-coco", "paper"):
            records = [
                fake_record(row, seed, profile, table=name)
                for row in rows
                for seed in (0, 1, 2)
            ]
            write_fakes(root, records)
    page = page_of(root)
    section = page.split("## Claims, one a row")[1].split("\n## ")[0]
    claims = [line for line in section.splitlines() if " − " in line]
    assert len(claims) == sum(len(load_table(n).arguments) for n in table_names())
    assert len(page.splitlines()) <= MOST_LINES
    assert "Nothing here ran under the paper" not in page
    assert "of the printed numbers" in page


def test_what_is_failed_or_undertrained_is_named(tmp_path: Path) -> None:
    root = tmp_path / "results"
    lost = planted_records(5, 950, 3, 4, 1)
    write_fakes(root, [*planted_records(4, 200, 3, 4, 1), *lost])
    output = tmp_path / "RESULTS.md"
    write_views(root, output)
    text = output.read_text(encoding="utf-8")
    assert "- Rows that failed: II row 5 finds 5.0 % of the boxes (twin)." in text
    assert "2 lean on a failed row" in text
    curve = write_curve(root / "twin", {3: 40.0, 6: 44.0}, ("table2/4",))
    write_views(root, output)
    text = output.read_text(encoding="utf-8")
    assert "Rows that failed" in text  # a failed row is named before
    write_fakes(root, planted_records(5, 210, 3, 4, 1))
    write_views(root, output)
    text = output.read_text(encoding="utf-8")
    short = "6 epochs in the place of 3 gain 4.0 MOTA on tune"
    assert f"undertrained: II row 4: {short} (twin)" in text
    curve.unlink()
    write_views(root, output)
    assert "undertrained" not in output.read_text(encoding="utf-8")


def test_runs_of_earlier_settings_are_counted(tmp_path: Path) -> None:
    """Fake runs have settings that no recipe has."""
    root = tmp_path / "results"
    write_fakes(root, fake_records((4, 5), (0, 1)))
    assert "**4 of the 4 runs are of earlier settings or code:**" in page_of(root)


def test_the_summary_closes_the_screen() -> None:
    tables = [table_from(fake_records(), load_table("table2"))]
    lines = summary_lines(tables, width=60)
    assert max(map(len, lines)) <= 60
    joined = " ".join(line.strip("- ") for line in lines[1:])
    assert joined == " ".join(sentences(tables))


def test_without_runs_it_says_so() -> None:
    (only,) = sentences([])
    assert only.endswith("tested are none so far.")


def test_custom_runs_are_not_counted() -> None:
    records = fake_records((4, 5), label="custom")
    assert sentences([table_from(records, load_table("table2"))]) == sentences([])


def test_profiles_have_their_own_pages(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records(seeds=(0,)))
    write_fakes(root, fake_records((1, 4), (0,), profile="real"))
    assert page_of(root, TWIN).splitlines()[1] == "# Profile `twin`: SynthMOT"
    real = page_of(root, "results/real/README.md")
    assert "not comparable with print" in real.splitlines()[1]
    assert "not comparable with print" in real.split("\n## ")[1]


def test_a_page_holds_scores_and_directions(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records())
    page = page_of(root, TWIN)
    assert "| ④ | SR + CR, λ learned | 66.0 | 86.0 ±0.2 |" in page
    assert "| ④ − ⑤ | the whole of REN against none | +1.4 → +11.2 [" in page
    assert "split train/val (fake-val)" in page
    assert "**HOTA, which is not in print:**" in page
    assert page.count("<details>") == page.count("</details>")


def test_provenance_and_sequences_are_csv(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records())
    page_of(root)
    runs = rows_of(root / "twin" / "table2-runs.csv")
    assert len(runs) == 18
    assert (runs[9]["row"], runs[9]["seed"], runs[9]["run"]) == ("4", "0", "fake40")
    assert (runs[9]["hardware"], runs[9]["parameters"]) == ("FAKE CPU", "1000004")
    assert (runs[9]["git"], runs[9]["training_s"]) == ("0123456789", "120.0")
    sequences = rows_of(root / "twin" / "table2-sequences.csv")
    assert len(sequences) == 36
    assert sequences[0]["sequence"] == "FAKE-01"
    record = fake_record(1)
    expected = record.scores.sequences["FAKE-01"]
    assert float(sequences[0]["MOTA_percent"]) == pytest.approx(expected["MOTA"])
    assert int(sequences[0]["FN"]) == expected["FN"]


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(encoding="utf-8")))


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
    page = profile_page([table_from(fake_records(), load_table("table2"))], [record])
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
    assert not list(root.glob("**/*.csv"))


def test_what_was_mixed_in_is_said(tmp_path: Path) -> None:
    root = tmp_path / "results"
    part = {"name": "FAKE seed 1", "images": 77, "boxes": 5, "identities": 2}
    record = changed(fake_record(4), data__mix=[{**part, "hash": "fake-mix"}])
    write_fakes(root, [record])
    page_of(root)
    (run,) = rows_of(root / "twin" / "table2-runs.csv")
    assert run["mixed_in_images"] == "FAKE seed 1: 77 (fake-mix)"


def test_the_same_runs_give_the_same_page(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records())
    for name in ("RESULTS.md", TWIN):
        assert page_of(root, name) == page_of(root, name)


def test_slips_of_the_paper_are_listed_even_without_runs(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    assert "No run yet." in page_of(tmp_path / "results")
    page = page_of(tmp_path / "results", "ERRATA.md")
    assert page.startswith(MARKER)
    assert "71.6 − 63.1 = 8.5" in page
    assert "71.6 − 63.1 = 8.5" not in page_of(tmp_path / "results")


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
    assert "custom settings" in page_of(root, "results/custom/twin-abc/README.md")
    assert "custom settings" not in page_of(root, TWIN)


def test_rows_measured_on_other_frames_wait_outside(tmp_path: Path) -> None:
    """After the data changed, a row measured before it must not stand beside it."""
    root = tmp_path / "results"
    old = changed(fake_record(1), data__val__hash="old-frames")
    new = fake_record(4)
    write_fakes(root, [old, new])
    ((table, _),) = find_tables(root)
    assert [len(row.records) for row in table.rows] == [0, 0, 0, 1, 0, 0]
    assert "measured earlier on other frames" in page_of(root, TWIN)


def test_a_broken_record_is_named(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, [fake_record(4)])
    broken = root / "twin" / "table2" / "row4" / "seed0.json"
    broken.write_text("{")
    with pytest.raises(InputError, match=r"seed0\.json"):
        find_tables(root)


def test_the_verb_writes_page_and_csv(tmp_path: Path) -> None:
    root = tmp_path / "results"
    write_fakes(root, fake_records((4, 5), (0,)))
    output = tmp_path / "RESULTS.md"
    command = [sys.executable, "-m", "cstrack_bench", "report", "--results", root]
    subprocess.run(command, check=True, timeout=120)
    assert output.read_text(encoding="utf-8").startswith(MARKER)
    csv = (root / "twin" / "table2.csv").read_text(encoding="utf-8")
    assert csv.startswith("table,profile,label,row,name,SR,CR,MOTA paper,MOTA")
