"""Streams: a bounded queue, one reconnection, rows on Ctrl-C."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.formats import live_streams
from cstrack_bench.formats.live_streams import is_stream, open_stream
from cstrack_bench.formats.mot_files import read_tracks

WIDTH, HEIGHT = 64, 48


class Camera:
    """Serves motion JPEG: so many frames a connection, the first one for the size.

    Attributes:
        connections: so far.
        url: where it is.
    """

    def __init__(self, counts: list[int], pause: float) -> None:
        self.connections = 0
        self.counts = counts
        self.pause = pause
        self.url = ""

    def pictures(self) -> Iterator[bytes]:
        """Parts of one connection; the brightness is the number of the frame."""
        number = min(self.connections, len(self.counts)) - 1
        for frame in range(self.counts[number]):
            image = np.full((HEIGHT, WIDTH, 3), 4 * frame % 256, np.uint8)
            _, data = cv2.imencode(".jpg", image)
            yield data.tobytes()


@contextmanager
def filming(counts: list[int], pause: float = 0.005) -> Iterator[Camera]:
    camera = Camera(counts, pause)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            camera.connections += 1
            self.send_response(200)
            kind = "multipart/x-mixed-replace; boundary=frame"
            self.send_header("Content-Type", kind)
            self.end_headers()
            try:
                for data in camera.pictures():
                    head = "--frame\r\nContent-Type: image/jpeg\r\n"
                    head += f"Content-Length: {len(data)}\r\n\r\n"
                    self.wfile.write(head.encode() + data + b"\r\n")
                    time.sleep(camera.pause)
            except OSError:
                pass

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    camera.url = f"http://127.0.0.1:{server.server_address[1]}/live.mjpg"
    try:
        yield camera
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("source", "stream"),
    [
        ("rtsp://user:word@10.0.0.7:554/main", True),
        ("http://127.0.0.1/live.mjpg", True),
        ("webcam", True),
        ("webcam:1", True),
        ("clip.mp4", False),
        ("webcams", False),
        ("0", False),
    ],
)
def test_what_a_stream_is(source: str, stream: bool) -> None:
    assert is_stream(source) is stream


def test_frames_come_in_order_and_a_break_is_mended_once() -> None:
    # A connection for the size, one that breaks, the one that mends it.
    with filming([12, 20, 7]) as camera:
        stream = open_stream(camera.url)
        assert (stream.width, stream.height) == (WIDTH, HEIGHT)
        assert 0 < stream.frame_rate <= 240
        found = [(frame.index, frame.image.mean()) for frame in stream.frames()]
    assert camera.connections == 3
    numbers = [number for number, _ in found]
    assert numbers == list(range(len(found)))
    # FFmpeg may keep the last frame of a stream that breaks off.
    assert 24 <= len(found) <= 27
    assert found[10][1] == pytest.approx(40, abs=3)


def test_a_slow_tracker_loses_old_frames_and_no_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(live_streams, "WAITING_FRAMES", 3)
    with filming([12, 40, 2]) as camera:
        stream = open_stream(camera.url)
        numbers = []
        for frame in stream.frames():
            numbers.append(frame.index)
            time.sleep(0.05)
    assert numbers == sorted(set(numbers))
    assert len(numbers) < 40
    assert numbers[-1] > len(numbers)
    assert "were left out" in capsys.readouterr().err


def test_nothing_there_is_one_sentence() -> None:
    with pytest.raises(InputError, match="can be read as a video"):
        open_stream("http://127.0.0.1:1/live.mjpg")
    with pytest.raises(InputError, match="webcam:97"):
        open_stream("webcam:97")


def track(camera: Camera, folder: Path, *more: str) -> subprocess.Popen[str]:
    rows = "".join(f"{f + 1},-1,{5 + f},5,20,40,0.9\n" for f in range(4000))
    (folder / "det.txt").write_text(rows)
    command = [sys.executable, "-m", "cstrack_bench", "track", camera.url]
    command += ["--detections", "det.txt", "--tracker", "iou", "--output", "o.txt"]
    return subprocess.Popen(
        [*command, *more], cwd=folder, stderr=subprocess.PIPE, text=True
    )


def test_ctrl_c_writes_the_rows_so_far(tmp_path: Path) -> None:
    with filming([12, 4000], pause=0.01) as camera:
        process = track(camera, tmp_path)
        while camera.connections < 2:
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(1)
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "goes on from here" in err
    table = read_tracks(tmp_path / "o.txt")
    assert len(table) > 3
    assert set(table.ids.tolist()) == {1}


def test_a_stream_is_not_drawn(tmp_path: Path) -> None:
    with filming([12, 12]) as camera:
        process = track(camera, tmp_path, "--video", "o.mp4")
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "record it, and track the file" in err
    assert not (tmp_path / "o.txt").exists()
