"""The files of this package, and what YAML gives."""

from importlib.resources import files
from typing import Any

import yaml

#: A mapping of a YAML file of this package; its reader knows its keys.
Entry = dict[str, Any]  # what YAML gives has no type
# The C loader gives the same, some ten times as fast; a build of PyYAML may lack it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_text(name: str) -> str:
    """A file of this package."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def read_yaml(name: str) -> Entry:
    """A YAML file of this package that holds a mapping."""
    document: Entry = yaml.load(read_text(name), Loader=_LOADER)
    return document
