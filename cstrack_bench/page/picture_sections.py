"""The page's pictures from weights and sequences: Figs. 6, 7 to 9."""

import collections.abc as abc
from dataclasses import dataclass
from pathlib import Path

from cstrack_bench import api
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.failures import rank_failures
from cstrack_bench.evaluation.scores import SequenceResult
from cstrack_bench.experiments.discrimination import describe_frames
from cstrack_bench.experiments.watched_tracking import watch_tracking
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.page.embedding_figure import (
    embedding_figures,
    sharpness_lines,
)
from cstrack_bench.page.failure_gallery import (
    failure_gallery,
    trajectory_frames,
)
from cstrack_bench.page.html_page import PictureSection
from cstrack_bench.systems.system import BoxFinder
from cstrack_bench.systems.weights import load_weights


@dataclass(frozen=True)
class ShownNetwork:
    """A network whose embeddings are shown.

    Attributes:
        name: what the figures call it.
        finder: it, on its input size.
    """

    name: str
    finder: BoxFinder


@dataclass(frozen=True)
class Pictures:
    """What was made.

    Attributes:
        sections: of the page.
        lines: what they say of the networks, in sentences.
    """

    sections: tuple[PictureSection, ...]
    lines: tuple[str, ...]


def shown_network(weights: Path, device: str) -> ShownNetwork:
    """A network from its weights, named by what it is built from.

    Args:
        weights: ``.safetensors`` of ``cstrack train``, or an official checkpoint.
        device: auto, cpu, cuda or cuda:N.

    Raises:
        InputError: the file cannot be read, or its network finds no boxes or describes
            none.
    """
    finder = api.load_detector(weights, device=device)
    if not isinstance(finder, BoxFinder):
        raise InputError(f"{weights} describes no boxes: there is nothing to show.")
    loaded = load_weights(weights)
    config = loaded.network.config
    head = getattr(config, "reid_head", None)
    decoupling = getattr(config, "ren", None)
    if head is None:
        return ShownNetwork(loaded.system.name, finder)
    if (head, decoupling) == ("saan", "full"):
        return ShownNetwork("CSTrack", finder)
    if (head, decoupling) == ("basic", "none"):
        return ShownNetwork("JDE-style head", finder)
    return ShownNetwork(f"REN {decoupling}, {head} head", finder)


def picture_sections(
    networks: abc.Sequence[ShownNetwork],
    sequences: abc.Sequence[Sequence],
    rules: EvaluationRules,
    tracker: str,
) -> Pictures:
    """Figs. 6 to 9 of networks on sequences.

    Args:
        networks: one or two; the first one tracks.
        sequences: with pictures and ground truth, not trained on.
        rules: of their data set.
        tracker: name of the tracker.

    Raises:
        InputError: no pictures or ground truth, two equal networks, or no frame with
            two people.
    """
    for sequence in sequences:
        if not sequence.has_images:
            raise InputError(f"{sequence.name} has no pictures to show.")
        if sequence.annotations() is None:
            raise InputError(
                f"{sequence.name} has no ground truth ({sequence.annotation_file}), by "
                "which people and failures are known."
            )
    names = [network.name for network in networks]
    if len(set(names)) < len(names):
        names = [f"{name} {letter}" for name, letter in zip(names, "AB", strict=False)]
    embedders = {name: one.finder for name, one in zip(names, networks, strict=True)}
    frames = describe_frames(embedders, sequences)
    finder = networks[0].finder
    tracked = {s.name: watch_tracking(s, finder, tracker) for s in sequences}
    results = [SequenceResult.of(one.sequence, one.table) for one in tracked.values()]
    failures = rank_failures(results, rules)
    sections = (
        PictureSection(
            "embeddings",
            "Fig. 6: how well embeddings tell people apart",
            embedding_figures(frames, sequences, names),
        ),
        PictureSection(
            "trajectories",
            f"Figs. 7 and 8: trajectories of {names[0]}",
            trajectory_frames(tracked.values()),
        ),
        PictureSection(
            "failures",
            f"Fig. 9: the failures of {names[0]} that cost most",
            failure_gallery(failures, tracked),
        ),
    )
    return Pictures(sections, tuple(sharpness_lines(frames, sequences, names)))
