"""Input sizes: one parser, one order."""

import pytest

from cstrack_bench.errors import InputError
from cstrack_bench.input_size import format_input_size, parse_input_size


@pytest.mark.parametrize("text", ["1088x608", " 1088X608 ", "1088×608"])
def test_height_comes_first_in_code_and_width_in_text(text: str) -> None:
    assert parse_input_size(text, "--size") == (608, 1088)
    assert format_input_size((608, 1088)) == "1088x608"


@pytest.mark.parametrize(
    "text", ["1088", "1088x600", "0x64", "axb", "-64x64", "64x64x3"]
)
def test_other_sizes_are_refused_by_the_name_of_the_option(text: str) -> None:
    with pytest.raises(InputError, match=r"data\.input_size .* multiples of 32"):
        parse_input_size(text, "data.input_size")
