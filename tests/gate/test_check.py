"""`cstrack check` through the real program: it passes, and names what was planted."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from cstrack_bench.evaluation import preprocessing, trackeval_scores
from cstrack_bench.experiments.identity import run_components
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.recipes import load_recipe
from cstrack_bench.experiments.records import read_record
from cstrack_bench.gate import exact_numbers, metrics_gate
from cstrack_bench.gate.baseline_file import KnownStale, read_baseline
from cstrack_bench.gate.cached_detections import (
    read_cached_detections,
    read_gate_inputs,
)
from cstrack_bench.gate.cell_states import State
from cstrack_bench.tracking import cascade, tracker_registry
from cstrack_bench.training.train_config import LossConfig
from tests.gate.conftest import ROOT, Run
from tests.report.fakes import changed, fake_record, planted_records, write_fakes


@pytest.fixture(scope="module")
def computed() -> exact_numbers.ExactNumbers:
    """What this code computes, for tests that are about something else."""
    inputs = read_gate_inputs(ROOT / "results" / "gate")
    return exact_numbers.exact_numbers(inputs)


@pytest.fixture
def quick(
    computed: exact_numbers.ExactNumbers, monkeypatch: pytest.MonkeyPatch
) -> exact_numbers.ExactNumbers:
    """The same, not computed again."""
    monkeypatch.setattr(metrics_gate, "exact_numbers", lambda _: computed)
    return computed


def planted_numbers(
    computed: exact_numbers.ExactNumbers,
) -> exact_numbers.ExactNumbers:
    """As if CSTrack's cascade took pairs of less overlap and lost points by it."""
    before = computed.association["cstrack"]
    after = before.model_copy(
        update={
            "settings": {**before.settings, "overlap_limit": 0.8},
            "identities": dict.fromkeys(before.identities, "another"),
            "scores": {**before.scores, "MOTA": float(before.scores["MOTA"]) - 1},
        }
    )
    association = {**computed.association, "cstrack": after}
    return dataclasses.replace(computed, association=association)


def test_the_committed_state_passes(cstrack: Run) -> None:
    code, out, err = cstrack("check", "--results", ROOT / "results", "--json")
    document = json.loads(out)
    assert (code, err) == (0, ""), err
    assert document["passed"] is True
    counts = document["counts"]
    # Seven trackers and six benchmarks, every score of each.
    assert counts["association"]["same"] >= 7 * 15
    assert counts["evaluation"]["same"] >= 6 * 15
    assert sum(counts["record"].values()) > 0
    assert set(counts["record"]) <= {"same", "known stale"}


def write_present_record(results: Path) -> str:
    """A fake run with the settings and components of today; its path."""
    run = load_recipe("table2").runs("twin", [4])[0]
    record = changed(
        fake_record(4),
        recipe=run.settings.as_dict(),
        run__components=run_components(run),
    )
    write_fakes(results, [record])
    return "twin/table2/row4/seed0.json"


def test_a_record_of_today_is_not_stale_and_one_of_other_settings_is(
    results: Path,
) -> None:
    name = write_present_record(results)
    cells = {cell.name: cell for cell in metrics_gate.stale_cells(results, ())}
    assert cells[name].state is State.SAME
    record = read_record(results / name)
    tree = {**record.recipe, "nms": {**record.recipe["nms"], "confidence": 0.3}}
    # What does not change a number makes nothing stale.
    tree["train"] = {**tree["train"], "workers": 7}
    write_fakes(results, [changed(record, recipe=tree)])
    cells = {cell.name: cell for cell in metrics_gate.stale_cells(results, ())}
    assert cells[name].state is State.STALE
    assert cells[name].reason == "nms.confidence 0.3 → 0.6"
    known = KnownStale(records=[name], changes=[cells[name].reason], reason="Meant")
    cells = {cell.name: cell for cell in metrics_gate.stale_cells(results, [known])}
    assert cells[name].state is State.KNOWN
    tree["loss"] = {**tree["loss"], "identity": 0.5}
    write_fakes(results, [changed(record, recipe=tree)])
    cells = {cell.name: cell for cell in metrics_gate.stale_cells(results, [known])}
    assert cells[name].state is State.STALE
    assert cells[name].reason == "loss.identity 0.5 → 0.02"
    assert len(cells[name].changes) == 2


