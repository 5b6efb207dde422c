"""YAML text of users, read into plain values within limits.

Aliases, nesting and size are counted in the parser's events before anything is built: a
few lines can stand for gigabytes, hold themselves, or nest deeper than a stack.
"""

import math
from dataclasses import dataclass, field

import yaml

from cstrack_bench.errors import InputError
from cstrack_bench.input_limits import SETTINGS_BYTES

MAX_NODES = 50_000  # those behind aliases counted every time
MAX_NESTING = 32
_LONGEST = 4_096  # characters of a text
_LARGEST = 2**63 - 1
_SHOWN = 60


def read_yaml(text: str, owner: str) -> object:
    """The plain value of a YAML document: mappings, lists, texts, numbers, null.

    Args:
        text: of the document.
        owner: whose it is, for messages.

    Raises:
        InputError: no YAML, more than one document, an alias of itself, too large or
            too deep, or a value that is not plain: a date, a number beyond 64 bits, one
            that is not finite, control characters.
    """
    SETTINGS_BYTES.check(len(text.encode("utf-8", "surrogatepass")), owner)
    try:
        _count(text, owner)
        document: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{owner} cannot be read as YAML: {reason}.") from error
    # Such as 2001-99-99, which is no date, or a number of 5,000 digits.
    except (ValueError, OverflowError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{owner} cannot be read as YAML: {reason}.") from error
    _check(document, owner, "")
    return document


@dataclass
class _Counted:
    """A collection that is open: the nodes in it so far, and its anchor."""

    anchor: str | None
    nodes: int = 1


@dataclass
class _Count:
    """Nodes counted so far, by anchor where they have one."""

    open: list[_Counted] = field(default_factory=list)
    anchors: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def add(self, nodes: int, owner: str) -> None:
        self.total += nodes
        if self.total > MAX_NODES:
            raise InputError(
                f"{owner} stands for more than {MAX_NODES:,} values, its aliases "
                "written out."
            )
        if self.open:
            self.open[-1].nodes += nodes


def _count(text: str, owner: str) -> None:
    """Refuse what would be too large, too deep or endless once it is built."""
    count = _Count()
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            if any(item.anchor == event.anchor for item in count.open):
                raise InputError(f"{owner}: the alias *{event.anchor} holds itself.")
            count.add(count.anchors.get(str(event.anchor), 1), owner)
        elif isinstance(event, yaml.ScalarEvent):
            if event.anchor:
                count.anchors[event.anchor] = 1
            count.add(1, owner)
        elif isinstance(event, yaml.CollectionStartEvent):
            count.open.append(_Counted(event.anchor))
            if len(count.open) > MAX_NESTING:
                raise InputError(f"{owner} is nested deeper than {MAX_NESTING} levels.")
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = count.open.pop()
            if closed.anchor:
                count.anchors[closed.anchor] = closed.nodes
            # Its nodes were counted one by one.
            count.total += 1
            if count.open:
                count.open[-1].nodes += closed.nodes


def _check(value: object, owner: str, where: str) -> None:
    """Refuse values that are not plain, at any depth."""
    at = f"{owner}: {where}" if where else owner
    if isinstance(value, dict):
        for key, below in value.items():
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise InputError(f"{at} has the key {key!r}, which is not text.")
            _check_text(str(key), at)
            _check(below, owner, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            _check(below, owner, f"{where}.{number}" if where else str(number))
    elif isinstance(value, str):
        _check_text(value, at)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"{at} is {value}, which is not a finite number.")
    elif isinstance(value, int):
        if abs(value) > _LARGEST:
            raise InputError(f"{at} is a whole number beyond 64 bits.")
    elif value is not None:
        kind = type(value).__name__
        raise InputError(
            f"{at} is read as a {kind} ({str(value)[:_SHOWN]}); quote it if it is text."
        )


def _check_text(text: str, at: str) -> None:
    if len(text) > _LONGEST:
        raise InputError(f"{at} has a text of {len(text):,} characters.")
    if not text.replace("\n", "").replace("\t", "").isprintable():
        raise InputError(f"{at} has control characters in {text[:_SHOWN]!r}.")
