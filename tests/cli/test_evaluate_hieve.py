"""`cstrack evaluate --dataset hieve`, through the real program."""

import json
import sys
from pathlib import Path

import pytest

from cstrack_bench.cli.app import main


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Six videos of one walker, of which a tracker misses half of the last."""
    labels = tmp_path / "data" / "HIE20" / "labels" / "train"
    results = tmp_path / "results"
    labels.mkdir(parents=True)
    results.mkdir()
    for number in range(1, 7):
        rows = [f"{frame},0,5,5,10,20,1,-1,-1,-1\n" for frame in range(4)]
        (labels / f"{number}.txt").write_text("".join(rows))
        rows = [f"{frame},3,5,5,10,20,1,-1,-1,-1\n" for frame in range(1, 5)]
        found = rows[2:] if number == 6 else rows
        (results / f"{number}.txt").write_text("".join(found))
    return tmp_path


@pytest.mark.parametrize(
    ("split", "videos", "mota"),
    [("full", "123456", 100 * 22 / 24), ("hieve/holdout", "3456", 100 * 14 / 16)],
)
def test_hieve_is_evaluated_on_its_own_labels(
    world: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    split: str,
    videos: str,
    mota: float,
) -> None:
    data = ["--dataset", "hieve", "--data", str(world / "data"), "--split", split]
    command = ["cstrack", "evaluate", str(world / "results"), *data, "--json"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    assert ended.value.code == 0, captured.err
    document = json.loads(captured.out)
    assert set(document["sequences"]) == set(videos)
    assert document["overall"]["MOTA"] == pytest.approx(mota)
