"""Nested settings as YAML has them: merged, parsed and hashed, not yet checked."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import yaml

from cstrack_bench.errors import InputError

# YAML has values of any kind; ``settings`` checks them into option classes.
Tree = dict[str, Any]
TreeView = Mapping[str, Any]


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
    try:
        nested: object = yaml.safe_load(value)
    except yaml.YAMLError:
        raise InputError(f"--set {key}: cannot read the value {value!r}.") from None
    for part in reversed(key.split(".")):
        nested = {part: nested}
    assert isinstance(nested, dict)
    return nested
