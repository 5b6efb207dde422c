"""The arithmetic of records: each kind of contradiction is found and named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cstrack_bench.experiments.record_arithmetic import audit_records, contradictions
from cstrack_bench.experiments.records import RunRecord
from tests.experiments.sound_records import sound_document

Change = Callable[[dict[str, Any]], None]


def numbers(document: dict[str, Any]) -> set[str]:
    record = RunRecord.model_validate_json(json.dumps(document))
    return {number for number, _, _ in contradictions(record)}


def add(path: str, amount: float) -> Change:
    """Add to one number, ``scores/overall/MOTA``."""

    def change(document: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        found: Any = document
        for key in parents:
            found = found[int(key)] if isinstance(found, list) else found[key]
        found[last] += amount

    return change


def test_a_sound_record_has_none() -> None:
    assert numbers(sound_document()) == set()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (add("scores/overall/MOTA", 0.1), "scores.overall.MOTA"),
        (add("scores/overall/IDF1", 0.1), "scores.overall.IDF1"),
        (add("scores/overall/IDSW", 1), "scores.overall.IDSW"),
        (add("scores/overall/Frag", 1), "scores.overall.Frag"),
        (add("scores/overall/MT", 1), "scores.overall.IDs"),
        (add("scores/sequences/FAKE-01/IDR", -0.1), "scores.sequences.FAKE-01.IDR"),
        (add("scores/sequences/FAKE-02/IDTP", 1), "scores.sequences.FAKE-02.IDFP"),
        (add("baselines/iou/overall/IDP", 0.1), "baselines.iou.overall.IDP"),
        (add("blocks/0/FN", 1), "blocks.FAKE-01.FN"),
        (add("blocks/9/IDSW", 1), "blocks.FAKE-02.IDSW"),
    ],
)
def test_a_number_that_does_not_follow_is_named(change: Change, named: str) -> None:
    document = sound_document()
    change(document)
    assert named in numbers(document)


def test_what_is_found_and_what_follows_are_both_given() -> None:
    document = sound_document()
    document["blocks"][0]["FN"] += 2
    record = RunRecord.model_validate_json(json.dumps(document))
    (found,) = [c for c in contradictions(record) if c[0] == "blocks.FAKE-01.FN"]
    assert int(found[1]) - int(found[2]) == 2


def test_every_record_below_the_root_is_read(tmp_path: Path) -> None:
    for folder in ("twin/table2/row4", "custom/abc/table2/row4"):
        (tmp_path / folder).mkdir(parents=True)
        text = json.dumps(sound_document())
        (tmp_path / folder / "seed0.json").write_text(text, encoding="utf-8")
    (tmp_path / "twin/table2/row4/seed1.json").write_text("{", encoding="utf-8")
    found = audit_records(tmp_path)
    assert found.records == 2
    assert [f.record for f in found.findings] == ["twin/table2/row4/seed1.json"]
    assert audit_records(tmp_path / "none").records == 0
