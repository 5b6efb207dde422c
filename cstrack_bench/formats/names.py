"""Names of files and folders: in what order they come, and which ones are equal."""

import re


def natural_key(name: str) -> list[tuple[int, str]]:
    """What to sort names by so that 9 comes before 10."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts]


def simple_name(name: str) -> str:
    """A name without case, hyphens and the like, to compare it by."""
    return "".join(c for c in name.lower() if c.isalnum())


def last_number(stem: str) -> int | None:
    """The last number in a file's name, such as that of a frame; None without any."""
    found = re.findall(r"\d+", stem)
    return int(found[-1]) if found else None
