"""Streams: frames of a camera or of a network address, which come once and in time."""

import collections.abc as abc
import os
import re
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cstrack_bench import console
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import DEFAULT_FRAME_RATE, Sequence
from cstrack_bench.structures import Frame

if TYPE_CHECKING:
    import cv2

#: Frames that wait for the tracker; an older one is dropped for a newer one.
WAITING_FRAMES = 32
#: Seconds for a connection, and without a frame, before a stream counts as broken.
LONGEST_SILENCE = 10.0
#: A stream has no length; a detection file may name any frame before this one.
_NO_LENGTH = 10**9
_ADDRESS = re.compile(r"(rtsps?|rtmps?|https?|udp|tcp|srt)://\S+", re.IGNORECASE)
_CAMERA = re.compile(r"webcam(?::(\d+))?")


def is_stream(source: str) -> bool:
    """Whether a source is an address such as rtsp://…, or ``webcam:0``."""
    return bool(_ADDRESS.fullmatch(source) or _CAMERA.fullmatch(source))


@dataclass(frozen=True)
class Stream(Sequence):
    """A sequence whose frames are read once, while they come.

    Frame numbers count what has arrived, also frames that were dropped because the
    tracker is slower than the stream; so they tell the time.

    Attributes:
        address: as it was given.
    """

    address: str = ""

    @property
    def has_images(self) -> bool:
        """True: it has nothing else."""
        return True

    def __iter__(self) -> abc.Iterator[Frame]:
        """The frames until the stream ends."""
        return self.frames()

    def frames(
        self, stop: abc.Callable[[], bool] = lambda: False
    ) -> abc.Iterator[Frame]:
        """The frames until the stream ends or is to stop.

        A stream that breaks off is connected to once more.

        Args:
            stop: asked before each frame.

        Raises:
            InputError: it gives no frame at all.
        """
        reader = _Reader(self.address)
        reader.start()
        try:
            while not stop():
                found = reader.next(0.1)
                if found is not None:
                    number, image = found
                    yield Frame(number, lambda image=image: image)  # type: ignore[misc]
                elif reader.ended:
                    break
        finally:
            reader.stop()
        if reader.arrived == 0 and not stop():
            raise InputError(f"{self.address} gave no frame.")
        if reader.dropped:
            console.err.print(
                f"{self.address}: {reader.dropped} of {reader.arrived} frames were "
                "left out, because tracking is slower than the stream.",
                markup=False,
            )


class _Reader(threading.Thread):
    """Reads a stream into a bounded queue, so that the stream never waits."""

    def __init__(self, address: str) -> None:
        super().__init__(name="stream reader", daemon=True)
        self._address = address
        self._frames: deque[tuple[int, NDArray[np.uint8]]] = deque()
        self._changed = threading.Condition()
        self._stopped = False
        self.ended = False
        self.arrived = 0
        self.dropped = 0

    def next(self, seconds: float) -> tuple[int, NDArray[np.uint8]] | None:
        """The oldest frame that waits; None after so many seconds, or at the end."""
        with self._changed:
            if not self._frames and not self.ended:
                self._changed.wait(seconds)
            return self._frames.popleft() if self._frames else None

    def stop(self) -> None:
        """End it. OpenCV cannot be left reading when the program ends: it aborts."""
        self._stopped = True
        self.join(LONGEST_SILENCE + 5)

    def run(self) -> None:
        """Read, connect once more, read."""
        try:
            for attempt in range(2):
                capture = _connect(self._address)
                if capture is not None:
                    self._read(capture)
                    capture.release()
                if self._stopped or self.arrived == 0:
                    break
                if attempt == 0:
                    console.err.print(
                        f"{self._address} breaks off after {self.arrived} frames: "
                        "connecting once more.",
                        markup=False,
                    )
                    time.sleep(0.5)
        finally:
            with self._changed:
                self.ended = True
                self._changed.notify()

    def _read(self, capture: "cv2.VideoCapture") -> None:
        while not self._stopped:
            good, image = capture.read()
            if not good:
                return
            with self._changed:
                if len(self._frames) == WAITING_FRAMES:
                    self._frames.popleft()
                    self.dropped += 1
                self._frames.append((self.arrived, np.asarray(image, np.uint8)))
                self.arrived += 1
                self._changed.notify()


def _connect(address: str) -> "cv2.VideoCapture | None":
    """An open capture, or None where there is nothing."""
    import cv2

    camera = _CAMERA.fullmatch(address)
    if camera is not None:
        capture = cv2.VideoCapture(int(camera[1] or 0))
    else:
        # UDP loses packets, and a frame with them.
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
        silence = int(1000 * LONGEST_SILENCE)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, silence]
        limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, silence]
        capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)
    return capture if capture.isOpened() else None


def open_stream(source: str) -> Stream:
    """Connect to a stream to learn its size and rate.

    Args:
        source: ``is_stream`` is true of it.

    Raises:
        InputError: nothing answers there, or no video.
    """
    import cv2

    capture = _connect(source)
    if capture is None:
        raise InputError(
            f"Nothing at {source} can be read as a video: check the address, and "
            "whether it is on."
        )
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
    height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    capture.release()
    # A stream of pictures has no rate; FFmpeg makes one up from its clock.
    rate = rate if 0 < rate <= 240 else DEFAULT_FRAME_RATE
    name = re.sub(r"[^A-Za-z0-9]+", "-", source.split("@")[-1]).strip("-")
    return Stream(name, rate, width, height, _NO_LENGTH, Path(name), address=source)
