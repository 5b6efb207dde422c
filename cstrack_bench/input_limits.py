"""Limits: sizes beyond which an input is refused before memory is taken for it.

Each is far above what a sound input has, and each can be raised by an environment
variable of its name, which the refusal tells.
"""

import os
from dataclasses import dataclass

from cstrack_bench.errors import InputError

#: Whole numbers up to this are exact in float64, the type that tables are read in.
LARGEST_WHOLE = 2**53
#: Pixels; anything beyond is an error, and its square must stay finite in float32.
LARGEST_COORDINATE = 1e9
#: The largest of float32, in which scores are kept.
LARGEST_SCORE = 3.4e38
#: Frames a second; some containers give the ticks of their clock, up to 90,000.
LARGEST_RATE = 1e6


@dataclass(frozen=True)
class Limit:
    """One limit.

    Attributes:
        variable: of the environment, which raises it.
        usual: its value where that is not set.
        what: is counted, in the plural.
    """

    variable: str
    usual: int
    what: str

    @property
    def value(self) -> int:
        """What holds now.

        Raises:
            InputError: the variable is no positive whole number.
        """
        text = os.environ.get(self.variable, "")
        if not text:
            return self.usual
        if not (text.isascii() and text.isdigit()) or len(text) > 18 or not int(text):
            raise InputError(
                f"{self.variable} is a positive whole number, not {text[:40]!r}."
            )
        return int(text)

    def check(self, count: float, owner: str) -> None:
        """Refuse what is beyond it.

        Args:
            count: that an input has or asks for.
            owner: whose count that is, for the message: a file, a setting.

        Raises:
            InputError: it is more than the limit.
        """
        if count > self.value:
            shown = f"{count:,}" if count < 1e15 else f"{float(count):.3g}"
            raise InputError(
                f"{owner}: {shown} {self.what}, more than the {self.value:,} that are "
                f"allowed; if that is meant, set {self.variable}={_shell(count)}."
            )


def _shell(count: float) -> str:
    return str(int(count)) if count < 10**18 else str(10**18 - 1)


PICTURE_PIXELS = Limit("CSTRACK_MAX_PIXELS", 100_000_000, "pixels")
INPUT_PIXELS = Limit("CSTRACK_MAX_INPUT_PIXELS", 4096 * 4096, "pixels of input")
SEQUENCE_FRAMES = Limit("CSTRACK_MAX_FRAMES", 1_000_000, "frames")
FRAME_BOXES = Limit("CSTRACK_MAX_BOXES", 3_000, "boxes in one frame")
FILE_BYTES = Limit("CSTRACK_MAX_FILE_BYTES", 512 << 20, "bytes")
SETTINGS_BYTES = Limit("CSTRACK_MAX_SETTINGS_BYTES", 1 << 20, "bytes of settings")
NETWORK_WIDTH = Limit("CSTRACK_MAX_CHANNELS", 4_096, "channels or elements")
SYNTHETIC_FRAMES = Limit("CSTRACK_MAX_SYNTHETIC", 1_000_000, "synthetic frames")
BATCH_IMAGES = Limit("CSTRACK_MAX_BATCH", 4_096, "images a batch")
WORKERS = Limit("CSTRACK_MAX_WORKERS", 128, "worker processes")
SEEDS = Limit("CSTRACK_MAX_SEEDS", 1_000, "seeds")
EPOCHS = Limit("CSTRACK_MAX_EPOCHS", 100_000, "epochs")
