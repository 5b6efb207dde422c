#!/usr/bin/env python
"""Show that changed code computes the numbers of before, and record its fingerprints.

    python scripts/prove_equal.py REVISION    # compare, then record the fingerprints
    python scripts/prove_equal.py REVISION --precision bfloat16     # compare alone
    python scripts/prove_equal.py --record    # versions were raised: nothing to compare

Both sides run every row of every table on the smoke profile, in float32 (fingerprints
are recorded in no other) on one thread:
the package of REVISION in a work tree of its own, and the package here. Equal means bit
for bit: the files of SynthMOT, every score and count, losses, and all tensors of every
trained network. Times, paths and hashes may differ.

What was compared goes to ``results/proofs/`` as one JSON document.
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cstrack_bench import fingerprints  # noqa: E402
from cstrack_bench.errors import CstrackError, InputError  # noqa: E402
from cstrack_bench.files import write_text  # noqa: E402
from cstrack_bench.program import run_program  # noqa: E402

PRECISIONS = ("float32", "bfloat16")


def smoke(precision: str) -> list[str]:
    """Arguments of ``cstrack`` that train and measure every row."""
    settings = f"train.precision={precision}", "train.workers=0"
    command = ["reproduce", "all", "--profile", "smoke", "--jobs", "1"]
    return command + [part for value in settings for part in ("--set", value)]


#: What may differ: times and machines, names, identities, and what holds them.
NOT_COMPARED = frozenset(
    {
        *("schema", "run", "provenance", "stages", "speed", "wall_s", "cpu_s"),
        *("hash", "start", "components", "weights_sha256"),
        # Kept from some version on; what was scored in them is compared.
        "tracks",
        # How a training came there, which earlier code did not keep.
        "curve",
    }
)
# A hash of frames or ground truth is a result; a hash of settings and code is not.
_COMPARED_HASHES = ("data",)


@dataclass
class Comparison:
    """What was compared, and what differs.

    Attributes:
        runs: records; values: numbers and words in them; tensors: of trained networks;
            files: of SynthMOT.
        different: a line each.
    """

    runs: int = 0
    values: int = 0
    tensors: int = 0
    files: int = 0
    different: list[str] = field(default_factory=list)


def run_smoke(package: Path, folder: Path, precision: str) -> None:
    """Run every row of every table on the smoke profile.

    Args:
        package: folder that holds ``cstrack_bench/`` and ``recipes/``.
        folder: where data and results go.
        precision: of training.

    Raises:
        CstrackError: it failed; its last words.
    """
    command = [sys.executable, "-m", "cstrack_bench", *smoke(precision)]
    command += ["--data", str(folder / "data"), "--results", str(folder / "results")]
    environment = {
        **os.environ,
        "PYTHONPATH": str(package),
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no word"]
        raise CstrackError(f"The smoke profile of {package} failed: {last[0]}")


def compare(old: Path, new: Path) -> Comparison:
    """Compare what two runs of the smoke profile left.

    Args:
        old, new: folders as ``run_smoke`` fills them.
    """
    found = Comparison()
    pictures = [_hashes(side / "data") for side in (old, new)]
    found.files = len(pictures[0])
    for name in sorted(pictures[0].keys() | pictures[1].keys()):
        if pictures[0].get(name) != pictures[1].get(name):
            found.different.append(f"SynthMOT: {name}")
    records = [_by_row(side / "results") for side in (old, new)]
    for name in sorted(records[0].keys() | records[1].keys()):
        pair = [side.get(name) for side in records]
        if None in pair:
            found.different.append(f"{name}: on one side alone")
            continue
        found.runs += 1
        _compare_records(name, *(p for p in pair if p is not None), found)
    return found


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _by_row(results: Path) -> dict[str, Path]:
    """``table2/row4/seed0`` -> its record."""
    return {
        "/".join([*path.parts[-3:-1], path.stem]): path
        for path in results.rglob("row*/seed*.json")
    }


def _compare_records(name: str, old: Path, new: Path, found: Comparison) -> None:
    from safetensors.numpy import load_file

    values = [dict(_leaves(json.loads(p.read_text("utf-8")))) for p in (old, new)]
    for key in sorted(values[0].keys() | values[1].keys()):
        pair = [side.get(key) for side in values]
        found.values += 1
        if pair[0] != pair[1]:
            found.different.append(f"{name} {key}: {pair[0]!r} and {pair[1]!r}")
    # An equal run of another row has no weights of its own beside it.
    tensors = [
        load_file(weights)
        if (weights := p.with_suffix(".safetensors")).is_file()
        else {}
        for p in (old, new)
    ]
    for key in sorted(tensors[0].keys() | tensors[1].keys()):
        pair_of = [side.get(key) for side in tensors]
        found.tensors += 1
        equal = all(t is not None for t in pair_of) and (
            pair_of[0].dtype == pair_of[1].dtype
            and pair_of[0].tobytes() == pair_of[1].tobytes()
        )
        if not equal:
            found.different.append(f"{name} weights: {key}")


def _leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    """Every compared number and word of a document; what is null says nothing."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            hash_of_data = key == "hash" and path[:1] == _COMPARED_HASHES
            if key not in NOT_COMPARED or hash_of_data:
                yield from _leaves(inner, (*path, str(key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, str(number)))
    elif value is not None:
        yield ".".join(path), value


def prove(revision: str, precision: str) -> tuple[Comparison, Path]:
    """Run and compare; writes what was compared under ``results/proofs``.

    Raises:
        InputError: no such revision.
        CstrackError: a side failed.
    """
    import torch

    old_commit = _git("rev-parse", "--verify", f"{revision}^{{commit}}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = folder / "tree"
        _git("worktree", "add", "--detach", str(tree), old_commit)
        try:
            for side, package in (("old", tree), ("new", ROOT)):
                (folder / side).mkdir()
                print(f"smoke profile of the {side} code …", flush=True)
                run_smoke(package, folder / side, precision)
        finally:
            _git("worktree", "remove", "--force", str(tree))
        found = compare(folder / "old", folder / "new")
    changed = bool(_git("status", "--porcelain", "--", "cstrack_bench", "recipes"))
    document = {
        "old": old_commit,
        "new": _git("rev-parse", "HEAD") + (" and what is not committed" * changed),
        "code": fingerprints.code_fingerprint(),
        "command": "cstrack " + " ".join(smoke(precision)),
        "threads": 1,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "runs": found.runs,
        "values": found.values,
        "tensors": found.tensors,
        "synthmot_files": found.files,
        "different": found.different,
    }
    suffix = "" if precision == PRECISIONS[0] else f"-{precision}"
    evidence = ROOT / "results" / "proofs" / f"{old_commit[:10]}{suffix}.json"
    write_text(evidence, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return found, evidence


def record() -> None:
    """Write ``fingerprints.json`` as the sources are."""
    rows = {
        name: {"version": found.version, "fingerprint": found.fingerprint}
        for name, found in fingerprints.find_components().items()
    }
    write_text(fingerprints.COMMITTED, json.dumps(rows, indent=1) + "\n")


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = " ".join(done.stderr.split()) or "failed"
        raise InputError(f"git {arguments[0]}: {reason}.")
    return done.stdout.strip()


def main() -> int:
    """0: equal, or recorded; 1: numbers differ; 2: wrong use."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revision", nargs="?", help="whose numbers must be the same")
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=PRECISIONS[0],
        help="of training on both sides",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="write the fingerprints of components whose version was raised",
    )
    arguments = parser.parse_args()
    if arguments.record:
        before = fingerprints.read_committed()
        kept = [
            line
            for line in fingerprints.moved(fingerprints.find_components(), before)
            if "its version is still" in line or "went back" in line
        ]
        if kept:
            raise InputError(" ".join(kept))
        record()
        print(f"written: {fingerprints.COMMITTED.relative_to(ROOT)}")
        return 0
    if arguments.revision is None:
        raise InputError("Name the revision to compare with, or give --record.")
    found, evidence = prove(arguments.revision, arguments.precision)
    print(
        f"{found.runs} runs: {found.values} values, {found.tensors} tensors and "
        f"{found.files} files of SynthMOT compared, {len(found.different)} different"
    )
    for line in found.different[:20]:
        print(f"  {line}")
    print(f"written: {evidence.relative_to(ROOT)}")
    if found.different or not found.runs:
        return 1
    if arguments.precision == PRECISIONS[0]:
        record()
        print(f"written: {fingerprints.COMMITTED.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    run_program(main, "interrupted.")
