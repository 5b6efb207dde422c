"""Steps of a schedule as jobs of a cluster, through submitit (extra ``cluster``).

Every training and every measurement is a job. A job starts when those have ended well
that it needs, is put back into the queue when it is preempted or runs out of time, and
goes on from its last checkpoint then. Data, results and the folder of the jobs lie
where every node sees them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from cstrack_bench import console
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.experiments.run import RunResult
from cstrack_bench.experiments.schedule import (
    Measurement,
    Planned,
    Step,
    Training,
    progress_of,
)
from cstrack_bench.training.distributed import pick_device

if TYPE_CHECKING:
    import submitit
    from submitit.helpers import DelayedSubmission

Kind = Literal["slurm", "local"]


@dataclass(frozen=True)
class Cluster:
    """Where jobs go.

    Attributes:
        kind: ``slurm``, or ``local`` for processes of this machine.
        parameters: ``key=value`` of the jobs, as submitit calls them:
            ``slurm_partition=gpu``, ``timeout_min=600``, ``cpus_per_task=4``.
        device: auto, cpu, cuda or cuda:N of the node that a job runs on.
    """

    kind: Kind
    parameters: tuple[str, ...] = ()
    device: str = "auto"


#: Seconds between two looks at the jobs.
POLL = 5.0


class StepJob:
    """A step as a job: done on the cores it was given, resumed when it is requeued.

    Args:
        step: a training or a measurement.
        device: auto, cpu, cuda or cuda:N of the node.
    """

    def __init__(self, step: Step, device: str = "auto") -> None:
        self.step, self.device = step, device

    def __call__(self) -> RunResult | None:
        """Do the step; a training goes on from its checkpoint where there is one."""
        torch.set_num_threads(int(os.environ.get("SLURM_CPUS_PER_TASK", "1")))
        step = self.step
        if isinstance(step, Training | Measurement):
            here = replace(step.workspace, device=pick_device(self.device))
            step = replace(step, workspace=here)
        return step()

    def checkpoint(self) -> DelayedSubmission:
        """What is queued in the place of a job that is being preempted."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(StepJob(_again(self.step), self.device))


def _again(step: Step) -> Step:
    """The step as it is to be taken up again: what it began is not begun anew."""
    return replace(step, fresh=False) if isinstance(step, Training) else step


def waves(steps: Mapping[str, Planned]) -> list[list[str]]:
    """Steps in arrays: each needs only what is in the arrays before it.

    Args:
        steps: what to do, and after what.
    """
    depth: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max(map(of, steps[name].after), default=-1)
        return depth[name]

    found: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for name in sorted(steps, key=of):
        # Members of an array wait for the same jobs.
        found.setdefault((of(name), tuple(sorted(steps[name].after))), []).append(name)
    return list(found.values())


def work_on_cluster(
    steps: Mapping[str, Planned],
    folder: Path,
    cluster: Cluster,
    poll: float = POLL,
) -> Iterator[tuple[str, RunResult | None]]:
    """Do every step as a job; yields names and outcomes as they come.

    Interrupted, the jobs are cancelled; the same runs go on from their checkpoints when
    they are asked for again.

    Args:
        steps: what to do, and after what.
        folder: of the jobs' scripts and logs, seen by every node.
        cluster: where the jobs go.
        poll: seconds between two looks at the jobs.

    Raises:
        InputError: submitit is not installed, Slurm is not there, or a parameter is
            unknown.
        CstrackError: a job failed.
    """
    kind = cluster.kind
    executor = _executor(folder, kind, cluster.parameters)
    state = progress_of(steps)
    jobs: dict[str, submitit.Job[RunResult | None]] = {}
    waiting = [list(wave) for wave in waves(steps)]
    done: set[str] = set()
    try:
        while len(done) < len(steps):
            while waiting and _may_be_queued(steps[waiting[0][0]], jobs, done, kind):
                wave = waiting.pop(0)
                before = [jobs[n].job_id for n in steps[wave[0]].after]
                _queue(executor, cluster, steps, wave, before, jobs)
                for name in wave:
                    state.start(name)
            for name in [n for n, job in jobs.items() if n not in done and job.done()]:
                outcome = _outcome(jobs[name], steps[name])
                done.add(name)
                state.finish(name)
                yield name, outcome
            if len(done) < len(steps):
                state.print_if_due()
                time.sleep(poll)
    finally:
        for name, job in jobs.items():
            if name not in done:
                job.cancel(check=False)


def _may_be_queued(
    planned: Planned, jobs: Mapping[str, object], done: set[str], kind: Kind
) -> bool:
    """Slurm itself makes a job wait; on one machine it is not queued before."""
    needed = set(planned.after)
    return needed <= (set(jobs) if kind == "slurm" else done)


def _queue(
    executor: submitit.AutoExecutor,
    cluster: Cluster,
    steps: Mapping[str, Planned],
    wave: Sequence[str],
    before: Sequence[str],
    jobs: dict[str, submitit.Job[RunResult | None]],
) -> None:
    """Queue an array of steps behind the jobs that they need."""
    if cluster.kind == "slurm":
        extra: dict[str, object] = {"requeue": True}
        if before:
            extra |= {"dependency": "afterok:" + ":".join(before)}
        executor.update_parameters(slurm_additional_parameters=extra)
    calls = [StepJob(steps[name].step, cluster.device) for name in wave]
    with executor.batch():
        queued = [executor.submit(call) for call in calls]
    jobs |= dict(zip(wave, queued, strict=True))
    numbers = ", ".join(job.job_id for job in queued)
    console.err.print(f"queued as {numbers}: {len(wave)} of {len(steps)} steps")


def _outcome(job: submitit.Job[RunResult | None], planned: Planned) -> RunResult | None:
    from submitit.core.utils import FailedJobError, UncompletedJobError

    try:
        return job.result()
    except (FailedJobError, UncompletedJobError) as error:
        # Between a trace and where the logs are: the exception's own line.
        told = str(error).split("You can check full logs")[0].strip(" -\n")
        last = told.splitlines()[-1].strip().rstrip(".")
        raise CstrackError(
            f"Job {job.job_id} ({planned.step.run.title}) failed: {last}. Its log is "
            f"{job.paths.stderr}; the same command goes on from where it stopped."
        ) from error


def _executor(
    folder: Path, kind: Kind, parameters: Sequence[str]
) -> submitit.AutoExecutor:
    try:
        import submitit
    except ImportError as error:
        raise InputError(
            "Jobs of a cluster need submitit: pip install 'cstrack-bench[cluster]'."
        ) from error
    try:
        executor = submitit.AutoExecutor(folder.resolve(), cluster=kind)
    except RuntimeError as error:
        raise InputError(
            "There is no Slurm here (no srun on the PATH); use --launcher local."
        ) from error
    try:
        executor.update_parameters(timeout_min=24 * 60, name="cstrack")
        executor.update_parameters(**dict(map(_parameter, parameters)))
    except (NameError, TypeError) as error:
        raise InputError(f"--job: {str(error).splitlines()[0]}") from error
    return executor


def _parameter(text: str) -> tuple[str, str | int]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise InputError(
            f"--job takes key=value such as slurm_partition=gpu, not {text!r}."
        )
    return key, int(value) if value.isdigit() else value
