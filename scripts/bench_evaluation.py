#!/usr/bin/env python
"""How fast evaluation is beside trackeval, and how far the scores differ.

    python scripts/bench_evaluation.py DATA/mot17-annotations DATA/tracker-results/lif_t

Every side runs in this process, in turns; times are medians. Seconds of CPU are what
counts on a machine that is shared, wall time stands beside them.
"""

import argparse
import collections.abc as abc
import contextlib
import io
import os
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cstrack_bench.datasets.dataset_registry import find_dataset
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation import fast_scores, trackeval_scores
from cstrack_bench.evaluation.blocks import blocks
from cstrack_bench.evaluation.box_pairs import FrameRows, overlapping_pairs
from cstrack_bench.evaluation.crosscheck import largest_difference
from cstrack_bench.evaluation.fast_clear import clear_counts
from cstrack_bench.evaluation.fast_hota import hota_counts
from cstrack_bench.evaluation.fast_identity import identity_tp
from cstrack_bench.evaluation.fast_preprocessing import scored_sequence
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.formats.mot_files import read_tracks
from cstrack_bench.formats.sequences import list_sequences
from cstrack_bench.program import run_program

BENCHMARKS = ("mot15", "mot16", "mot17", "mot20")
COMPARED = ("HOTA", "MOTA", "IDF1")


@dataclass
class Times:
    """What one side took, call by call.

    Attributes:
        cpu: seconds of CPU, of child processes too.
        wall: seconds.
    """

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    @contextlib.contextmanager
    def measure(self) -> abc.Iterator[None]:
        """Measure one call."""
        before, start = _cpu(), time.perf_counter()
        yield
        self.cpu.append(_cpu() - before)
        self.wall.append(time.perf_counter() - start)

    @property
    def median(self) -> tuple[float, float]:
        """Median seconds of CPU, and of wall time."""
        return statistics.median(self.cpu), statistics.median(self.wall)


def _cpu() -> float:
    own = os.times()
    return time.process_time() + own.children_user + own.children_system


def read(truth: Path, tracks: Path) -> list[SequenceResult]:
    """Ground truth and results from their files."""
    sequences = list_sequences(truth)
    if not sequences:
        raise InputError(f"No sequences in {truth}.")
    return [
        SequenceResult.of(sequence, read_tracks(tracks / f"{sequence.name}.txt"))
        for sequence in sequences
    ]


def trackeval_alone(
    truth: Path, tracks: Path, benchmark: str, folder: Path
) -> abc.Callable[[], dict[str, Any]]:
    """trackeval from files to scores by its own code; its folders are made first.

    Args:
        truth: folder of sequences.
        tracks: folder of result files.
        benchmark: mot15, mot16, mot17 or mot20.
        folder: where links in trackeval's layout go.
    """
    from trackeval.datasets import MotChallenge2DBox
    from trackeval.metrics import CLEAR, HOTA, Identity

    name = benchmark.upper()
    gt, data = folder / "gt" / f"{name}-train", folder / f"trackers/{name}-train/t/data"
    gt.mkdir(parents=True)
    data.mkdir(parents=True)
    names = []
    for sequence in list_sequences(truth):
        names.append(sequence.name)
        (gt / sequence.name).symlink_to(sequence.folder.resolve())
        file = f"{sequence.name}.txt"
        (data / file).symlink_to((tracks / file).resolve())
    seqmap = folder / "seqmap.txt"
    seqmap.write_text("\n".join(["name", *names]) + "\n", encoding="utf-8")
    config = {
        "GT_FOLDER": str(folder / "gt"),
        "TRACKERS_FOLDER": str(folder / "trackers"),
        "SEQMAP_FILE": str(seqmap),
        "BENCHMARK": name,
        "PRINT_CONFIG": False,
    }

    def run() -> dict[str, Any]:
        quiet = {"PRINT_CONFIG": False}
        with contextlib.redirect_stdout(io.StringIO()):
            dataset = MotChallenge2DBox(dict(config))
            metrics = (HOTA(), CLEAR(dict(quiet)), Identity(dict(quiet)))
            found = {}
            for sequence in names:
                raw = dataset.get_raw_seq_data("t", sequence)
                own = dataset.get_preprocessed_seq_data(raw, "pedestrian")
                scores = [metric.eval_sequence(own) for metric in metrics]
                found[sequence] = {
                    "HOTA": 100.0 * float(np.mean(scores[0]["HOTA"])),
                    "MOTA": 100.0 * float(scores[1]["MOTA"]),
                    "IDF1": 100.0 * float(scores[2]["IDF1"]),
                }
        return found

    return run


