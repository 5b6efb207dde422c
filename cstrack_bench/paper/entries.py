"""Entries of the YAML files beside this module, before they are read into classes."""

from typing import Any

Entry = dict[str, Any]  # YAML has values of any kind
