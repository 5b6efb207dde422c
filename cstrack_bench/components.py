"""Components: the parts of the code that decide numbers, each with a version.

A module that computes numbers declares ``COMPONENT = Component(name, version)``. The
versions of the components that a run used are part of its identity; where a module
lies, how it is laid out and what is written beside it are not. Whether the code of a
component moved while its version did not is what ``fingerprints`` finds out.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Component:
    """A part of the code that decides numbers.

    Attributes:
        name: stable, whatever module declares it, such as ``tracker cascade``.
        version: raised by one whenever a number that it computes changes.
    """

    name: str
    version: int