def stages(results: list[SequenceResult], rules: EvaluationRules) -> dict[str, float]:
    """Seconds of CPU of each stage of the fast evaluator."""
    spent: dict[str, Times] = {}

    def timed(stage: str, work: abc.Callable[..., Any], *arguments: Any) -> Any:
        with spent.setdefault(stage, Times()).measure():
            return work(*arguments)

    for result in results:
        scored = timed("preprocessing", scored_sequence, result, rules)
        gt, table = result.annotations.as_tracks(), result.table
        rows = [
            FrameRows.of(part.frames - result.start, result.stop - result.start)
            for part in (gt, table)
        ]
        timed("overlaps", overlapping_pairs, rows[0], gt.boxes, rows[1], table.boxes)
        timed("HOTA", hota_counts, scored)
        timed("CLEAR", clear_counts, scored)
        timed("identity", identity_tp, scored)
    seconds = {stage: sum(times.cpu) for stage, times in spent.items()}
    # Preprocessing finds the overlaps; here they are told apart.
    seconds["preprocessing"] -= seconds["overlaps"]
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("truth", type=Path, help="folder of sequences")
    parser.add_argument("tracks", type=Path, help="folder of result files")
    parser.add_argument("--benchmark", choices=BENCHMARKS, default="mot17")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    compare(options)


def compare(options: argparse.Namespace) -> None:
    """Run every side in turns, and print."""
    rules = find_dataset(options.benchmark).rules
    assert rules is not None, "every benchmark has rules of its own"
    sides = {
        name: Times()
        for name in (
            *("trackeval alone, from files", "reading files", "trackeval in memory"),
            *("blocks in memory", "fast", "fast with blocks"),
            f"fast, {options.processes} processes",
        )
    }
    with tempfile.TemporaryDirectory() as folder:
        alone = trackeval_alone(
            options.truth, options.tracks, options.benchmark, Path(folder)
        )
        spent: list[dict[str, float]] = []
        for _ in range(options.repeats):
            whole, files, memory, block, fast, both, parallel = sides.values()
            with whole.measure():
                independent = alone()
            with files.measure():
                results = read(options.truth, options.tracks)
            with memory.measure():
                reference = trackeval_scores.evaluate(results, rules)
            with block.measure():
                expected = blocks(results, rules)
            with fast.measure():
                found = fast_scores.evaluate(results, rules)
            with both.measure():
                _, counted = fast_scores.evaluate_with_blocks(results, rules)
            with parallel.measure():
                fast_scores.evaluate(results, rules, processes=options.processes)
            spent.append(stages(results, rules))
    frames = sum(result.stop - result.start for result in results)
    print(
        f"{len(results)} sequences, {frames} frames; medians of {options.repeats} "
        f"runs; NumPy {np.__version__}"
    )
    for name, times in sides.items():
        print("{:30s} CPU {:7.3f} s   wall {:7.3f} s".format(name, *times.median))
    cpu = {name: times.median[0] for name, times in sides.items()}
    whole, files, memory, block, fast, both, _ = cpu.values()
    print("\nratio of CPU time")
    print(f"{'in memory: fast / trackeval':50s} {fast / memory:.3f}")
    print(f"{'in memory, with blocks':50s} {both / (memory + block):.3f}")
    print(f"{'from files: (reading + fast) / trackeval alone':50s}", end=" ")
    print(f"{(files + fast) / whole:.3f}")
    print("\nCPU of the fast evaluator by stage, largest first")
    middle = {key: statistics.median(row[key] for row in spent) for key in spent[0]}
    for stage, seconds in sorted(middle.items(), key=lambda item: -item[1]):
        print(f"{stage:30s} {seconds:7.3f} s")
    largest = largest_difference(found, reference)
    print(f"\nlargest difference of a score: {largest.value:g} ({largest.where})")
    own = max(
        abs(row[key] - found.sequences[name][key])
        for name, row in independent.items()
        for key in COMPARED
    )
    print(f"largest difference to trackeval's own reading of the files: {own:g}")
    same = counted == expected
    print(f"blocks of {len(counted)}: {'equal' if same else 'NOT equal'}")


if __name__ == "__main__":
    run_program(main, "interrupted.")
