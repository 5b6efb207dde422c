"""The long commands of the product, small enough for a second or two each."""

import csv
import dataclasses
import hashlib
import io
import json
import re
import shutil
import threading
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

#: Of the folder that a command writes to, within its own folder.
OUTPUT = "out"
_TINY = (
    *("--profile", "smoke", "--device", "cpu"),
    *("--set", "data.input_size=128x96", "--set", "data.synth.config.frames=4"),
    *("--set", "train.save_seconds=0.001"),
)
#: Fields that differ between equal runs: when, how fast, from which command.
_PASSING = frozenset(
    {
        *("provenance", "wall_s", "cpu_s", "stages", "speed", "output", "video"),
        *("time", "command", "place", "path"),
    }
)


@dataclass(frozen=True)
class Verb:
    """A command to be disturbed.

    Attributes:
        name: for the table.
        arguments: behind ``cstrack``; it writes below ``out``.
        ready: what lies in ``out`` and beside it before the command, by copying.
        again: arguments of the command that goes on where the first one is refused.
        prints: whether its stdout belongs to the result.
        until: pattern of a file that ends the part to be disturbed.
    """

    name: str
    arguments: tuple[str, ...]
    ready: Path | None = None
    again: tuple[str, ...] | None = None
    prints: bool = False
    until: str | None = None


def plain(document: object) -> object:
    """A JSON document without what differs between equal runs."""
    if isinstance(document, dict):
        return {k: plain(v) for k, v in document.items() if k not in _PASSING}
    if isinstance(document, list):
        return [plain(value) for value in document]
    return document


def digest(path: Path) -> str:
    """What a file's content is, times aside."""
    content = path.read_bytes()
    if path.suffix == ".json":
        content = json.dumps(plain(json.loads(content)), sort_keys=True).encode()
    if path.name.endswith("-runs.csv"):
        rows = csv.DictReader(io.StringIO(content.decode()))
        content = repr([_lasting(row) for row in rows]).encode()
    elif path.suffix in (".md", ".csv"):
        content = re.sub(rb"\d+(\.\d+)? (s|min|ms|fps|h)\b", b"", content)
    return hashlib.sha256(content).hexdigest()


def _lasting(row: dict[str, str]) -> dict[str, str]:
    """A row of a CSV file without times."""
    passing = {"measured", "training_s", "training_cpu_s", "tracking_ms_p50"}
    return {key: value for key, value in row.items() if key not in passing}


def outcome(folder: Path) -> dict[str, str]:
    """Path -> digest of everything below a folder that is a result.

    Hidden files, states of trainings and parts of downloads are none.
    """
    return {
        path.relative_to(folder).as_posix(): digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.suffix not in (".ckpt", ".lock", ".part")
        and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    }


def _people(frames: int, seed: int) -> tuple[str, str]:
    """Rows of ground truth and of detections of five people."""
    random = np.random.default_rng(seed)
    truth, found = [], []
    for person in range(5):
        x, y = random.uniform(0, 90), random.uniform(0, 40)
        for frame in range(1, frames + 1):
            x += random.uniform(-1, 2)
            box = f"{x:.1f},{y:.1f},18,45"
            truth.append(f"{frame},{person + 1},{box},1,1,1\n")
            found.append(f"{frame},-1,{box},0.9\n")
    return "".join(truth), "".join(found)


def write_world(root: Path) -> None:
    """Three MOT sequences with pictures, ground truth, detections and tracks."""
    import cv2

    for number in (1, 2, 3):
        folder = root / "world" / "train" / f"MOT17-0{number}-SDP"
        frames = 60
        truth, found = _people(frames, number)
        for inner in ("img1", "gt", "det"):
            (folder / inner).mkdir(parents=True)
        (folder / "gt" / "gt.txt").write_text(truth)
        random = np.random.default_rng(number)
        for frame in range(1, frames + 1):
            image = random.integers(0, 255, (96, 128, 3), np.uint8)
            cv2.imwrite(str(folder / "img1" / f"{frame:06d}.jpg"), image)
        (folder / "seqinfo.ini").write_text(
            f"[Sequence]\nname={folder.name}\nimDir=img1\nframeRate=25\n"
            f"seqLength={frames}\nimWidth=128\nimHeight=96\nimExt=.jpg\n"
        )
        for name, rows in (("detections", found), ("tracks", truth)):
            (root / name).mkdir(exist_ok=True)
            rows = rows.replace(",1,1,1\n", ",1,-1,-1,-1\n")
            (root / name / f"{folder.name}.txt").write_text(rows)