def plant_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """CSTrack's cascade matches pairs of less overlap."""
    planted = tuple(
        dataclasses.replace(
            one, config=dataclasses.replace(one.config, overlap_limit=0.8)
        )
        if one.name == "cstrack"
        else one
        for one in cascade.TRACKERS
    )
    monkeypatch.setattr(cascade, "TRACKERS", planted)


def test_a_planted_association_threshold_fails_and_names_the_tracker(
    cstrack: Run, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_threshold(monkeypatch)
    code, out, err = cstrack("check", "--results", results)
    assert code == 1
    assert "MOVED  association/cstrack\n" in out
    assert "component: tracker cascade" in out
    assert "cstrack: overlap_limit 0.5 → 0.8" in out
    # No other tracker, and no rule of evaluation; JDE's cascade has its own settings.
    assert out.count("MOVED") == 1
    assert "moved: mend the code, or accept it with `cstrack check --update" in err


def test_a_threshold_of_each_tracker_is_seen(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = {
        "bytetrack": {"low_confidence": 0.3},
        "centertrack": {"birth_confidence": 0.6},
        "centertrack-rebirth": {"max_age": 3},
        "fairmot": {"appearance_limit": 0.2},
        "cstrack": {"appearance_limit": 0.3},
        "deepsort": {"appearance_limit": 0.3},
        "iou": {"overlap_limit": 0.6},
        "jde": {"appearance_limit": 0.6},
        "sort": {"max_age": 3},
        "steady": {"camera_gain": 0.6},
    }
    trackers = tracker_registry.built_in_trackers()
    assert trackers.keys() == planted.keys(), "each tracker has a plant here"
    changed = {
        name: dataclasses.replace(
            one, config=dataclasses.replace(one.config, **planted[name])
        )
        for name, one in trackers.items()
    }
    for module in (tracker_registry, exact_numbers):
        monkeypatch.setattr(module, "built_in_trackers", lambda: changed)
    found = exact_numbers.associate(read_cached_detections(results / "gate"))
    baseline = read_baseline(results)
    assert baseline is not None
    for name, numbers in found.items():
        before = baseline.association[name]
        assert numbers.identities != before.identities, name
        assert numbers.scores != before.scores, name


def test_a_planted_rule_of_evaluation_fails_and_is_not_blamed_on_trackers(
    cstrack: Run, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Class 8, MOTChallenge's distractors, is no longer removed before MOT17 is scored.
    monkeypatch.setitem(preprocessing._TRACKEVAL_CLASSES, "distractor", 99)
    code, out, _ = cstrack("check", "--results", results)
    assert code == 1
    assert "MOVED  evaluation/trackeval mot17" in out
    assert "MOVED  evaluation/trackeval mot20" in out
    assert "evaluation/trackeval mot15" not in out
    assert "evaluation/fast" not in out
    moved = out[out.index("MOVED  association/") :] if "association/" in out else ""
    assert "component: tracker" not in moved
    assert "component: evaluation" in out


def test_a_planted_limit_of_overlap_is_the_evaluations(
    cstrack: Run, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = trackeval_scores._metrics

    def stricter() -> dict[str, object]:
        found = metrics()
        found["CLEAR"].config["THRESHOLD"] = found["CLEAR"].threshold = 0.75
        return found

    monkeypatch.setattr(trackeval_scores, "_metrics", stricter)
    code, out, _ = cstrack("check", "--results", results, "--json")
    cells = json.loads(out)["cells"]
    moved = {cell["name"] for cell in cells if cell["state"] == "moved"}
    assert code == 1
    assert "cstrack/MOTA" in moved
    assert "trackeval mot17/MOTA" in moved
    assert "fast mot17/MOTA" not in moved
    blamed = {c["component"] for c in cells if c["state"] == "moved"}
    assert blamed == {"evaluation"}
    # Followed by the versions of libraries where they are not those of the baseline.
    parts = [c["reason"].split("; ")[0] for c in cells if c["part"] == "association"]
    assert set(parts) == {"the same boxes have the same ids"}


@pytest.mark.usefixtures("quick")
def test_a_planted_loss_weight_names_every_record_that_is_stale(
    cstrack: Run, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = write_present_record(results)
    field = LossConfig.__dataclass_fields__["box"]
    monkeypatch.setattr(field, "default", 0.06)
    code, out, _ = cstrack("check", "--results", results, "--json")
    assert code == 1
    cells = {c["name"]: c for c in json.loads(out)["cells"] if c["state"] == "stale"}
    records = {path.relative_to(results).as_posix() for path in Ledger(results).files()}
    assert cells.keys() == records
    assert fresh in records
    # Those that the baseline knows as stale are so in this, too.
    for cell in cells.values():
        assert cell["reason"] == "loss.box 0.05 → 0.06"
        assert cell["reason"] in cell["changes"]
    assert cells[fresh]["component"] == "setting loss.box"
    assert not [c for c in json.loads(out)["cells"] if c["state"] == "moved"]
    code, out, _ = cstrack("check", "--results", results)
    assert "twin/table2 row 4 seed 0" in out


def test_an_update_needs_a_reason_and_a_reason_an_update(
    cstrack: Run, results: Path
) -> None:
    before = (results / "gate/baseline.json").read_bytes()
    for more in (["--update"], ["--update", "--reason", "  "], ["--reason", "why"]):
        code, _, err = cstrack("check", "--results", results, *more)
        assert code == 2
        assert err.startswith("error: --")
        assert err.count("\n") == 1
    assert (results / "gate/baseline.json").read_bytes() == before


def test_an_update_is_the_new_baseline_and_its_reason_is_in_the_changelog(
    cstrack: Run,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    computed: exact_numbers.ExactNumbers,
) -> None:
    base = results.parent / "base"
    shutil.copytree(results, base)
    planted = planted_numbers(computed)
    monkeypatch.setattr(metrics_gate, "exact_numbers", lambda _: planted)
    reason = "The cascade takes pairs of less overlap: fewer tracks break"
    code, _, err = cstrack(
        "check", "--results", results, "--update", "--reason", reason
    )
    assert code == 0, err
    baseline = read_baseline(results)
    assert baseline is not None
    assert baseline.reason == reason
    assert baseline.association["cstrack"].settings["overlap_limit"] == 0.8
    text = (results.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = text[: text.index("## [0.1.0]")]
    assert "### Numbers that moved\n\n- The cascade takes pairs" in unreleased
    assert "`association/cstrack`" in unreleased
    assert "\n\n\n" not in text
    # Against the earlier results it is a move that was meant.
    code, out, _ = cstrack("check", "--results", results, "--against", base, "--json")
    cells = {c["state"] for c in json.loads(out)["cells"] if c["part"] == "association"}
    assert (code, cells) == (0, {"accepted"})
    # The old code does not compute what is declared now.
    monkeypatch.setattr(metrics_gate, "exact_numbers", lambda _: computed)
    code, out, _ = cstrack("check", "--results", results, "--against", base)
    assert code == 1
    assert "MOVED  association/cstrack" in out


def write_rows(results: Path, draw: int, worse: dict[int, float]) -> None:
    """Table II with seeds and noise of its own, by the settings of today."""
    for run in load_recipe("table2").runs("twin"):
        level = worse.get(run.row, 100.0 + 20 * run.row)
        records = planted_records(1000 * draw + run.row, level, 3, 8, 12.0)
        for record in records:
            seed = 10 * draw + record.run.seed
            again = changed(
                record,
                recipe=run.settings.as_dict(),
                run__row=run.row,
                run__seed=seed,
                run__hash=f"fake{run.row}-{seed}",
                run__components=run_components(run),
            )
            write_fakes(results, [again])


@pytest.mark.usefixtures("quick")
def test_a_run_with_another_seed_passes_and_a_worse_one_does_not(
    cstrack: Run, results: Path
) -> None:
    base = results.parent / "base"
    for draw, folder in ((1, base), (2, results)):
        if not folder.exists():
            shutil.copytree(results, folder)
        shutil.rmtree(folder / "twin")
        write_rows(folder, draw, {})
    arguments = ("check", "--results", results, "--against", base)
    code, out, _ = cstrack(*arguments, "--json")
    document = json.loads(out)
    assert code == 0
    trained = [c for c in document["cells"] if c["part"] == "trained"]
    # Those within the margin are the same and not listed.
    assert {cell["state"] for cell in trained} == {"not told apart"}
    assert all(cell["low"] < cell["high"] for cell in trained)
    assert sum(document["counts"]["trained"].values()) >= 6 * 3
    assert document["counts"]["record"]["same"] >= 18

    write_rows(results, 2, {4: 260.0})
    code, out, _ = cstrack(*arguments)
    assert code == 1
    assert "MOVED  twin/table2/4" in out
    assert out.count("MOVED") == 1
    assert "seed 10 → 20 and nothing else" in out
    reason = "Row 4 is trained otherwise"
    more = ("--update", "--reason", reason)
    assert cstrack(*arguments, *more)[0] == 0
    code, out, _ = cstrack(*arguments)
    assert code == 0
    assert f"accepted  twin/table2/4: {reason}" in out


@pytest.mark.usefixtures("quick")
def test_an_update_that_cannot_be_written_whole_writes_nothing(
    cstrack: Run, results: Path
) -> None:
    path = results / "gate/baseline.json"
    path.unlink()
    changelog = results.parent / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## [0.1.0]\n", encoding="utf-8")
    code, _, err = cstrack("check", "--results", results, "--update", "--reason", "A")
    assert code == 2
    assert "has no section '## [Unreleased]'" in err
    assert not path.exists()
    shutil.copytree(results, results.parent / "bare", ignore=lambda *_: ["gate"])
    arguments = ("--results", results.parent / "bare", "--against", results)
    code, _, err = cstrack("check", *arguments, "--update", "--reason", "A")
    assert code == 2
    assert "bare has no folder gate/ with cached detections" in err
    assert changelog.read_text(encoding="utf-8") == "# Changelog\n\n## [0.1.0]\n"


def test_without_a_baseline_or_with_other_inputs_it_says_so(
    cstrack: Run, results: Path
) -> None:
    gate = results / "gate"
    truth = sorted(gate.rglob("gt.txt"))[0]
    truth.write_text(truth.read_text().replace(",1,1,", ",1,8,", 1))
    code, _, err = cstrack("check", "--results", results)
    assert code == 2
    assert f"{truth} is not the file that" in err
    (gate / "detections.npz").write_bytes(b"PK\x03\x04 cut")
    code, _, err = cstrack("check", "--results", results)
    assert code == 2
    assert "does not hold the cached detections" in err
    assert err.count("\n") == 1
    (gate / "baseline.json").unlink()
    code, _, err = cstrack("check", "--results", results.parent / "absent")
    assert (code, err[:33]) == (2, "error: No such folder of results:")


def test_github_gets_annotations_and_one_table(
    cstrack: Run,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    computed: exact_numbers.ExactNumbers,
) -> None:
    summary = results.parent / "summary.md"
    arguments = ("check", "--results", results, "--format", "github")
    planted = planted_numbers(computed)
    monkeypatch.setattr(metrics_gate, "exact_numbers", lambda _: planted)
    monkeypatch.setattr(metrics_gate, "stale_cells", lambda *_: ())
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    code, out, _ = cstrack(*arguments)
    assert code == 1
    lines = [line for line in out.splitlines() if line.startswith("::")]
    assert len(lines) == 1
    assert lines[0].startswith(f"::error file={results}/gate/baseline.json,title=")
    assert "component: tracker cascade%0A" in lines[0]
    assert "MOTA " in lines[0]
    text = summary.read_text(encoding="utf-8")
    assert text.count("|---|---|---|---|---|") == 1
    assert "| association/cstrack/MOTA | " in text
    assert "cstrack: overlap_limit 0.5 → 0.8" in text


def test_a_new_tracker_asks_for_a_baseline(
    cstrack: Run,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    computed: exact_numbers.ExactNumbers,
) -> None:
    more = {**computed.association, "another": computed.association["sort"]}
    with_it = dataclasses.replace(computed, association=more)
    monkeypatch.setattr(metrics_gate, "exact_numbers", lambda _: with_it)
    code, out, _ = cstrack("check", "--results", results)
    assert code == 1
    assert "MOVED  association/another" in out
    assert "otherwise: not in the baseline" in out
    assert out.count("MOVED") == 1
