"""What every loss gives for a batch."""

from typing import NamedTuple

from torch import Tensor


class LossItems(NamedTuple):
    """The loss of one batch, scalars.

    Attributes:
        total: what is minimised.
        box: of the boxes' position and size.
        identity: cross-entropy of the identities, before its weight.
        objectness: of what is a person and what is not.
    """

    total: Tensor
    box: Tensor
    identity: Tensor
    objectness: Tensor
