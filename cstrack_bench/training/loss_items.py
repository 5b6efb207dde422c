"""What every loss gives for a batch."""

from typing import NamedTuple, Protocol

from torch import Tensor


class LossTerms(Protocol):
    """The loss of one batch: a named tuple of scalars, one of which is the total."""

    @property
    def total(self) -> Tensor:
        """What is minimised."""
        ...

    def _asdict(self) -> dict[str, Tensor]:
        """Every scalar by its name, as a named tuple has it."""
        ...


class LossItems(NamedTuple):
    """The loss of one batch of a network on anchors or crops, scalars.

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


def parts(terms: LossTerms) -> dict[str, Tensor]:
    """The scalars of a loss but its total, by name."""
    return {name: one for name, one in terms._asdict().items() if name != "total"}
