"""What became of every tensor of a file that was loaded into a network."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LoadReport:
    """Names by what became of them.

    Attributes:
        matched: names of the network that were filled from the file.
        missing: names of the network that the file has nothing for; they keep their
            start values.
        unexpected: names of the file that the network has nothing for.
        reshaped: names of the network whose shape in the file differs; they keep their
            start values and count as missing too.
        ignored: names of the file that are known to be of no use here.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[str, ...]
    ignored: tuple[str, ...] = ()
