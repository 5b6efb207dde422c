"""Nested settings as YAML has them: merged, parsed and hashed, not yet checked."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cstrack_bench.errors import InputError
from cstrack_bench.yaml_text import read_yaml

# YAML has values of any kind; ``settings`` checks them into option classes.
Tree = dict[str, Any]
TreeView = Mapping[str, Any]
_LONGEST_KEY = 200


def digest(content: object, length: int) -> str:
    """Hex digits that stand for plain values."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def merge(into: Tree, changes: TreeView) -> Tree:
    """Lay ``changes`` over ``into``, mapping by mapping; returns ``into``."""
    for key, value in changes.items():
        if isinstance(value, Mapping):
            below = into.get(key)
            into[key] = merge(dict(below) if isinstance(below, dict) else {}, value)
        else:
            into[key] = value
    return into


def parse_override(text: str) -> Tree:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise InputError(f"--set takes key=value such as train.epochs=5, not {text!r}.")
    if not key.isprintable() or len(key) > _LONGEST_KEY:
        raise InputError(f"--set takes key=value, and {key[:40]!r} is no key.")
    nested = read_yaml(value, f"--set {key}")
    for part in reversed(key.split(".")):
        nested = {part: nested}
    assert isinstance(nested, dict)
    return nested
