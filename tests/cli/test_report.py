"""``cstrack report``: views and the page from records; bad input is one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.wide_resnet import WideResNet
from cstrack_bench.models.wide_resnet import make_config as make_reid_config
from cstrack_bench.synthmot.generate import SynthConfig, SynthSpec, make_synthmot
from cstrack_bench.systems.weights import save_weights
from tests.conftest import MakeSequence
from tests.report.fakes import fake_records, write_fakes


@pytest.fixture
def results(tmp_path: Path) -> Path:
    root = tmp_path / "results"
    write_fakes(root, fake_records(rows=(4, 5), seeds=(0, 1)))
    return root


@pytest.fixture(scope="module")
def sequence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = SynthConfig(width=192, height=128, frames=8, people=6)
    spec = SynthSpec(config, 0, 0, 1, seed=1)
    root = make_synthmot(tmp_path_factory.mktemp("world"), spec, processes=1)
    return next((root / "test").iterdir())


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """CSTrack and a JDE-style head, neither trained."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    configs = {
        "cstrack": make_config("n"),
        "jde": make_config("n", ren="none", reid_head="basic"),
    }
    paths = []
    for name, config in configs.items():
        path = folder / f"{name}.safetensors"
        save_weights(path, "cstrack", CSTrack(config), {"input_size": "192x128"})
        paths.append(path)
    return paths


def report(*arguments: object) -> Any:
    """Run the verb in this process; its error is raised here."""
    result = CliRunner().invoke(app, ["report", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_views_are_written_from_the_records(tmp_path: Path, results: Path) -> None:
    done = report("--results", results, "--json")
    written = {Path(path).name for path in json.loads(done.stdout)["written"]}
    assert {"RESULTS.md", "ERRATA.md", "table2.csv", "README.md"} <= written
    assert (tmp_path / "RESULTS.md").is_file()
    other = tmp_path / "elsewhere" / "page.md"
    report("--results", results, "--output", other)
    assert other.read_text() == (tmp_path / "RESULTS.md").read_text()


def test_a_page_is_one_file_and_nothing_else_is_written(
    tmp_path: Path, results: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    page = tmp_path / "out.html"
    done = report("--results", results, "--html", page)
    assert "written:" in done.stdout
    assert sorted(tmp_path.rglob("*")) == sorted([*before, page])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "Fig. 6" not in text
    # The same records give the same page.
    report("--results", results, "--html", tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == text


def test_weights_and_a_sequence_give_pictures(
    tmp_path: Path, results: Path, sequence: Path, networks: list[Path]
) -> None:
    page = tmp_path / "out.html"
    shown = ("--weights", networks[0], "--against", networks[1], "--device", "cpu")
    common = ("--results", results, "--html", page, "--sequence", sequence)
    done = report(*common, *shown, "--json")
    document = json.loads(done.stdout)
    assert document["written"] == [str(page)]
    assert any(line.startswith("Rank-1") for line in document["embeddings"])
    text = page.read_text(encoding="utf-8")
    for part in ("Fig. 6 a", "CSTrack", "JDE-style head", "Figs. 7 and 8", "Fig. 9"):
        assert part in text, part
    # One network alone, and half of the frames.
    report(*common, "--weights", networks[1], "--split", "half/official")
    text = page.read_text(encoding="utf-8")
    assert "frames 5 to 8" in text


def test_bad_input_is_one_sentence(
    tmp_path: Path,
    results: Path,
    sequence: Path,
    networks: list[Path],
    make_sequence: MakeSequence,
) -> None:
    bare = make_sequence(tmp_path, "BARE-01", [(1, 1, 1)])
    (bare / "gt" / "gt.txt").unlink()
    reid = tmp_path / "reid.safetensors"
    save_weights(reid, "deepsort", WideResNet(make_reid_config("n")), {})
    page = ("--results", results, "--html", tmp_path / "out.html")
    weights, on = ("--weights", networks[0]), ("--sequence", sequence)
    wrong: dict[str, tuple[object, ...]] = {
        "No such folder of results": ("--results", tmp_path / "nothing"),
        "give --html too": ("--results", results, *weights, *on),
        "one at a time": (*page, "--output", tmp_path / "a.md"),
        "give both --weights and --sequence": (*page, *weights),
        "both --weights": (*page, *on),
        "more than once": (*page, *weights, *on, *on),
        "has no ground truth": (*page, *weights, "--sequence", bare),
        "finds none": (*page, "--weights", reid, *on),
        "No tracker": (*page, *weights, *on, "--tracker", "cstrak"),
        "No split": (*page, *weights, *on, "--split", "half"),
        "is a folder": ("--results", results, "--html", tmp_path),
    }
    for sentence, arguments in wrong.items():
        with pytest.raises(InputError, match=sentence):
            report(*arguments)
    assert not (tmp_path / "out.html").exists()
