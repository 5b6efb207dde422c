"""The numbers of a well-formed MOT file, by NumPy's own parser.

Nearly every file is rows of numbers with commas between them. Whatever else a file may
hold is left to ``mot_files``, which also names the line that is wrong.
"""

import io
import warnings

import numpy as np
from numpy.typing import NDArray

# Other bytes may mean what NumPy's parser and ours read differently.
_PLAIN = b"0123456789+-.eE,\r\n"


def plain_rows(content: bytes) -> NDArray[np.float64] | None:
    """The numbers of a file in which every line is a row.

    Args:
        content: of the file.

    Returns:
        (M, C) float64, row i from line i + 1; None where a line is blank, rows differ
        in length, or anything is not a plain number.
    """
    if content.translate(None, _PLAIN) or b"\r" in content.replace(b"\r\n", b"\n"):
        return None
    try:
        with warnings.catch_warnings():
            # An empty file is no error here.
            warnings.simplefilter("ignore", UserWarning)
            rows = np.loadtxt(
                io.BytesIO(content), np.float64, comments=None, delimiter=",", ndmin=2
            )
    except ValueError:
        return None
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    return rows if len(rows) == lines else None
