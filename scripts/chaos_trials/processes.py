"""Commands as processes: started warm or cold, and what they leave behind."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PREPARED = Path(__file__).with_name("prepared.py")
#: Seconds in which everything a command started must have ended after it.
GRACE = 10.0
#: Seconds after which a command counts as hanging.
LIMIT = 300.0


@dataclass
class Started:
    """A command under way.

    Attributes:
        pid: of its first process; also the number of its session.
        out, err: files that its output goes to.
        code: its exit code once it has ended; minus the signal that killed it.
    """

    pid: int
    out: Path
    err: Path
    code: int | None = None


class Commands:
    """Starts commands of ``cstrack``, each in a session of its own.

    Args:
        folder: for what they print.
        variables: of their environment, beside this process's.
        cold: start a new interpreter each time.
    """

    def __init__(
        self, folder: Path, variables: dict[str, str], cold: bool = False
    ) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            **variables,
        }
        self._cold: dict[int, subprocess.Popen[bytes]] = {}
        self._warm: dict[int, Started] = {}
        self._number = 0
        self._buffered = b""
        self._prepared: subprocess.Popen[bytes] | None = None
        if not cold:
            self._prepared = subprocess.Popen(
                [sys.executable, str(PREPARED)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=self._environment,
            )
            self._event()

    def _event(self) -> dict[str, int]:
        assert self._prepared is not None
        assert self._prepared.stdout is not None
        while b"\n" not in self._buffered:
            read = os.read(self._prepared.stdout.fileno(), 65536)
            if not read:
                raise SystemExit("chaos: the prepared process has ended")
            self._buffered += read
        line, _, self._buffered = self._buffered.partition(b"\n")
        event: dict[str, int] = json.loads(line)
        if "ended" in event:
            self._warm.pop(event["ended"]).code = event["code"]
        return event

    def start(self, arguments: Sequence[str], folder: Path, cold: bool) -> Started:
        """Start ``cstrack ARGUMENTS`` in a folder.

        Args:
            arguments: behind ``cstrack``.
            folder: to work in.
            cold: start a new interpreter, as a person does.
        """
        self._number += 1
        out, err = (self._folder / f"{self._number}.{n}" for n in ("out", "err"))
        if cold or self._prepared is None:
            with out.open("wb") as o, err.open("wb") as e:
                process = subprocess.Popen(
                    [sys.executable, "-m", "cstrack_bench", *arguments],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=o,
                    stderr=e,
                    env=self._environment,
                    start_new_session=True,
                )
            self._cold[process.pid] = process
            return Started(process.pid, out, err)
        asked = {
            "arguments": list(arguments),
            "folder": str(folder),
            "out": str(out),
            "err": str(err),
        }
        assert self._prepared.stdin is not None
        self._prepared.stdin.write((json.dumps(asked) + "\n").encode())
        self._prepared.stdin.flush()
        while True:
            event = self._event()
            if "started" in event:
                started = Started(event["started"], out, err)
                self._warm[started.pid] = started
                return started

    def ended(self, started: Started, seconds: float) -> bool:
        """Wait for a command, at most so long; whether it has ended."""
        deadline = time.monotonic() + seconds
        while started.code is None:
            if started.pid in self._cold:
                started.code = self._cold[started.pid].poll()
            elif self._waiting():
                self._event()
                continue
            if started.code is not None or time.monotonic() >= deadline:
                break
            time.sleep(0.002)
        return started.code is not None

    def _waiting(self) -> bool:
        if b"\n" in self._buffered:
            return True
        return bool(select.select([self._prepared.stdout], [], [], 0)[0])

    def close(self) -> None:
        """End the prepared process."""
        if self._prepared is not None:
            assert self._prepared.stdin is not None
            self._prepared.stdin.close()
            self._prepared.wait()


def session_members(session: int) -> list[int]:
    """Living processes of a session: all that a command has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append(int(entry.name))
    return found


def left_behind(session: int, grace: float = GRACE) -> list[int]:
    """Processes of a session that are there still after the grace."""
    deadline = time.monotonic() + grace
    while (members := session_members(session)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return members
