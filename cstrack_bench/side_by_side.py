"""Several runs at a time, each in a process of its own."""

import dataclasses
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cstrack_bench import console
from cstrack_bench.data.experiment import ExperimentData
from cstrack_bench.ledger import Ledger
from cstrack_bench.recipes import Run
from cstrack_bench.running import Outcome, detector_run, detector_weights, one_run
from cstrack_bench.training.distributed import World


@dataclass(frozen=True)
class Task:
    """One run to be done, with all it needs; calling it does it.

    Attributes:
        number: its place in the plan.
        run: what to measure.
        data: its opened data.
        ledger: where its record goes.
        device: where to compute.
        fresh: ignore an earlier checkpoint.
    """

    number: int
    run: Run
    data: ExperimentData
    ledger: Ledger
    device: torch.device
    fresh: bool

    def __call__(self) -> tuple[int, Outcome]:
        """Train and measure; returns the place in the plan and the outcome."""
        outcome = one_run(self.run, self.data, self.ledger, self.device, self.fresh)
        return self.number, outcome

    def without_readers(self) -> "Task":
        """The same task in one process; a process of a pool may have no children."""
        settings = self.run.settings
        train = dataclasses.replace(settings.train, workers=0)
        settings = dataclasses.replace(settings, train=train)
        return dataclasses.replace(
            self, run=dataclasses.replace(self.run, settings=settings)
        )


def prepare_detectors(tasks: Sequence[Task]) -> None:
    """Train what several tasks start from, before they part."""
    done: set[Path] = set()
    for task in tasks:
        detector = detector_run(task.run)
        if detector is None:
            continue
        place = task.ledger.path(detector)
        if place in done:
            continue
        done.add(place)
        detector_weights(
            task.run, task.data, task.ledger, task.device, World(), task.fresh
        )


def side_by_side(
    tasks: Sequence[Task], jobs: int, threads: int
) -> Iterator[tuple[int, Outcome]]:
    """Do tasks in some processes; yields their outcomes as they come.

    Interrupted, the processes end at once; each goes on from its last checkpoint when
    the same runs are asked for again.

    Args:
        tasks: what to do.
        jobs: processes.
        threads: threads of each.
    """
    context = multiprocessing.get_context("spawn")
    queue: Any = context.SimpleQueue()
    work = [task.without_readers() for task in tasks]
    with (
        console.progress() as display,
        context.Pool(min(jobs, len(work)), _start, (queue, threads)) as pool,
    ):
        whole = display.add_task(f"runs, {jobs} at a time", total=len(work))
        bars: dict[str, Any] = {}
        pending = [pool.apply_async(task) for task in work]
        while pending:
            pending[0].wait(0.5)
            while not queue.empty():
                label, completed, total = queue.get()
                if label not in bars:
                    bars[label] = display.add_task(label, total=total)
                display.update(bars[label], completed=completed)
            ready = [result for result in pending if result.ready()]
            pending = [result for result in pending if not result.ready()]
            for result in ready:
                outcome: tuple[int, Outcome] = result.get()
                display.advance(whole)
                yield outcome


def _start(queue: Any, threads: int) -> None:
    # The parent decides what an interruption means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    console.relay_progress(queue)
