"""Trainings and measurements in an order that works, several at a time."""

import dataclasses
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any

import torch

from cstrack_bench import console
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.run import RunResult, find_result, measure_run
from cstrack_bench.experiments.step_progress import StepProgress
from cstrack_bench.experiments.train_run import find_training, train_run
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.systems.system_registry import find_system
from cstrack_bench.workers import worker_pool


@dataclass(frozen=True)
class Training:
    """A training to be done; calling it does it.

    Attributes:
        run: whose network.
        workspace: its data, ledger and device.
        fresh: ignore an earlier one.
    """

    run: Run
    workspace: Workspace
    fresh: bool = False

    @property
    def work(self) -> float:
        """Frames, by how often they go through the network: forward, and twice back."""
        if find_training(self.run, self.workspace) and not self.fresh:
            return 0.0
        images = sum(len(s) for s in self.workspace.open(self.run.settings.data).train)
        return 3.0 * images * self.run.settings.train.epochs

    def __call__(self) -> None:
        """Train; the weights are on disk afterwards."""
        train_run(self.run, self.workspace, self.fresh)

    def in_pool(self) -> "Training":
        """The same in one process; a pool keeps every core busy as it is."""
        train = dataclasses.replace(self.run.settings.train, workers=0)
        settings = dataclasses.replace(self.run.settings, train=train)
        return dataclasses.replace(
            self, run=dataclasses.replace(self.run, settings=settings)
        )


@dataclass(frozen=True)
class Measurement:
    """A run to be measured, its training done; calling it does it.

    Attributes:
        run: what to measure.
        workspace: its data, ledger and device.
        equal: whether an equal run of another row comes before it.
    """

    run: Run
    workspace: Workspace
    equal: bool = False

    @property
    def work(self) -> float:
        """Frames, which are decoded, go through the network and are tracked twice."""
        if self.equal:
            return 0.0
        data = self.workspace.open(self.run.settings.test_data)
        part = data.own if self.run.settings.measure.part == "train" else data.val
        return 2.0 * sum(len(sequence) for sequence in part)

    def __call__(self) -> RunResult:
        """Measure, write the record, return it."""
        found = find_result(self.run, self.workspace) if self.equal else None
        return found or measure_run(self.run, self.workspace)

    def in_pool(self) -> "Measurement":
        """Itself: it reads in its own process."""
        return self


Step = Training | Measurement


@dataclass(frozen=True)
class Planned:
    """A step and the steps that must come before it, by name."""

    step: Step
    after: tuple[str, ...]


def plan_steps(
    runs: Sequence[Run], workspace: Workspace, fresh: bool
) -> dict[str, Planned]:
    """Every training once and every measurement once, each after what it needs."""
    steps: dict[str, Planned] = {}

    def need(run: Run) -> str:
        name = workspace.training_identity(run)
        if name not in steps:
            before = () if run.start is None else (need(run.start),)
            steps[name] = Planned(Training(run, workspace, fresh), before)
        return name

    first: dict[str, str] = {}
    for number, run in enumerate(runs):
        before = [need(run)]
        if run.detector is not None:
            before.append(need(run.detector))
        name = str(number)
        same = first.setdefault(workspace.identity(run), name)
        if same != name:
            before.append(same)
        step = Measurement(run, workspace, equal=same != name)
        steps[name] = Planned(step, tuple(before))
    return steps


def work(
    steps: Mapping[str, Planned], jobs: int, threads: int
) -> Iterator[tuple[str, RunResult | None]]:
    """Do every step; yields names and outcomes as they come.

    Interrupted, the processes end at once; each goes on from its last checkpoint when
    the same runs are asked for again.

    Args:
        steps: what to do, and after what.
        jobs: processes; 1 works in this one.
        threads: threads of each process.
    """
    state = progress_of(steps)
    if jobs > 1:
        yield from _in_pool(dict(steps), jobs, threads, state)
        return
    if not console.err.is_terminal:
        console.relay_progress(state)
    try:
        done: set[str] = set()
        while len(done) < len(steps):
            for name, planned in steps.items():
                if name not in done and done.issuperset(planned.after):
                    state.start(name)
                    outcome = planned.step()
                    state.finish(name)
                    done.add(name)
                    yield name, outcome
    finally:
        console.relay_progress(None)


def progress_of(steps: Mapping[str, Planned]) -> StepProgress:
    """The progress of steps, none of them begun."""
    return StepProgress(
        {name: planned.step.work for name, planned in steps.items()},
        {name: planned.step.run.title for name, planned in steps.items()},
        log=not console.err.is_terminal,
    )


def _by_urgency(waiting: Mapping[str, Planned]) -> list[str]:
    """Steps, first the one with the most work on the way from it to the end.

    What many wait for comes first, and no process is left alone with a long step.
    """
    ahead: dict[str, float] = {}
    followers: dict[str, list[str]] = {}
    for name, planned in waiting.items():
        for before in planned.after:
            followers.setdefault(before, []).append(name)

    def length(name: str) -> float:
        if name not in ahead:
            rest = max(map(length, followers.get(name, [])), default=0.0)
            ahead[name] = waiting[name].step.work + rest
        return ahead[name]

    return sorted(waiting, key=lambda name: -length(name))


def _in_pool(
    waiting: dict[str, Planned], jobs: int, threads: int, state: StepProgress
) -> Iterator[tuple[str, RunResult | None]]:
    waiting = {name: waiting[name] for name in _by_urgency(waiting)}
    queue: Any = multiprocessing.get_context("spawn").SimpleQueue()
    done: set[str] = set()
    systems = {planned.step.run.settings.system for planned in waiting.values()}
    with (
        console.progress() as display,
        worker_pool(jobs, _start, (queue, threads, systems)) as pool,
    ):
        whole = display.add_task(f"steps, {jobs} at a time", total=len(waiting))
        bars: dict[str, Any] = {}
        running: dict[str, Future[RunResult | None]] = {}
        while waiting or running:
            ready = [n for n, p in waiting.items() if done.issuperset(p.after)]
            for name in ready[: jobs - len(running)]:
                step = waiting.pop(name).step.in_pool()
                running[name] = pool.submit(step)
                state.start(name)
            wait(running.values(), 0.2, FIRST_COMPLETED)
            while not queue.empty():
                label, completed, total = item = queue.get()
                state.put(item)
                if label not in bars:
                    bars[label] = display.add_task(label, total=total)
                display.update(
                    bars[label], completed=completed, visible=completed < total
                )
            for name in [n for n, result in running.items() if result.done()]:
                outcome = running.pop(name).result()
                done.add(name)
                state.finish(name)
                display.advance(whole)
                yield name, outcome
            display.update(whole, description=state.summary())


def _start(queue: Any, threads: int, systems: set[str]) -> None:
    # A user's own module is imported before its classes come in the steps.
    for name in systems:
        find_system(name)
    torch.set_num_threads(threads)
    console.relay_progress(queue)
