"""Ground truth as its own prediction: it scores 100, or something is wrong with it."""

from cstrack_bench.datasets.dataset import Dataset
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.fast_scores import evaluate
from cstrack_bench.evaluation.scores import Evaluation, SequenceResult
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.verification.faults import Fault

PERFECT = ("HOTA", "MOTA", "IDF1")


def against_itself(sequences: list[Sequence], rules: EvaluationRules) -> Evaluation:
    """Score the pedestrian rows of the ground truth against the ground truth.

    Raises:
        InputError: ground truth that cannot be evaluated by these rules.
    """
    results = []
    for sequence in sequences:
        truth = sequence.annotations()
        if truth is not None:
            tracks = truth.pedestrians().as_tracks()
            results.append(SequenceResult.of(sequence, tracks))
    return evaluate(results, rules)


def imperfections(sequences: list[Sequence], dataset: Dataset) -> list[Fault]:
    """The sequences whose ground truth does not score 100/100/100 against itself.

    Args:
        sequences: of the data set, with ground truth.
        dataset: knows the rules.
    """
    try:
        evaluation = against_itself(sequences, dataset.rules_for(sequences))
    except InputError as error:
        return [Fault(str(sequences[0].folder.parent), str(error).rstrip("."))]
    faults = []
    for sequence in sequences:
        row = evaluation.sequences[sequence.name]
        values = [float(row[key]) for key in PERFECT]
        # A sum of 19 thresholds may miss 100 in its last bits.
        if any(abs(value - 100.0) > 1e-9 for value in values):
            scored = " / ".join(f"{value:.3f}" for value in values)
            what = f"scores {scored} (HOTA / MOTA / IDF1) against itself, not 100"
            faults.append(Fault(str(sequence.annotation_file), what))
    return faults
