"""What the system refuses while a command runs: one sentence, nothing half written."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

CSTRACK = (sys.executable, "-m", "cstrack_bench")
TRAIN = (
    *("train", "table2:4", "--profile", "smoke", "--device", "cpu"),
    *("--set", "data.input_size=64x64", "--set", "data.synth.config.frames=2"),
    *("--set", "train.epochs=400", "--data", "data", "--results", "results"),
)
# In a mount namespace: a full disk, then the folder is listed before it vanishes.
FULL_DISK = """
mount -t tmpfs -o size=$SIZE tmpfs small || exit 77
"$@"
code=$?
ls -A small >&2
exit $code
"""


def run(folder: Path, *command: str, **variables: str) -> tuple[int, str]:
    """Exit code and stderr of a command."""
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
    )
    return done.returncode, done.stderr


def as_ordinary_user() -> tuple[str, ...]:
    """What makes a command heed permissions even if root runs the tests."""
    if os.geteuid() != 0:
        return ()
    command = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("root heeds no permissions, and setpriv is not here")
    return command


@pytest.mark.parametrize(
    "verb",
    [
        ("verify", "mot17", "--data", "d"),
        ("evaluate", "tracks", "--dataset", "mot17", "--data", "d"),
        ("track", "d/mot17/train/cam-1", "--detections", "det.txt"),
    ],
)
def test_an_unreadable_folder_is_one_sentence(
    tmp_path: Path, verb: tuple[str, ...]
) -> None:
    locked = tmp_path / "d" / "mot17" / "train" / "cam-1"
    locked.mkdir(parents=True)
    (tmp_path / "tracks").mkdir()
    (tmp_path / "tracks" / "cam-1.txt").write_text("1,1,1,1,5,5,1,-1,-1,-1\n")
    (tmp_path / "det.txt").write_text("1,-1,1,1,5,5,1\n")
    locked.chmod(0)
    try:
        code, err = run(tmp_path, *as_ordinary_user(), *CSTRACK, *verb)
    finally:
        locked.chmod(0o755)
    assert code == 2, err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "cam-1" in err
    assert "ermission denied" in err


def test_a_traceback_is_shown_where_it_is_asked_for(tmp_path: Path) -> None:
    verb = ("track", "absent", "--detections", "det.txt")
    code, err = run(tmp_path, *CSTRACK, *verb, CSTRACK_DEBUG="1")
    assert code == 1
    assert "Traceback" in err


def on_full_disk(folder: Path, size: str, *verb: str) -> tuple[int, str]:
    """Run a verb whose folder ``small`` has this size; skips where not allowed."""
    (folder / "small").mkdir()
    command = ("unshare", "-m", "sh", "-c", FULL_DISK, "sh", *CSTRACK, *verb)
    try:
        code, err = run(folder, *command, SIZE=size)
    except OSError:
        pytest.skip("no unshare here: a full disk was not tried")
    if code == 77 or "unshare:" in err:
        pytest.skip("no mount namespace allowed: a full disk was not tried")
    return code, err


def make_clip(folder: Path, frames: int = 60) -> tuple[str, ...]:
    """A noisy video with detections; the beginning of a command that tracks it."""
    random = np.random.default_rng(0)
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(folder / "clip.mp4"), code, 25, (320, 240))
    for _ in range(frames):
        writer.write(random.integers(0, 255, (240, 320, 3), np.uint8))
    writer.release()
    rows = [f"{f + 1},-1,{10 + f},20,30,80,0.9\n" for f in range(frames)]
    (folder / "det.txt").write_text("".join(rows))
    return ("track", "clip.mp4", "--detections", "det.txt", "--tracker", "sort")


def test_a_full_disk_while_drawing_a_video(tmp_path: Path) -> None:
    verb = (*make_clip(tmp_path), "--output", "o.txt", "--video", "small/o.mp4")
    code, err = on_full_disk(tmp_path, "100k", *verb)
    assert code == 1, err
    lines = [line for line in err.splitlines() if "error:" in line]
    assert len(lines) == 1
    assert "small/o.mp4" in lines[0]
    assert "disk is full" in lines[0]
    assert err.endswith(lines[0] + "\n")  # and nothing is listed after it
    assert (tmp_path / "o.txt").read_text().count("\n") > 50


def test_a_full_disk_at_a_file_of_tracks(tmp_path: Path) -> None:
    (tmp_path / "rest").write_text("")
    verb = (*make_clip(tmp_path, 200), "--output", "small/o.txt")
    code, err = on_full_disk(tmp_path, "4k", *verb)
    assert code == 1, err
    assert err == "error: Cannot write small/o.txt: No space left on device.\n"


def test_a_full_disk_at_a_checkpoint(tmp_path: Path) -> None:
    options = ("--results", "small", "--set", "train.save_seconds=0.001")
    code, err = on_full_disk(tmp_path, "2m", *TRAIN[:-2], *options)
    assert code == 1, err
    assert ".ckpt: No space left on device." in err
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "weights"  # the folder, and nothing else
