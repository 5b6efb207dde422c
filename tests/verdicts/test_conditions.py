"""Whether gains grow with a condition: planted counts, and a smoke run."""

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import conditions as script
import numpy as np
import pytest

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.report.condition_section import condition_section
from cstrack_bench.synthmot.world_config import SynthConfig
from cstrack_bench.verdicts.conditions import (
    DIALS,
    ConditionRun,
    condition_name,
    read_conditions,
    trends,
)

USUAL = asdict(SynthConfig(lookalikes=0.25, crowding=0.1, scale_change=0.3))
SEEDS, SEQUENCES, BOXES = 4, 12, 400


def planted(slope: float, rng: np.random.Generator) -> list[ConditionRun]:
    """Runs of the first dial whose gain grows by ``slope`` points of MOTA a value."""
    made = provenance("cpu", "planted")
    dial = DIALS[0]
    runs = []
    for index, value in enumerate(dial.values):
        for row in (dial.first, dial.second):
            gain = slope * index if row == dial.first else 0.0
            for seed in range(SEEDS):
                sequences = {}
                for number in range(SEQUENCES):
                    missed = BOXES * (0.4 - gain / 100) + rng.normal(0, 3)
                    counts = {"GT": BOXES, "FP": 10, "FN": round(missed), "IDSW": 1}
                    counts |= {"IDTP": 200, "IDFP": 50, "IDFN": 200}
                    sequences[f"SYN-test-{number:02d}"] = counts
                runs.append(
                    ConditionRun(
                        condition=condition_name(dial, value, USUAL[dial.name]),
                        table=dial.table,
                        row=row,
                        seed=seed,
                        training="0" * 16,
                        data=f"{index:016x}",
                        sequences=sequences,
                        provenance=made,
                    )
                )
    return runs


def test_a_gain_that_grows_is_said_to() -> None:
    found = trends(planted(2.0, np.random.default_rng(0)), USUAL)
    mota, idf1 = found
    assert [gain.value for gain in mota.gains] == list(DIALS[0].values)
    assert [gain.mean for gain in mota.gains] == pytest.approx([0, 2, 4], abs=0.5)
    assert mota.low < mota.mean < mota.high
    assert mota.verdict == "grows"
    assert (idf1.mean, idf1.verdict) == (0.0, "does not change")
    page = "\n".join(condition_section(found))
    assert "4 seeds × 12 sequences" in page
    assert "| grows |" in page
    assert condition_section([]) == []


def test_a_gain_that_stays_is_no_trend() -> None:
    said = [
        trends(planted(0.0, np.random.default_rng(seed)), USUAL)[0].verdict
        for seed in range(20)
    ]
    assert said.count("grows") + said.count("shrinks") <= 2


def test_what_is_not_measured_everywhere_has_no_trend() -> None:
    runs = planted(2.0, np.random.default_rng(0))
    assert trends([run for run in runs if run.seed == 0], USUAL) == []
    assert trends([run for run in runs if run.condition != "as trained"], USUAL) == []


def test_other_sequences_are_refused() -> None:
    runs = planted(0.0, np.random.default_rng(0))
    runs[0] = runs[0].model_copy(update={"data": "f" * 16})
    with pytest.raises(InputError, match="saw different sequences"):
        trends(runs, USUAL)
    runs = planted(0.0, np.random.default_rng(0))
    fewer = dict(list(runs[-1].sequences.items())[:-1])
    runs[-1] = runs[-1].model_copy(update={"sequences": fewer})
    with pytest.raises(InputError, match="lookalikes saw different sequences"):
        trends(runs, USUAL)


def test_conditions_of_a_smoke_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = ["--data", str(tmp_path / "data"), "--results", str(tmp_path / "results")]
    arguments = ["--profile", "smoke", "--seeds", "2", "--sequences", "2", *folders]
    with pytest.raises(CstrackError, match="`cstrack reproduce table2 --rows 4 --seed"):
        script.main(arguments)
    for table, rows in (("table2", "4,5"), ("table3", "6,8")):
        command = ["reproduce", table, "--rows", rows, "--seeds", "2", "--jobs", "1"]
        subprocess.run(
            [sys.executable, "-m", "cstrack_bench", *command, *arguments[:2], *folders],
            check=True,
            capture_output=True,
            cwd=tmp_path,
        )
    script.main(arguments)
    results = tmp_path / "results" / "smoke"
    runs = read_conditions(results)
    names = {run.condition for run in runs}
    assert len(names) == 1 + sum(len(dial.values) - 1 for dial in DIALS)
    assert len(runs) == 2 * (2 * 5 + 2 * 3)
    assert all(len(run.sequences) == 2 for run in runs)
    picture = results / "conditions" / "conditions.svg"
    before = picture.read_bytes()
    capsys.readouterr()
    script.main(arguments)
    assert picture.read_bytes() == before
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 * len(DIALS)
    page = [sys.executable, "-m", "cstrack_bench", "report", *folders[2:]]
    subprocess.run(page, check=True, capture_output=True, cwd=tmp_path)
    text = (results / "README.md").read_text(encoding="utf-8")
    assert "## Where REN and SAAN should matter" in text
