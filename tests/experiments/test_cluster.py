"""Steps as jobs: on this machine through submitit, and what Slurm is asked for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.experiments import cluster
from cstrack_bench.experiments.cluster import Cluster, StepJob, waves, work_on_cluster
from cstrack_bench.experiments.schedule import Planned, Training

cloudpickle = pytest.importorskip("cloudpickle")
pytest.importorskip("submitit")


class Noted:
    """A step that writes its name into a file; fails where it is told to."""

    def __init__(self, name: str, file: Path, fails: bool = False) -> None:
        self.name, self.file, self.fails = name, file, fails
        self.work = 1.0
        self.run = SimpleNamespace(title=f"step {name}")

    def __call__(self) -> str:
        if self.fails:
            raise ValueError("no such row")
        with self.file.open("a") as file:
            file.write(self.name)
        return self.name


def steps_of(after: dict[str, tuple[str, ...]], file: Path) -> dict[str, Planned]:
    return {n: Planned(Noted(n, file), needs) for n, needs in after.items()}  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _pickled_whole() -> Iterator[None]:
    # A job's process knows nothing of this module.
    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)


def test_arrays_hold_what_waits_for_the_same() -> None:
    after = {"c": ("a",), "a": (), "d": ("a",), "b": (), "e": ("c", "b"), "f": ("b",)}
    found = waves(steps_of(after, Path()))
    assert found == [["a", "b"], ["c", "d"], ["f"], ["e"]]


def test_jobs_of_this_machine_come_in_order(tmp_path: Path) -> None:
    file = tmp_path / "order"
    steps = steps_of({"b": ("a",), "a": ()}, file)
    found = dict(work_on_cluster(steps, tmp_path / "jobs", Cluster("local"), poll=0.05))
    assert found == {"a": "a", "b": "b"}
    assert file.read_text() == "ab"


def test_a_job_that_fails_is_named_with_its_log(tmp_path: Path) -> None:
    step = Noted("a", tmp_path / "order", fails=True)
    steps = {"a": Planned(step, ()), **steps_of({"b": ("a",)}, tmp_path / "order")}  # type: ignore[arg-type]
    with pytest.raises(CstrackError, match=r"\(step a\) failed: .*no such row.*log is"):
        list(work_on_cluster(steps, tmp_path / "jobs", Cluster("local"), poll=0.05))
    assert not (tmp_path / "order").exists()


class FakeExecutor:
    """Writes down what a cluster is asked for; its jobs are done at once."""

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []
        self.queued: list[tuple[str, str]] = []
        self.cancelled: list[str] = []
        self.never: set[str] = set()

    def update_parameters(self, **more: object) -> None:
        self.asked.append(more)

    @contextmanager
    def batch(self) -> Iterator[None]:
        yield

    def submit(self, job: StepJob) -> SimpleNamespace:
        number = str(100 + len(self.queued))
        name = job.step.name  # type: ignore[union-attr]
        self.queued.append((number, name))
        return SimpleNamespace(
            job_id=number,
            done=lambda: name not in self.never,
            result=job,
            cancel=lambda check: self.cancelled.append(name),
        )


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch) -> FakeExecutor:
    fake = FakeExecutor()
    monkeypatch.setattr(cluster, "_executor", lambda *_: fake)
    return fake


def test_slurm_is_told_what_waits_for_what(slurm: FakeExecutor, tmp_path: Path) -> None:
    after = {"start": (), "row": ("start",), "other": ("start",), "end": ("row",)}
    steps = steps_of(after, tmp_path / "order")
    found = dict(work_on_cluster(steps, tmp_path, Cluster("slurm"), poll=0))
    assert set(found) == set(steps)
    extra = [asked["slurm_additional_parameters"] for asked in slurm.asked]
    assert extra == [
        {"requeue": True},
        {"requeue": True, "dependency": "afterok:100"},
        {"requeue": True, "dependency": "afterok:101"},
    ]
    assert [name for _, name in slurm.queued] == ["start", "row", "other", "end"]
    assert slurm.cancelled == []


def test_what_is_queued_is_cancelled_at_an_interruption(
    slurm: FakeExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm.never = {"b"}

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cluster.time, "sleep", interrupt)
    steps = steps_of({"a": (), "b": ("a",)}, tmp_path / "order")
    with pytest.raises(KeyboardInterrupt):
        list(work_on_cluster(steps, tmp_path, Cluster("slurm")))
    assert slurm.cancelled == ["b"]


def test_a_preempted_training_goes_on_and_does_not_start_anew() -> None:
    training = Training("run", "workspace", fresh=True)  # type: ignore[arg-type]
    delayed = StepJob(training).checkpoint()
    assert isinstance(delayed.function, StepJob)
    assert delayed.function.step == Training("run", "workspace", fresh=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parameter", "sentence"),
    [("slurm_partition", "key=value"), ("no_such_thing=1", "no_such_thing")],
)
def test_wrong_parameters_are_named(
    parameter: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        list(work_on_cluster({}, tmp_path, Cluster("local", (parameter,))))


def test_without_slurm_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="no Slurm here"):
        list(work_on_cluster({}, tmp_path, Cluster("slurm")))


def test_without_submitit_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(InputError, match=r"cstrack-bench\[cluster\]"):
        list(work_on_cluster({}, tmp_path, Cluster("slurm")))
