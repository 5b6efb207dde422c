"""`cstrack download`, through the real program and in processes of its own."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cstrack_bench.cli.app import main
from tests.download.sites import Reply, Site, mot17, serving, visible, zipped

Run = Callable[..., tuple[int, str, str]]
NOBODY = "http://127.0.0.1:1"
PICTURE = "mot17/train/MOT17-02-SDP/img1/000001.jpg"
WEIGHTS = "weights/yolov5n-v7.0.pt"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A mirror on this machine; everything beyond it cannot be reached."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, NOBODY)
        monkeypatch.setenv(name.upper(), NOBODY)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    with serving() as found:
        yield found


@pytest.fixture
def cstrack(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run the program; return exit code, stdout and stderr."""
    monkeypatch.delenv("CSTRACK_DATA", raising=False)
    monkeypatch.setattr("time.sleep", lambda _: None)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cstrack", "download", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def start(
    site: Site, root: Path, name: str, largest: int | None = None
) -> subprocess.Popen[str]:
    """The program in a process of its own, whose files have a largest size."""

    def limit() -> None:
        if largest is not None:
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))

    command = [sys.executable, "-m", "cstrack_bench", "download", name]
    command += ["--mirror", site.url(), "--data", str(root)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_without_a_network_it_is_one_sentence_and_how_to_go_on(
    cstrack: Run, tmp_path: Path
) -> None:
    code, out, err = cstrack("mot17", "--data", tmp_path)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "motchallenge.net: cannot be reached" in err
    assert "cstrack download mot17 --from-file MOT17.zip" in err
    assert visible(tmp_path) == []


def test_list_needs_no_network_and_no_folder(cstrack: Run, tmp_path: Path) -> None:
    code, out, err = cstrack("--list", "--data", tmp_path / "gone")
    assert (code, err) == (0, "")
    (row,) = (line for line in out.splitlines() if line.split()[:1] == ["mot17"])
    assert "CC BY-NC-SA 3.0" in row
    assert "5.5 GB" in row
    assert "hieve: it is given out on registration" in out
    assert not (tmp_path / "gone").exists()


def test_list_tells_what_is_there(cstrack: Run, site: Site, tmp_path: Path) -> None:
    (tmp_path / "MOT17").mkdir()
    (tmp_path / "MOT17" / "notes.txt").write_text("mine")
    (tmp_path / "weights").mkdir()
    (tmp_path / WEIGHTS).write_bytes(b"1")
    code, out, _ = cstrack("--list", "--json", "--data", tmp_path)
    rows: dict[str, Any] = {row["name"]: row for row in json.loads(out)["items"]}
    assert code == 0
    states = {name: rows[name]["state"] for name in ("mot17", "mot20", "yolov5n-v7.0")}
    assert states == {"mot17": "incomplete", "mot20": "absent", "yolov5n-v7.0": "here"}
    assert rows["mot17"]["ways"][0][0]["sources"][0].startswith("https://motchall")


def test_json_has_one_document(cstrack: Run, site: Site, tmp_path: Path) -> None:
    site.add("/yolov5n-v7.0/yolov5n-v7.0.pt", b"weights")
    wishes = ("--mirror", site.url(), "--data", tmp_path, "--json")
    code, out, err = cstrack("yolov5n-v7.0", *wishes)
    (item,) = json.loads(out)["items"]
    assert (code, err, item["done"]) == (0, "", "downloaded")
    assert Path(item["place"]).read_bytes() == b"weights"
    code, out, _ = cstrack("yolov5n-v7.0", *wishes)
    assert json.loads(out)["items"][0]["done"] == "here"


def test_what_fails_does_not_hold_up_the_rest(
    cstrack: Run, site: Site, tmp_path: Path
) -> None:
    site.add("/yolov5n-v7.0/yolov5n-v7.0.pt", b"weights")
    names = ("mot17", "yolov5n-v7.0")
    code, out, err = cstrack(*names, "--mirror", site.url(), "--data", tmp_path)
    assert code == 1
    assert "yolov5n-v7.0 downloaded" in out
    assert err.splitlines()[-1] == "error: 1 of 2 could not be downloaded: mot17."


def test_a_data_set_by_hand_and_what_to_do_next(cstrack: Run, tmp_path: Path) -> None:
    given = tmp_path / "MOT17.zip"
    given.write_bytes(mot17())
    code, out, err = cstrack("mot17", "--from-file", given, "--data", tmp_path / "d")
    assert (code, err) == (0, "")
    assert "cstrack verify mot17" in out
    assert PICTURE in visible(tmp_path / "d")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Name what to download"),
        (["mot71"], "the nearest is 'mot17'"),
        (["mot17", "mot20", "--from-file", "a.zip"], "one NAME at a time"),
        (["mot17", "--from-file", "gone.zip"], "No such file: gone.zip"),
        (["mot17", "--mirror", "/lab"], "http(s) URL"),
    ],
)
def test_wrong_use(
    cstrack: Run, tmp_path: Path, arguments: list[str], words: str
) -> None:
    code, _, err = cstrack(*arguments, "--data", tmp_path)
    assert code == 2
    assert words in err


@pytest.mark.parametrize(
    ("name", "placed"), [("mot17", PICTURE), ("yolov5n-v7.0", WEIGHTS)]
)
def test_two_processes_at_once_fetch_once(
    site: Site, tmp_path: Path, name: str, placed: str
) -> None:
    site.add("/mot17/MOT17.zip", mot17(), Reply(delay=1))
    site.add("/yolov5n-v7.0/yolov5n-v7.0.pt", b"weights", Reply(delay=1))
    processes = [start(site, tmp_path, name) for _ in range(2)]
    ended = [end(process) for process in processes]
    assert [code for code, _, _ in ended] == [0, 0]
    assert len(site.requests) == 1
    assert placed in visible(tmp_path)
    assert sorted("already" in out for _, out, _ in ended) == [False, True]


@pytest.mark.parametrize("where", ["fetch", "unpack"])
def test_a_full_disk_is_one_sentence_and_a_second_run_goes_on(
    site: Site, tmp_path: Path, where: str
) -> None:
    packed = mot17()
    if where == "unpack":
        folder = "train/MOT17-02-SDP/img1"
        packed = zipped({f"{folder}/000001.jpg": bytes(400_000)})
    site.add("/mot17/MOT17.zip", packed)
    code, _, err = end(start(site, tmp_path, "mot17", largest=150_000))
    assert (code, err.count("\n")) == (1, 1)
    assert "File too large" in err
    assert [f for f in visible(tmp_path) if f != "checksums.json"] == []
    code, _, err = end(start(site, tmp_path, "mot17"))
    assert (code, err) == (0, "")
    assert PICTURE in visible(tmp_path)
    # With the rest of the archive, or with the archive.
    begins = [begin for _, begin in site.requests]
    assert len(begins) == (2 if where == "fetch" else 1)
    assert begins[-1] > 0 or where == "unpack"


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(
    site: Site, tmp_path: Path
) -> None:
    site.add("/mot17/MOT17.zip", mot17(), Reply(stall=200_000))
    process = start(site, tmp_path, "mot17")
    assert site.stalled.wait(60)
    workshop = tmp_path / ".downloads" / "mot17"
    while not any(part.stat().st_size > 100_000 for part in workshop.glob("*.part")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    code, _, err = end(process)
    assert (code, err) == (130, "interrupted: the same command goes on from here.\n")
    assert visible(tmp_path) == []
    code, _, _ = end(start(site, tmp_path, "mot17"))
    assert code == 0
    assert PICTURE in visible(tmp_path)
    assert site.requests[1][1] > 100_000
