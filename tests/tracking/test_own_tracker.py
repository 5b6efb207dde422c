"""The tracker of docs/examples, used from a folder outside the package."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cstrack_bench.cli import app
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.recipes import load_recipe
from cstrack_bench.experiments.settings import TrackConfig, build_settings
from cstrack_bench.experiments.upper_bound import measure_bound
from cstrack_bench.formats.mot_files import read_tracks
from cstrack_bench.structures import Detections
from cstrack_bench.tracking.tracker_registry import (
    confidence_options,
    find_tracker,
    make_filter,
    make_tracker,
    tracker_names,
)
from tests.worlds import halves, walkers, write_world

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "my_tracker.py"
TRACKER = "my_tracker.py:TRACKER"
FRAMES = 6


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: the example, a sequence of two people and detections."""
    shutil.copy(EXAMPLE, tmp_path)
    sequence = tmp_path / "WALK-01"
    sequence.mkdir()
    (sequence / "seqinfo.ini").write_text(
        "[Sequence]\nname=WALK-01\nimDir=img1\nframeRate=10\n"
        f"seqLength={FRAMES}\nimWidth=400\nimHeight=200\nimExt=.jpg\n"
    )
    rows = [
        f"{frame + 1},-1,{left + 4 * frame},20,30,80,{score}"
        for frame in range(FRAMES)
        for left, score in ((10, 0.9), (200, 0.4))
    ]
    (tmp_path / "det.txt").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command line."""
    monkeypatch.setattr(sys, "argv", ["cstrack", *arguments])
    before = signal.getsignal(signal.SIGINT)
    try:
        app.main()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        signal.signal(signal.SIGINT, before)
    written = capsys.readouterr()
    return code, written.out, written.err


TRACK = ("track", "WALK-01", "--detections", "det.txt", "--output", "rows.txt")


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder look like one that an installer has filled."""
    metadata = folder / "my_package-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my_package\n")
    (metadata / "entry_points.txt").write_text(
        "[cstrack_bench.trackers]\nmine = my_tracker:TRACKER\n"
    )
    monkeypatch.syspath_prepend(folder)


def test_it_tracks_a_sequence_from_the_command_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = run(monkeypatch, capsys, *TRACK, "--tracker", TRACKER, "--json")
    assert code == 0
    assert json.loads(out)["tracker"] == TRACKER
    table = read_tracks(folder / "rows.txt")
    assert table.ids.tolist() == [1] * FRAMES
    assert table.frames.tolist() == list(range(FRAMES))
    np.testing.assert_allclose(table.boxes[-1], [30, 20, 60, 100])
    # What --conf lets through may also start a track.
    code, *_ = run(monkeypatch, capsys, *TRACK, "--tracker", TRACKER, "--conf", "0.3")
    assert code == 0
    assert set(read_tracks(folder / "rows.txt").ids.tolist()) == {1, 2}


def test_it_is_made_like_any_other(folder: Path) -> None:
    boxes = np.array([[0, 0, 40, 100]], np.float32)
    weak = Detections(boxes, np.full(1, 0.45, np.float32))
    assert len(make_tracker(TRACKER, 30.0).update(weak)) == 0
    assert len(make_tracker(TRACKER, 30.0, least_score=0.4).update(weak)) == 1
    assert confidence_options(TRACKER, 0.2) == {"least_score": 0.2}
    assert make_filter(TRACKER).config.max_aspect == 1.6
    with pytest.raises(InputError, match="the nearest is 'least_score'"):
        make_tracker(TRACKER, 30.0, least_scores=0.4)


def test_an_installed_package_gives_it_a_short_name(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install(folder, monkeypatch)
    assert "mine" in tracker_names()
    assert find_tracker("mine") is find_tracker("my_tracker:TRACKER")
    code, out, _ = run(monkeypatch, capsys, "track", "--list-trackers")
    assert code == 0
    listed = {line.split()[0]: line for line in out.splitlines()}
    assert listed.keys() >= {"cstrack", "steady", "mine"}
    assert listed["mine"].endswith("greedy overlap with the frame before")
    assert run(monkeypatch, capsys, *TRACK, "--tracker", "mine")[0] == 0


def test_a_recipe_may_name_it(folder: Path) -> None:
    document = {"track": {"name": TRACKER, "options": {"least_overlap": 0.5}}}
    settings = build_settings(document)
    assert settings.track.name == TRACKER
    # Where the file lies is not part of a run's identity, what it declares is.
    assert settings.as_dict()["track"]["name"] == "greedy"
    runs = load_recipe("table2").runs("smoke", overrides=[f"track.name={TRACKER}"])
    assert {one.settings.track.name for one in runs} == {TRACKER}
    with pytest.raises(InputError, match="the nearest is 'least_overlap'"):
        build_settings({"track": {"name": TRACKER, "options": {"overlap": 0.5}}})


def test_it_follows_ground_truth_boxes(folder: Path) -> None:
    data = halves(write_world(folder / "world", walkers(4, 24)))
    found = measure_bound(data, None, TrackConfig(TRACKER))
    assert min(variant.scores["MOTA"] for variant in found.variants) > 90
    # It has neither option of the rules that only some trackers have.
    rules = {row.rule for row in found.losses}
    assert rules.isdisjoint({"birth delay", "Kalman smoothing"})


def test_its_association_is_timed_in_a_fresh_process(folder: Path) -> None:
    command = [sys.executable, "-m", "cstrack_bench", "bench", "association", "--json"]
    command += ["--boxes", "3", "--frames", "3", "--repeats", "1", "--embedding", "4"]
    done = subprocess.run(
        [*command, "--tracker", TRACKER], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["tracker"] == TRACKER
    assert document["runs"][0]["cpu_ms_p50"] > 0


@pytest.mark.parametrize(
    ("tracker", "says"),
    [
        ("greedi.py:TRACKER", "No file 'greedi.py' to load the tracker"),
        ("bytetrak", "No tracker 'bytetrak'; the nearest is 'bytetrack'"),
        ("my_tracker.py:TRACKERS", "my_tracker.py has no 'TRACKERS' to use as a track"),
        ("my_tracker.py:GreedyTracker", "is of type type, not TrackerDefinition."),
        (
            "raises.py:TRACKER",
            "cannot be loaded (line 2 of raises.py): RuntimeError: ",
        ),
        ("named.py:TRACKER", "calls itself 'iou' as one of this package does"),
        ("class.py:TRACKER", "must be an instance of a frozen dataclass"),
    ],
)
def test_what_is_no_tracker_is_one_sentence_and_exit_code_2(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tracker: str,
    says: str,
) -> None:
    monkeypatch.delenv("CSTRACK_DEBUG", raising=False)
    text = EXAMPLE.read_text(encoding="utf-8")
    (folder / "raises.py").write_text("\nraise RuntimeError('not today')\n")
    (folder / "named.py").write_text(text.replace('name="greedy"', 'name="iou"'))
    (folder / "class.py").write_text(text.replace("GreedyConfig(),", "GreedyConfig,"))
    code, out, err = run(monkeypatch, capsys, *TRACK, "--tracker", tracker)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    assert says in line
    assert not (folder / "rows.txt").exists()


def test_a_network_for_appearance_is_refused_where_none_is_compared(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = (*TRACK, "--tracker", TRACKER, "--reid", "reid.safetensors")
    code, _, err = run(monkeypatch, capsys, *arguments)
    assert code == 2
    assert "compares no appearance: leave out --reid" in err
