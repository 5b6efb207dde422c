#!/usr/bin/env python
"""Faults at random moments of every long command, and whether it goes on from them.

    python scripts/chaos.py --trials 100

A trial starts a command, disturbs it (a signal, a full or read-only disk, a folder that
vanishes, the same command beside it), gives the same command again and compares what
it leaves with what an undisturbed one leaves, times aside. Prints a table of faults as
markdown; exit 1 where anything was lost. Full and read-only disks are mounted in a
namespace of their own, which needs root; without it these faults are left out, and that
is said. Every tenth trial starts a new interpreter; the others start from one that has
imported PyTorch, so that a moment is as often in the work as in the imports.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from chaos_trials.faults import DISK, FAULTS, KILLS, TWICE, Bench, Verdict
from chaos_trials.processes import GRACE, Commands
from chaos_trials.verbs import Verb, archive, mirror, verbs

IN_NAMESPACE = "CHAOS_NAMESPACE"
#: Trials of a fault among a hundred.
SHARES = {
    **dict.fromkeys(KILLS, 18),
    "full disk": 10,
    "read-only disk": 5,
    "vanished folder": 5,
    TWICE: 8,
}
#: A verb's share of the trials; those with several processes cost most.
WEIGHTS = {
    "download": 10,
    "synthmot": 3,
    "train": 3,
    "train, 2 readers": 2,
    "reproduce": 1,
    "reproduce --jobs 2": 1,
    "measure": 3,
    "report": 4,
    "track": 9,
    "evaluate": 4,
}


def main() -> int:
    """Make the trials; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbs", help="names, separated by semicolons")
    parser.add_argument(
        "--cold", action="store_true", help="a new interpreter for every command"
    )
    parser.add_argument("--faults", help="names, separated by semicolons")
    arguments = parser.parse_args()
    if not os.environ.get(IN_NAMESPACE) and _can_mount():
        environment = {**os.environ, IN_NAMESPACE: "1"}
        command = ["unshare", "-m", "--propagation", "private", sys.executable]
        os.execvpe("unshare", [*command, *sys.argv], environment)
    mounts = bool(os.environ.get(IN_NAMESPACE))
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as base,
        mirror(archive()) as url,
    ):
        return _trials(Path(base), url, mounts, arguments)


def _can_mount() -> bool:
    script = "d=$(mktemp -d) && mount -t tmpfs tmpfs $d && umount $d && rmdir $d"
    try:
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script], capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def _chosen(names: str | None, known: tuple[str, ...]) -> list[str]:
    chosen = list(known) if names is None else names.split(";")
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise SystemExit(f"chaos: choose from {'; '.join(known)}, not {unknown[0]}")
    return chosen


def draw(
    trials: int, chance: random.Random, faults: list[str], names: list[str]
) -> list[tuple[str, str]]:
    """Fault and verb of each trial: the shares as exactly as they can be.

    Args:
        trials: how many.
        chance: decides the order and the verbs.
        faults: to choose from.
        names: of verbs to choose from.
    """
    total = sum(SHARES[fault] for fault in faults)
    wanted = {fault: trials * SHARES[fault] / total for fault in faults}
    counts = {fault: int(wanted[fault]) for fault in faults}
    rest = sorted(faults, key=lambda f: counts[f] - wanted[f])
    for fault in rest[: trials - sum(counts.values())]:
        counts[fault] += 1
    drawn = []
    for fault, count in counts.items():
        fit = [
            name
            for name in names
            # What writes nothing cares for no disk; a training that another has begun
            # is refused without --resume.
            if not (fault in DISK and name == "evaluate")
            and not (fault == TWICE and name.startswith("train"))
        ]
        bag: list[str] = []
        while len(bag) < count:
            more = [name for name in fit for _ in range(WEIGHTS[name])]
            chance.shuffle(more)
            bag += more
        drawn += [(fault, name) for name in bag[:count]]
    chance.shuffle(drawn)
    return drawn


def _trials(base: Path, url: str, mounts: bool, arguments: argparse.Namespace) -> int:
    printed = base / "printed"
    printed.mkdir()
    here = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    commands = Commands(printed, here, arguments.cold)
    bench = Bench(commands, base, mounts)

    def run(verb: Verb, folder: Path) -> None:
        bench.measure(verb, folder)

    wanted = None if arguments.verbs is None else arguments.verbs.split(";")
    known = verbs(base, url, run, wanted)
    faults = _chosen(arguments.faults, FAULTS)
    if not mounts:
        left_out = [fault for fault in faults if fault in DISK[:2]]
        faults = [fault for fault in faults if fault not in left_out]
        print(f"not root: left out {', '.join(left_out)}", file=sys.stderr)
    names = _chosen(arguments.verbs, tuple(known))
    references = {
        name: bench.measure(known[name], base / "reference" / str(number))
        for number, name in enumerate(names)
    }
    for name, reference in references.items():
        print(f"{name}: {reference.seconds:.1f} s undisturbed", file=sys.stderr)
    chance = random.Random(arguments.seed)
    verdicts: list[Verdict] = []
    for number, (fault, name) in enumerate(
        draw(arguments.trials, chance, faults, names), start=1
    ):
        cold = number % 10 == 0
        verdict = bench.trial(known[name], references[name], fault, chance, cold)
        verdicts.append(verdict)
        state = "; ".join(verdict.problems) or "goes on to equal results"
        moment = "" if verdict.struck else " (had ended)"
        print(
            f"{number}. {fault} · {name}{moment}: {state}", file=sys.stderr, flush=True
        )
    commands.close()
    print(table(verdicts))
    good = sum(not verdict.problems for verdict in verdicts)
    left = sum(verdict.left for verdict in verdicts)
    print(
        f"\n{good} of {len(verdicts)} resumed with equal results and {left} processes "
        f"left {GRACE:.0f} s after the end of the parent"
    )
    return 0 if good == len(verdicts) else 1


def table(verdicts: list[Verdict]) -> str:
    """A markdown table: a row a fault."""
    lines = [
        "| fault | trials | struck at work | resumed, equal results | processes left |",
        "|---|---|---|---|---|",
    ]
    for fault in FAULTS:
        mine = [verdict for verdict in verdicts if verdict.fault == fault]
        if not mine:
            continue
        verbs_hit = Counter(verdict.verb for verdict in mine)
        lines.append(
            f"| {fault} ({len(verbs_hit)} commands) | {len(mine)} "
            f"| {sum(v.struck for v in mine)} "
            f"| {sum(not v.problems for v in mine)} | {sum(v.left for v in mine)} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
