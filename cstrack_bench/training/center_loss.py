"""Losses that FairMOT and CenterTrack share: focal heatmap and masked distance."""

from torch import Tensor

from cstrack_bench.training.distributed import over_processes

#: Probabilities are kept this far from 0 and 1 (docs/rivals.md#focal-loss).
MARGIN = 1e-4
#: Keeps the mean over no value finite.
EPSILON = 1e-4


def probabilities(logits: Tensor) -> Tensor:
    """Sigmoid of logits, kept away from 0 and 1."""
    return logits.sigmoid().clamp(MARGIN, 1 - MARGIN)


def negative_term(probability: Tensor, target: Tensor) -> Tensor:
    """Sum over all cells of log(1 - p) · p² · (1 - t)⁴; 0 where the target is 1."""
    weight = (1 - target) ** 4
    return ((1 - probability).log() * probability**2 * weight).sum()


def positive_term(probability: Tensor) -> Tensor:
    """Sum of log(p) · (1 - p)² over probabilities that should be 1."""
    return (probability.log() * (1 - probability) ** 2).sum()


def focal_loss(logits: Tensor, target: Tensor) -> Tensor:
    """FairMOT's heatmap loss: positives are the cells whose target is 1.

    Two objects in one cell count once. Without a positive it is the sum over the
    negatives, not their mean.

    Args:
        logits: (B, 1, H, W).
        target: (B, 1, H, W) in [0, 1].
    """
    probability = probabilities(logits)
    positive = probability[target == 1]
    total = positive_term(positive) + negative_term(probability, target)
    (count,) = over_processes(len(positive))
    return -total / count.divisor(least=1)


def object_focal_loss(
    logits: Tensor, target: Tensor, image: Tensor, cell: Tensor
) -> Tensor:
    """CenterTrack's heatmap loss: positives are objects, each at its cell.

    Cells of regions to ignore have the target 1 and no object: they do not count.

    Args:
        logits: (B, 1, H, W).
        target: (B, 1, H, W) in [0, 1].
        image: (P,) int64; cell: (P,) int64, row · W + column.
    """
    probability = probabilities(logits)
    positive = probability.flatten(1)[image, cell]
    total = positive_term(positive) + negative_term(probability, target)
    (count,) = over_processes(len(positive))
    return -total / count.divisor(least=1)


def at_objects(maps: Tensor, image: Tensor, cell: Tensor) -> Tensor:
    """Values of maps (B, C, H, W) at P objects -> (P, C)."""
    return maps.flatten(2)[image, :, cell]


def mean_distance(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean of |predicted - target| over the values of P objects, (P, C) each.

    The published denominator: the number of values + 1e-4. 0 without objects.
    """
    distance = (predicted - target).abs().sum()
    (count,) = over_processes(target.numel())
    return distance / count.divisor(more=EPSILON)
