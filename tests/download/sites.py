"""A web server that misbehaves as it is told, and miniatures of what it serves."""

import io
import random
import re
import tarfile
import threading
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cstrack_bench.datasets.catalogue_item import CatalogueItem, RemoteFile
from cstrack_bench.download.http import RetryPolicy

#: Gives up in milliseconds.
HASTY = RetryPolicy(connect=2, stall=0.3, attempts=2, connections=1, pause=0.001)


@dataclass(frozen=True)
class Reply:
    """How one request is answered.

    Attributes:
        status: an error's; 200 stands for the file, or a part of it.
        cut: place in the file where the connection breaks.
        stall: place in the file where nothing comes any more.
        ranges: whether the request for a part is heeded.
        delay: seconds before the answer.
    """

    status: int = 200
    cut: int | None = None
    stall: int | None = None
    ranges: bool = True
    delay: float = 0


@dataclass
class Site:
    """A server on this machine.

    Attributes:
        files: path -> content.
        script: path -> replies to come; after them it behaves.
        requests: path and first byte of each request so far.
        sent: bytes of bodies so far.
        stalled: set when a reply has stalled.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    script: dict[str, list[Reply]] = field(default_factory=lambda: defaultdict(list))
    requests: list[tuple[str, int]] = field(default_factory=list)
    sent: int = 0
    tagged: bool = True
    stalled: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def add(self, path: str, content: bytes, *replies: Reply) -> str:
        self.files[path] = content
        self.script[path] = list(replies)
        return self.url(path)


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            begin = int(asked[1]) if asked else 0
            site.requests.append((self.path, begin))
            script = site.script[self.path]
            reply = script.pop(0) if script else Reply()
            time.sleep(reply.delay)
            content = site.files.get(self.path)
            self.close_connection = True
            if content is None or reply.status != 200:
                status = 404 if content is None else reply.status
                self._head(status, {"Content-Length": "0"})
                return
            tag = f'"{hash(content)}"'
            unchanged = self.headers.get("If-Range", tag) == tag
            status, headers = 200, {"Content-Length": str(len(content))}
            if site.tagged:
                headers["ETag"] = tag
            if not (asked and reply.ranges and unchanged):
                begin = 0
            elif begin >= len(content):
                self._head(416, {"Content-Range": f"bytes */{len(content)}"})
                return
            else:
                status, size = 206, len(content)
                headers["Content-Range"] = f"bytes {begin}-{size - 1}/{size}"
                headers["Content-Length"] = str(size - begin)
            self._head(status, headers)
            stop = min(
                place
                for place in (len(content), reply.cut, reply.stall)
                if place is not None
            )
            body = content[begin : max(stop, begin)]
            site.sent += len(body)
            self.wfile.write(body)
            self.wfile.flush()
            if reply.stall is not None:
                site.stalled.set()
                site.closing.wait(30)

        def _head(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving() -> Iterator[Site]:
    """Run a server while the block does."""
    found = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    server.daemon_threads = True
    found.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def zipped(entries: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def mot17(wrapped: str = "MOT17/") -> bytes:
    """A zip in MOT17's layout, with a file that does not shrink in it."""
    folder = f"{wrapped}train/MOT17-02-SDP"
    noise = random.Random(0).randbytes(300_000)
    return zipped(
        {
            f"{folder}/seqinfo.ini": b"[Sequence]\nseqLength=1\n",
            f"{folder}/gt/gt.txt": b"1,1,0,0,10,20,1,1,1\n",
            f"{folder}/img1/000001.jpg": noise,
        }
    )


def an_item(*sources: str, **changes: object) -> CatalogueItem:
    """MOT17 from these sources."""
    known: dict[str, object] = {
        "name": "mot17",
        "title": "MOT17",
        "licence": "none",
        "page": "https://example.org/mot17",
        "use": "tests",
        "holds": ("train/MOT17-02-SDP/img1",),
        "ways": ((RemoteFile("MOT17.zip", sources),),),
    }
    return CatalogueItem(**{**known, **changes})  # type: ignore[arg-type]


def weights(*sources: str, **changes: object) -> CatalogueItem:
    """One file of weights from these sources."""
    file = RemoteFile("net.pt", sources, **changes)  # type: ignore[arg-type]
    return an_item(name="net", kind="weights", holds=(), ways=((file,),))


def visible(root: Path) -> list[str]:
    """What lies under final names: everything but hidden folders' content."""
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and not path.relative_to(root).parts[0].startswith(".")
    )


def tarred_link() -> bytes:
    """A tar with a link out of it, and a file that would go through the link."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("train")
        link.type, link.linkname = tarfile.SYMTYPE, "/elsewhere"
        archive.addfile(link)
        file = tarfile.TarInfo("train/evil")
        file.size = 1
        archive.addfile(file, io.BytesIO(b"1"))
    return buffer.getvalue()
