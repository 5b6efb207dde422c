"""What a fine-tuning says of its identity classifier, which is made anew."""

from cstrack_bench.documents import Document


class RenewedClassifier(Document):
    """The identity classifier of a fine-tuning, which takes none from its start.

    Attributes:
        identities: that it tells apart, "no identity" not counted.
        start: that the classifier of the network before told apart.
        of: whose network that was.
    """

    identities: int
    start: int
    of: str

    def __str__(self) -> str:
        if self.identities == self.start:
            size = f"for {self.identities} identities, as many as {self.of} had"
        else:
            size = f"for {self.identities} identities; {self.of} had {self.start}"
        return f"the identity classifier is made anew {size}"
