"""What became of every tensor of a file that was loaded into a network."""

from dataclasses import dataclass

#: Names that a line lists of each kind.
SHOWN = 3


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

    def words(self) -> str:
        """How many tensors came to what; names of those that were not used."""
        rest = (
            ("left at their start", self.missing),
            ("of another shape", self.reshaped),
            ("not known here", self.unexpected),
            ("of no use", self.ignored),
        )
        parts = [f"{len(self.matched)} tensors filled"]
        for what, names in rest:
            if names:
                shown = ", ".join(names[:SHOWN])
                more = ", …" if len(names) > SHOWN else ""
                parts.append(f"{len(names)} {what} ({shown}{more})")
        return " · ".join(parts)
