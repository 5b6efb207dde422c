"""The section and the CSV of trackers without appearance."""

import csv
import io
import json
from pathlib import Path

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.experiments.comparison_records import AssociationRecord
from cstrack_bench.report.association_table import (
    ALL,
    COLUMNS,
    association_csv,
    read_associations,
)
from cstrack_bench.report.markdown import write_views
from tests.report.fakes import fake_document


def scores(hota: float) -> dict:
    row = dict.fromkeys(COLUMNS.values(), 7)
    row |= dict.fromkeys(("HOTA", "DetA", "AssA", "MOTA", "IDF1"), hota)
    return {"overall": row, "sequences": {"FAKE-01": dict(row)}}


def line(label: str, hota: float) -> dict:
    settings = {"options": {}, "least_score": 0.6, "settings": {"max_lost": 1}}
    return {"label": label, "tracker": "sort", **settings, "scores": scores(hota)}


def document() -> dict:
    return {
        "schema": 1,
        "name": "fake-detections",
        "title": "Fake association",
        "split": "half/bytetrack",
        "split_hash": "0123456789ab",
        "sequences": {"FAKE-01": [10, 20]},
        "detections_sha256": {"FAKE-01": "0" * 64},
        "filter": {"min_area": 100.0},
        "trackers": [line("SORT", 61.25)],
        "rules": [line("SORT − age", 60.5)],
        "leave_one_out": {
            "grid": {"max_lost": [1, 30]},
            "chosen": {"FAKE-01": {"max_lost": 30}},
            "scores": scores(59.125),
            "settings": 2,
            "mean_hota_of_settings": [58.0, 61.0],
        },
        "peers": [{"label": "Peer", "HOTA": 66.35}],
        "caveats": ["A fake caveat."],
        "provenance": fake_document(4)["provenance"],
    }


def lay(root: Path, content: str) -> Path:
    path = root / "association" / "fake.json"
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    return path


def test_the_page_shows_trackers_peers_rules_and_caveats(tmp_path: Path) -> None:
    root, page = tmp_path / "results", tmp_path / "RESULTS.md"
    path = lay(root, json.dumps(document()))
    written = write_views(root, page)
    assert path.with_suffix(".csv") in written
    text = page.read_text(encoding="utf-8")
    assert "## Fake association" in text
    assert "| SORT | 61.25 |" in text
    assert "| ours, thresholds from the other six sequences | 59.12 |" in text
    assert "| quoted: Peer | 66.35 | — |" in text
    assert "| SORT − age | 60.50 |" in text
    assert "- A fake caveat." in text
    assert "half/bytetrack (0123456789ab), 10 frames" in text
    assert "uncommitted" not in text


def test_the_csv_has_a_line_a_tracker_and_sequence() -> None:
    lines = list(
        csv.DictReader(
            io.StringIO(association_csv(AssociationRecord.model_validate(document())))
        )
    )
    assert [(line["part"], line["sequence"]) for line in lines] == [
        ("tracker", ALL),
        ("tracker", "FAKE-01"),
        ("rule", ALL),
        ("rule", "FAKE-01"),
    ]
    assert float(lines[0]["HOTA_percent"]) == 61.25
    assert lines[0]["identity_switches"] == "7"


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 2}', '{"schema": 1}'])
def test_another_file_is_refused_with_its_name(tmp_path: Path, content: str) -> None:
    lay(tmp_path, content)
    with pytest.raises(InputError, match=r"fake\.json"):
        read_associations(tmp_path)
