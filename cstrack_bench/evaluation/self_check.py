"""Ground truth as its own prediction: it scores 100, or something is wrong with it."""

from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.scores import Evaluation, SequenceResult
from cstrack_bench.evaluation.trackeval_scores import evaluate
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.verification.checks import Fault

PERFECT = ("HOTA", "MOTA", "IDF1")


def benchmark_of(sequences: list[Sequence], name: str) -> str:
    """The rules for a data set: its own, or MOT15's where there are no classes."""
    from cstrack_bench.evaluation.preprocessing import BENCHMARKS

    if name in BENCHMARKS:
        return name
    truths = [sequence.annotations() for sequence in sequences]
    classless = all(t is None or bool((t.classes < 0).all()) for t in truths)
    return "mot15" if classless else "mot17"


def against_itself(sequences: list[Sequence], benchmark: str) -> Evaluation:
    """Score the pedestrian rows of the ground truth against the ground truth.

    Raises:
        InputError: ground truth that cannot be evaluated under this benchmark.
    """
    results = []
    for sequence in sequences:
        truth = sequence.annotations()
        if truth is not None:
            tracks = truth.pedestrians().as_tracks()
            results.append(SequenceResult.of(sequence, tracks))
    return evaluate(results, benchmark)


def imperfections(sequences: list[Sequence], benchmark: str) -> list[Fault]:
    """The sequences whose ground truth does not score 100/100/100 against itself."""
    try:
        evaluation = against_itself(sequences, benchmark)
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
