"""The fast evaluator: trackeval's scores, bit for bit, from flat arrays.

trackeval stays the reference: the tests hold every score to its own. Blocks for the
verdicts come from the same matches.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from cstrack_bench import console
from cstrack_bench.components import Component
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.box_pairs import Ints
from cstrack_bench.evaluation.fast_clear import clear_counts
from cstrack_bench.evaluation.fast_hota import HotaCounts, combine, hota_counts
from cstrack_bench.evaluation.fast_identity import identity_tp
from cstrack_bench.evaluation.fast_preprocessing import (
    ScoredSequence,
    scored_sequence,
)
from cstrack_bench.evaluation.scores import (
    Block,
    Evaluation,
    Scores,
    SequenceResult,
    check_results,
    sum_counts,
)
from cstrack_bench.workers import worker_pool

COMPONENT = Component("evaluation", 2)

# The order in which ``trackeval_scores`` has its counts.
_ORDER = (
    *("MT", "PT", "ML", "IDSW", "Frag", "FP", "FN", "TP"),
    *("IDTP", "IDFP", "IDFN", "GT", "IDs"),
)
# Matrices of true by tracker's identities at a time: one, and the solver's copies.
_MATRICES = 3
# As in ``trackeval_scores``, for the same machines.
MEMORY_LIMIT = 6 * 2**30
# About two seconds of work; starting a process costs half as much.
_ROWS_OF_A_PROCESS = 3_000_000


@dataclass(frozen=True)
class SequenceCounts:
    """What one sequence contributes.

    Attributes:
        name: of the sequence.
        start: its first frame, 0-based.
        hota: counts at HOTA's thresholds.
        counts: ``COUNTS`` of the whole sequence.
        frames: for each count of a block, (F,) its value in each frame.
    """

    name: str
    start: int
    hota: HotaCounts
    counts: Scores
    frames: dict[str, Ints]


def evaluate(
    results: list[SequenceResult], rules: EvaluationRules, processes: int = 1
) -> Evaluation:
    """Score a tracker's results as trackeval does.

    Args:
        results: one for each sequence; a table without rows scores 0.
        rules: what is scored, and what is removed before.
        processes: how many share the sequences; see ``useful_processes``.

    Returns:
        All of ``PERCENTAGES`` and ``COUNTS``; the overall row is computed from the
        counts summed over sequences.

    Raises:
        InputError: no results, results that do not fit the ground truth, or more
            identities than memory allows.
    """
    return _evaluation(_count(results, rules, processes))


def useful_processes(results: list[SequenceResult], cores: int) -> int:
    """How many processes end soonest.

    Starting one costs about as much CPU as evaluating MOT17's training sequences, so
    those and fewer are evaluated in one.

    Args:
        results: one for each sequence.
        cores: that may be used.
    """
    rows = sum(len(result.annotations) + len(result.table) for result in results)
    return max(1, min(cores, len(results), rows // _ROWS_OF_A_PROCESS))


def evaluate_with_blocks(
    results: list[SequenceResult],
    rules: EvaluationRules,
    block_frames: int = 30,
    processes: int = 1,
) -> tuple[Evaluation, list[Block]]:
    """Scores, and counts in blocks of frames, from one pass.

    Args:
        results: one for each sequence.
        rules: what is scored, and what is removed before.
        block_frames: frames of a block; the last one of a sequence may be shorter.
        processes: how many share the sequences.

    Returns:
        What ``evaluate`` returns, and what ``blocks.blocks`` does.

    Raises:
        InputError: see ``evaluate``; or a block of no frames.
    """
    if block_frames < 1:
        raise InputError(f"A block has at least 1 frame, not {block_frames}.")
    sequences = _count(results, rules, processes)
    blocks = [block for row in sequences for block in _blocks(row, block_frames)]
    return _evaluation(sequences), blocks


def _count(
    results: list[SequenceResult], rules: EvaluationRules, processes: int
) -> list[SequenceCounts]:
    """The counts of every sequence, in the order of the results."""
    check_results(results)
    count = partial(sequence_counts, rules=rules)
    with console.progress() as bar:
        task = bar.add_task("evaluating", total=len(results))
        found: dict[str, SequenceCounts] = {}
        if min(processes, len(results)) < 2:
            for result in results:
                found[result.name] = count(result)
                bar.advance(task)
        else:
            # The longest first, so that no process ends with a long one alone.
            order = sorted(results, key=lambda result: -len(result.annotations))
            with worker_pool(min(processes, len(results))) as pool:
                for row in pool.map(count, order):
                    found[row.name] = row
                    bar.advance(task)
    return [found[result.name] for result in results]


def sequence_counts(result: SequenceResult, rules: EvaluationRules) -> SequenceCounts:
    """Everything that is counted in one sequence.

    Raises:
        InputError: ground truth of another kind than the rules are for, or more
            identities than memory allows.
    """
    scored = scored_sequence(result, rules)
    _check_memory(result.name, scored)
    clear, idtp = clear_counts(scored), identity_tp(scored)
    truth, track = scored.pairs.truth.counts, scored.pairs.track.counts
    frames = {
        "GT": truth,
        "TP": clear.tp,
        "FP": track - clear.tp,
        "FN": truth - clear.tp,
        "IDSW": clear.idsw,
        "IDTP": idtp,
        "IDFP": track - idtp,
        "IDFN": truth - idtp,
    }
    counts: Scores = {"MT": clear.mt, "PT": clear.pt, "ML": clear.ml}
    counts |= {"Frag": clear.frag, "IDs": scored.truth_id_count}
    counts |= {key: int(values.sum()) for key, values in frames.items()}
    return SequenceCounts(
        result.name, result.start, hota_counts(scored), counts, frames
    )


def _check_memory(name: str, scored: ScoredSequence) -> None:
    """Stop before more memory is asked for than a machine has."""
    truth, track = scored.truth_id_count, scored.track_id_count
    needed = 8 * _MATRICES * truth * track
    if needed > MEMORY_LIMIT:
        raise InputError(
            f"{name} has {track} predicted and {truth} true identities, for which "
            f"evaluation needs {needed / 2**30:.0f} GiB of memory; drop the tracks "
            "of a few frames from the result."
        )


def _blocks(row: SequenceCounts, block_frames: int) -> list[Block]:
    """The counts of one sequence in blocks of frames."""
    length = len(row.frames["GT"])
    starts = np.arange(0, length, block_frames)
    sums = {key: np.add.reduceat(c, starts) for key, c in row.frames.items() if length}
    return [
        {
            "sequence": row.name,
            "start": row.start + start,
            "stop": row.start + min(start + block_frames, length),
            **{key: int(values[index]) for key, values in sums.items()},
        }
        for index, start in enumerate(starts.tolist())
    ]


def _evaluation(rows: list[SequenceCounts]) -> Evaluation:
    counts = sum_counts(row.counts for row in rows)
    sequences = {row.name: _scores(row.hota, row.counts) for row in rows}
    for row in rows:
        if not row.counts["GT"]:
            # trackeval leaves a sequence without true boxes at 0, not below.
            sequences[row.name]["MOTA"] = 0.0
    return Evaluation(_scores(combine([row.hota for row in rows]), counts), sequences)


def _scores(hota: HotaCounts, counts: Scores) -> Scores:
    """Percentages and counts; each ratio computed in trackeval's order."""
    tp, fp, fn = counts["TP"], counts["FP"], counts["FN"]
    idtp, idfp, idfn = counts["IDTP"], counts["IDFP"], counts["IDFN"]
    return {
        # HOTA and its parts are means over the thresholds 0.05 … 0.95.
        "HOTA": 100.0 * float(np.mean(hota.hota)),
        "DetA": 100.0 * float(np.mean(hota.det_a)),
        "AssA": 100.0 * float(np.mean(hota.ass_a)),
        "MOTA": 100.0 * ((tp - fp - counts["IDSW"]) / max(1.0, tp + fn)),
        "IDF1": 100.0 * (idtp / max(1.0, idtp + 0.5 * idfp + 0.5 * idfn)),
        "IDP": 100.0 * (idtp / max(1.0, idtp + idfp)),
        "IDR": 100.0 * (idtp / max(1.0, idtp + idfn)),
        **{key: int(counts[key]) for key in _ORDER},
    }