def archive() -> bytes:
    """A zip in MOT17's layout, of files that do not shrink."""
    random = np.random.default_rng(0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for number in range(1, 9):
            inner = f"MOT17/train/MOT17-0{number}-SDP"
            file.writestr(f"{inner}/seqinfo.ini", "[Sequence]\nseqLength=1\n")
            file.writestr(f"{inner}/gt/gt.txt", "1,1,0,0,10,20,1,1,1\n")
            file.writestr(f"{inner}/img1/000001.jpg", random.bytes(150_000))
    return buffer.getvalue()


@contextmanager
def mirror(content: bytes) -> Iterator[str]:
    """A slow web server on this machine; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Send the archive, or the rest of it."""
            self.close_connection = True
            if not self.path.endswith("/MOT17.zip"):
                self.send_error(404)
                return
            asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            first = int(asked[1]) if asked else 0
            self.send_response(206 if first else 200)
            last = len(content) - 1
            if first:
                self.send_header("Content-Range", f"bytes {first}-{last}/{last + 1}")
            self.send_header("Content-Length", str(len(content) - first))
            self.send_header("ETag", '"one"')
            self.end_headers()
            try:
                for start in range(first, len(content), 50_000):
                    self.wfile.write(content[start : start + 50_000])
                    stopped.wait(0.02)
            except OSError:
                pass  # the client was killed

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    stopped = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()


def verbs(
    base: Path,
    url: str,
    run: Callable[[Verb, Path], None],
    names: Collection[str] | None = None,
) -> dict[str, Verb]:
    """Every verb with what it starts from.

    Args:
        base: folder for prepared inputs.
        url: of the mirror.
        run: runs a verb to its end in a folder; makes the inputs of later ones.
        names: of the verbs that are wanted; all where None.
    """
    world = base / "world"
    write_world(world)
    inputs = str(world)
    data = ("--data", f"{OUTPUT}/data", "--results", f"{OUTPUT}/results")
    found = {
        "download": Verb(
            "download",
            ("download", "mot17", "--mirror", url, "--data", OUTPUT, "--keep"),
        ),
        "train": Verb("train", ("train", "table2:4", *_TINY, *data)),
        "reproduce": Verb(
            "reproduce", ("reproduce", "table2", "--rows", "1,4", *_TINY, *data)
        ),
        "track": Verb(
            "track",
            (
                *("track", f"{inputs}/world", "--tracker", "bytetrack"),
                *("--detections", f"{inputs}/detections"),
                *("--output", f"{OUTPUT}/rows", "--video", f"{OUTPUT}/videos"),
            ),
        ),
        "evaluate": Verb(
            "evaluate",
            (
                *("evaluate", f"{inputs}/tracks", "--dataset", "mot17", "--json"),
                *("--data", f"{inputs}/world"),
            ),
            prints=True,
        ),
    }
    train = found["train"]
    found["train"] = Verb(
        train.name, train.arguments, again=(*train.arguments, "--resume")
    )
    found["synthmot"] = dataclasses.replace(
        found["train"], name="synthmot", until="out/data/synthmot/*/world.json"
    )
    workers = ("--set", "train.workers=2")
    found["train, 2 readers"] = Verb(
        "train, 2 readers",
        (*train.arguments, *workers),
        again=(*train.arguments, *workers, "--resume"),
    )
    one = (*found["reproduce"].arguments, "--jobs", "1")
    found["reproduce"] = Verb("reproduce", one)
    found["reproduce --jobs 2"] = Verb(
        "reproduce --jobs 2", (*found["reproduce"].arguments[:-1], "2")
    )
    found["measure"] = Verb("measure", one, ready=base / "trained")
    found["report"] = Verb("report", one, ready=base / "measured")
    if names is not None and not {"measure", "report"} & set(names):
        return found
    trained, measured = base / "trained", base / "measured"
    run(found["reproduce"], trained)
    shutil.copytree(trained, measured)
    for path in (trained / OUTPUT / "results").rglob("row*"):
        shutil.rmtree(path)
    for folder in (trained, measured):
        for path in [*folder.rglob("*.csv"), *folder.rglob("*.md")]:
            path.unlink()
    return found
