"""What only a CUDA device can show: run with ``scripts/test.sh -m gpu``."""

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


def test_the_network_agrees_with_the_cpu() -> None:
    torch.manual_seed(0)
    model = CSTrack(make_config("n")).eval()
    images = torch.rand(2, 3, 192, 320)
    with torch.inference_mode():
        here = model(images)
        there = model.cuda()(images.cuda())
    for ours, theirs in zip(
        here.raw + here.embeddings, there.raw + there.embeddings, strict=True
    ):
        assert torch.allclose(ours, theirs.cpu(), atol=1e-3)


def test_smoke_trains_and_tracks_on_cuda(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app,
        [
            *("reproduce", "table2", "--profile", "smoke", "--rows", "4"),
            *("--device", "cuda", "--data", str(tmp_path / "data")),
            *("--results", str(tmp_path / "results")),
        ],
    )
    assert done.exit_code == 0, done.output
    record = Ledger(tmp_path / "results").records()[0]
    assert record["provenance"]["device"].startswith("cuda")
    assert record["training"]["precision"] == "float16"
