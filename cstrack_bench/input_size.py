"""Sizes of a network's input: WIDTHxHEIGHT in text, height and width in code."""

import re

from cstrack_bench.errors import InputError
from cstrack_bench.input_limits import INPUT_PIXELS


def parse_input_size(text: str, option: str) -> tuple[int, int]:
    """``1088x608`` -> (608, 1088): height, width.

    Args:
        text: both sides in pixels; ``×`` is as good as ``x``.
        option: where the text was given, such as ``--size``, for the error message.

    Raises:
        InputError: not two multiples of 32.
    """
    match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text.strip().lower(), re.ASCII)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not width or not height or width % 32 or height % 32:
        raise InputError(
            f"{option} {text!r} is no input size: give WIDTHxHEIGHT in multiples of "
            "32, such as 1088x608."
        )
    INPUT_PIXELS.check(width * height, f"{option} {text.strip()}")
    return height, width


def size_in_name(name: str) -> tuple[int, int] | None:
    """Height, width that a file is called after, as ``jde-864x480.pt``; else None."""
    match = re.search(r"(?<!\d)(\d{2,5})x(\d{2,5})(?!\d)", name, re.ASCII)
    if match is None or int(match[1]) % 32 or int(match[2]) % 32:
        return None
    return int(match[2]), int(match[1])


def format_input_size(size: tuple[int, int]) -> str:
    """(608, 1088) -> ``1088x608``."""
    height, width = size
    return f"{width}x{height}"
