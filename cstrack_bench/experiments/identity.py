"""Identity: which components of the code, and which versions, decide a run."""

from cstrack_bench.checkpoints.reading import COMPONENT as CHECKPOINTS
from cstrack_bench.components import Component
from cstrack_bench.datasets.dataset_registry import find_dataset
from cstrack_bench.datasets.experiment_data import DataConfig
from cstrack_bench.detection.network_detector import COMPONENT as DETECTION
from cstrack_bench.evaluation.fast_scores import COMPONENT as EVALUATION
from cstrack_bench.experiments.evaluate_run import BASELINE
from cstrack_bench.experiments.evaluate_run import COMPONENT as MEASUREMENT
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.upper_bound import COMPONENT as UPPER_BOUND
from cstrack_bench.systems.starts import COMPONENT as STARTS
from cstrack_bench.systems.system_registry import find_system
from cstrack_bench.tracking.tracker_registry import find_tracker
from cstrack_bench.training.loop import COMPONENT as TRAINING
from cstrack_bench.training_data.loading import COMPONENT as TRAINING_DATA

Versions = dict[str, int]


def training_components(run: Run) -> Versions:
    """Name -> version of every component that decides a run's weights.

    What a training starts from has an identity of its own, with its own components.
    """
    settings = run.settings
    used = [
        find_system(settings.system).component,
        TRAINING,
        TRAINING_DATA,
        *_datasets(settings.data),
    ]
    if run.start is not None or settings.init.weights is not None:
        used.append(STARTS)
    if settings.init.weights is not None:
        used.append(CHECKPOINTS)
    return _versions(used)


def run_components(run: Run) -> Versions:
    """Name -> version of every component that decides a run's numbers.

    Those of its trainings are among them.
    """
    settings = run.settings
    used = [
        find_system(settings.system).detection or DETECTION,
        MEASUREMENT,
        EVALUATION,
        find_tracker(settings.track.name).component,
        find_tracker(BASELINE).component,
        *_datasets(settings.test_data),
    ]
    if settings.measure.boxes == "ground_truth":
        used.append(UPPER_BOUND)
    versions = _versions(used)
    for trained in (run, run.start, run.detector):
        if trained is not None:
            versions |= training_components(trained)
    return dict(sorted(versions.items()))


def _datasets(config: DataConfig) -> list[Component]:
    names = [config.dataset, *(part.dataset for part in config.mix)]
    return [find_dataset(name).component for name in names]


def _versions(used: list[Component]) -> Versions:
    return dict(
        sorted({component.name: component.version for component in used}.items())
    )
