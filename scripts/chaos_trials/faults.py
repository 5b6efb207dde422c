"""What is done to a command: signals, full and read-only disks, vanished folders."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chaos_trials.processes import LIMIT, Commands, Started, left_behind
from chaos_trials.verbs import OUTPUT, Verb, outcome, plain

KILLS = ("KILL", "TERM", "HUP", "INT")
#: Faults of the disk; the first two need a file system of their own.
DISK = ("full disk", "read-only disk", "vanished folder")
TWICE = "two at once"
_PLENTY = 2**30
FAULTS = (*KILLS, *DISK, TWICE)


@dataclass
class Reference:
    """What a verb gives undisturbed.

    Attributes:
        results: path -> digest of what it writes, and of what it prints.
        seconds: it takes, warm, or its part that is disturbed.
        size: bytes that it writes.
    """

    results: dict[str, str]
    seconds: float
    size: int


@dataclass
class Verdict:
    """What came of one trial.

    Attributes:
        verb, fault: which one.
        struck: whether the command was still at work.
        left: processes that were there after the grace.
        problems: sentences; none where all is well.
    """

    verb: str
    fault: str
    struck: bool = False
    left: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Bench:
    """Where trials are made.

    Attributes:
        commands: starts them.
        folder: for trials.
        mounts: whether file systems can be mounted.
    """

    commands: Commands
    folder: Path
    mounts: bool

    def prepare(self, verb: Verb, folder: Path, size: int | None = None) -> None:
        """Make a trial's folder; its output on a file system of its own size.

        Args:
            verb: what is to run there.
            folder: to be made.
            size: bytes of the file system; None for the ordinary one.
        """
        output = folder / OUTPUT
        output.mkdir(parents=True)
        if size is not None:
            _mount(output, size)
        if verb.ready is not None:
            shutil.copytree(verb.ready / OUTPUT, output, dirs_exist_ok=True)

    def measure(self, verb: Verb, folder: Path) -> Reference:
        """Run a verb undisturbed.

        Raises:
            SystemExit: it fails.
        """
        self.prepare(verb, folder)
        begun = time.monotonic()
        started = self.commands.start(verb.arguments, folder, cold=False)
        disturbed = None
        while not self.commands.ended(started, 0.02):
            if verb.until and disturbed is None and any(folder.glob(verb.until)):
                disturbed = time.monotonic() - begun
        if started.code != 0:
            raise SystemExit(f"chaos: {verb.name} fails: {started.err.read_text()}")
        seconds = disturbed or time.monotonic() - begun
        size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
        return Reference(_results(verb, folder, started), seconds, size)

    def trial(
        self,
        verb: Verb,
        reference: Reference,
        fault: str,
        chance: random.Random,
        cold: bool,
    ) -> Verdict:
        """Disturb a verb once, have it go on, compare.

        Args:
            verb: what runs.
            reference: what it gives undisturbed.
            fault: one of ``FAULTS``.
            chance: decides the moment.
            cold: with a new interpreter.
        """
        verdict = Verdict(verb.name, fault)
        folder = self.folder / "trial"
        shutil.rmtree(folder, ignore_errors=True)
        moment = chance.uniform(0, 1) * reference.seconds
        size = None
        if self.mounts and fault in DISK[:2]:
            size = _PLENTY
        if fault == "full disk":
            size = int(chance.uniform(0.05, 0.95) * reference.size) + 4096
            if verb.ready is not None:  # what is copied must fit
                size += sum(p.stat().st_size for p in verb.ready.rglob("*.*"))
        self.prepare(verb, folder, size)
        try:
            self._disturb(verb, fault, folder, moment, cold, verdict)
            if fault == TWICE:
                code = 0
            else:
                verdict.problems += _half_written(folder, reference)
                code = self._go_on(verb, folder, verdict)
            if code == 0 and not verb.prints:
                verdict.problems += _differences(outcome(folder), reference.results)
        finally:
            if size is not None:
                subprocess.run(["umount", "-l", str(folder / OUTPUT)], check=True)
        return verdict

    def _disturb(
        self,
        verb: Verb,
        fault: str,
        folder: Path,
        moment: float,
        cold: bool,
        verdict: Verdict,
    ) -> None:
        started = self.commands.start(verb.arguments, folder, cold)
        if fault == TWICE:
            second = self.commands.start(verb.arguments, folder, cold)
            verdict.struck = True
            self._end(second, verdict, (0,))
            self._end(started, verdict, (0,))
            return
        allowed: tuple[int, ...] = (0, 1, 2)
        if fault != "full disk":
            verdict.struck = not self.commands.ended(started, moment)
        if fault in KILLS and verdict.struck:
            number = signal.Signals[f"SIG{fault}"]
            # Before the command line listens, a signal ends the program as always.
            allowed = (0, -number, 128 + number)
            if fault == "KILL":
                allowed = (0, -number)
            verdict.struck = _send(started.pid, number)
        restore: Callable[[], None] = lambda: None  # noqa: E731
        if fault == "read-only disk":
            restore = self._make_read_only(started, folder / OUTPUT)
        if fault == "vanished folder":
            restore = _hide(folder / OUTPUT)
        self._end(started, verdict, allowed)
        if fault == "full disk":
            verdict.struck = started.code != 0
            _remount(folder / OUTPUT, f"size={_PLENTY}")
        restore()

    def _end(self, started: Started, verdict: Verdict, allowed: tuple[int, ...]) -> int:
        """Wait for a command; note how it ended and what it left."""
        if not self.commands.ended(started, LIMIT):
            verdict.problems.append(f"hangs for {LIMIT:.0f} s")
            _send(started.pid, signal.SIGKILL)
            self.commands.ended(started, 10)
        left = left_behind(started.pid)
        verdict.left += len(left)
        for process in left:
            verdict.problems.append(f"process {process} left behind")
            _send(process, signal.SIGKILL)
        text = started.err.read_text(errors="replace")
        if started.code not in allowed:
            verdict.problems.append(f"exit code {started.code}: {text[-300:]}")
        if "Traceback" in text:
            verdict.problems.append(f"a traceback: {text[-1500:]}")
        if started.code in (1, 2) and "error: " not in text:
            verdict.problems.append(f"no sentence: {text[-300:]}")
        return -1 if started.code is None else started.code

    def _go_on(self, verb: Verb, folder: Path, verdict: Verdict) -> int:
        """Give the command again; its exit code."""
        started = self.commands.start(verb.arguments, folder, cold=False)
        if verb.again is None:
            return self._end(started, verdict, (0,))
        # An unfinished training is told, and asks for the other command.
        code = self._end(started, verdict, (0, 2))
        if code == 2:
            started = self.commands.start(verb.again, folder, cold=False)
            code = self._end(started, verdict, (0,))
        return code

    def _make_read_only(self, started: Started, output: Path) -> Callable[[], None]:
        # Refused while a file is open for writing: tried until it succeeds.
        while not _remount(output, "ro"):
            if self.commands.ended(started, 0.001):
                break
        return lambda: _remount(output, "rw") and None


def _results(verb: Verb, folder: Path, started: Started) -> dict[str, str]:
    if not verb.prints:
        return outcome(folder)
    return {"stdout": json.dumps(plain(json.loads(started.out.read_text())))}


def _half_written(folder: Path, reference: Reference) -> list[str]:
    """Result files that are there and are not what they become."""
    try:
        found = outcome(folder)
    except ValueError as error:
        return [f"half written: {error}"]
    # Pages are views of whatever is measured so far.
    return [
        f"half written: {path}"
        for path, content in found.items()
        if not path.endswith((".md", ".csv"))
        and reference.results.get(path, content) != content
    ]


def _differences(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    return [
        f"differs: {path}"
        for path in sorted(found.keys() | expected.keys())
        if found.get(path) != expected.get(path)
    ]


def _send(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def _hide(output: Path) -> Callable[[], None]:
    """Take a folder away, as when a network drive goes, and bring it back."""
    hidden = output.with_name("hidden")
    output.rename(hidden)

    def restore() -> None:
        shutil.rmtree(output, ignore_errors=True)
        hidden.rename(output)

    return restore


def _mount(folder: Path, size: int) -> None:
    options = ["-o", f"size={size}"]
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], check=True)


def _remount(folder: Path, change: str) -> bool:
    command = ["mount", "-o", f"remount,{change}", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
