"""NumPy's parser reads what is plain, and leaves the rest to the careful one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cstrack_bench.formats.plain_rows import plain_rows

# The tests run with denormal numbers flushed to 0.
NUMBERS = st.integers(-999, 9999) | st.floats(
    allow_nan=False, allow_infinity=False, allow_subnormal=False
)
TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(NUMBERS, min_size=width, max_size=width), min_size=1, max_size=6
    )
)


@given(table=TABLES, newline=st.sampled_from(["\n", "\r\n"]), ends=st.booleans())
def test_numbers_are_those_of_float(
    table: list[list[float]], newline: str, ends: bool
) -> None:
    text = newline.join(",".join(map(repr, row)) for row in table)
    rows = plain_rows((text + newline * ends).encode())
    assert rows is not None
    assert rows.dtype == np.float64
    assert rows.tolist() == [[float(value) for value in row] for row in table]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"1,2,3\n\n4,5,6\n",
        b"1,2,3\n4,5,6\n\n",
        b"1,2,3\n4,5\n",
        b"1,2,3,\n",
        b"1,,3\n",
        b"1,2,3\r4,5,6\n",
        b"1 2 3\n",
        b"1,2,nan\n",
        b"1,2,1_0\n",
        b"\xef\xbb\xbf1,2,3\n",
        b"# 1,2,3\n",
        b"1,2,3e\n",
    ],
)
def test_anything_else_is_left_to_the_careful_reader(content: bytes) -> None:
    assert plain_rows(content) is None
