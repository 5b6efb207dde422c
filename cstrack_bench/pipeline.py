"""One detector and one tracker over one sequence, each stage timed."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.stopwatch import NULL, Stopwatch
from cstrack_bench.structures import (
    Detections,
    Detector,
    Frame,
    Tracker,
    Tracks,
    TrackTable,
)
from cstrack_bench.track_hints import AnyDetector, link
from cstrack_bench.tracking.filters import OutputFilter

#: Frames that may wait between two stages: enough to even out a slow one, few enough
#: that memory stays flat.
WAITING = 4
#: Seconds after which a waiting stage asks whether the work has been given up.
_POLL = 0.1

Item = TypeVar("Item")


@runtime_checkable
class PreparingDetector(Protocol[Item]):
    """A detector in two steps, the first of which may run ahead.

    Who offers it says that frames are independent of each other and of all tracks:
    ``detect(frame)`` equals ``detect_prepared(prepare(frame))``, whatever happened to
    other frames in between.
    """

    def detect(self, frame: Frame) -> Detections:
        """The detections of one frame."""
        ...

    def prepare(self, frame: Frame) -> Item:
        """What needs the picture alone; may run in another thread."""
        ...

    def detect_prepared(self, prepared: Item) -> Detections:
        """The rest, for frames in their order."""
        ...


class Recorder:
    """A detector that keeps what another one detects, frame by frame.

    Another tracker can then be given the very same detections.

    Args:
        detector: whose detections are kept.

    Attributes:
        detections: 0-based frame -> what was detected.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.detections: dict[int, Detections] = {}

    def detect(self, frame: Frame) -> Detections:
        """The other detector's detections of a frame."""
        detections = self._detector.detect(frame)
        self.detections[frame.index] = detections
        return detections


def track_sequence(
    sequence: Iterable[Frame],
    detector: AnyDetector,
    tracker: Tracker,
    output_filter: OutputFilter | None = None,
    stopwatch: Stopwatch = NULL,
    overlap: bool = False,
    on_frame: Callable[[Detections], None] | None = None,
) -> TrackTable:
    """Track a sequence from its frames.

    Args:
        sequence: its frames, as a ``Sequence`` gives them; only what the detector asks
            for is decoded.
        detector: turns a frame into boxes; one that needs the tracks so far gets them
            from the tracker.
        tracker: a fresh one; its ids start at 1.
        output_filter: drops reported boxes, and counts them.
        stopwatch: times decode and associate, and what the detector times.
        overlap: decode and fit the next frames, and associate the last ones, while the
            network works. The result is the same, bit for bit. A detector that does
            not offer it (``PreparingDetector``), such as one that is shown the tracks
            so far, works frame by frame all the same.
        on_frame: called with each frame's detections, in the calling thread.

    Returns:
        Every box that was reported and kept; frames numbered as in the whole sequence.
    """
    detector, tracker = link(detector, tracker)

    def associate(detections: Detections) -> Tracks:
        with stopwatch("associate"):
            tracks = tracker.update(detections)
            return tracks if output_filter is None else output_filter.apply(tracks)

    if overlap and isinstance(detector, PreparingDetector):
        reported = _overlapped(sequence, detector, associate, stopwatch, on_frame)
        return TrackTable.from_frames(reported)
    reported = []
    for frame in sequence:
        detections = detector.detect(_timed(frame, stopwatch))
        reported.append((frame.index, associate(detections)))
        stopwatch.next_frame()
        if on_frame is not None:
            on_frame(detections)
    return TrackTable.from_frames(reported)


def _timed(frame: Frame, stopwatch: Stopwatch) -> Frame:
    """The same frame; reading its picture counts as the stage ``decode``."""

    def read() -> NDArray[np.uint8]:
        with stopwatch("decode"):
            return frame.read()

    return Frame(frame.index, read)


class _GivenUp(Exception):
    """Another stage has ended the work."""


class _Channel(Generic[Item]):
    """A bounded queue between two threads that ends when the work is given up.

    Args:
        stop: set by whoever gives up.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._items: queue.Queue[Item | BaseException | None] = queue.Queue(WAITING)
        self._stop = stop

    def put(self, item: Item | BaseException | None) -> None:
        """Add an item, or an error, or None for the end; waits while it is full."""
        while not self._stop.is_set():
            with suppress(queue.Full):
                self._items.put(item, timeout=_POLL)
                return
        raise _GivenUp

    def __iter__(self) -> Iterator[Item]:
        """The items in their order; raises the error that was put."""
        while not self._stop.is_set():
            try:
                item = self._items.get(timeout=_POLL)
            except queue.Empty:
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
        raise _GivenUp


def _overlapped(
    sequence: Iterable[Frame],
    detector: PreparingDetector[Item],
    associate: Callable[[Detections], Tracks],
    stopwatch: Stopwatch,
    on_frame: Callable[[Detections], None] | None,
) -> list[tuple[int, Tracks]]:
    """Reading, detecting and associating at once, in three threads.

    The network stays in the calling thread, where interruptions arrive.
    """
    stop = threading.Event()
    prepared: _Channel[tuple[int, Item]] = _Channel(stop)
    found: _Channel[tuple[int, Detections]] = _Channel(stop)
    reported: list[tuple[int, Tracks]] = []
    failed: list[BaseException] = []
    first = len(stopwatch.frames)

    def read() -> None:
        stopwatch.open_lane(first)
        try:
            for frame in sequence:
                prepared.put((frame.index, detector.prepare(_timed(frame, stopwatch))))
                stopwatch.next_frame()
            prepared.put(None)
        except _GivenUp:
            pass
        except BaseException as error:
            # The frames before it are tracked first, as without threads.
            with suppress(_GivenUp):
                prepared.put(error)

    def follow() -> None:
        stopwatch.open_lane(first)
        try:
            for index, detections in found:
                reported.append((index, associate(detections)))
                stopwatch.next_frame()
        except _GivenUp:
            pass
        except BaseException as error:
            failed.append(error)
            stop.set()

    threads = [threading.Thread(target=work, daemon=True) for work in (read, follow)]
    for thread in threads:
        thread.start()
    stopwatch.open_lane(first)
    try:
        for index, ready in prepared:
            detections = detector.detect_prepared(ready)
            found.put((index, detections))
            stopwatch.next_frame()
            if on_frame is not None:
                on_frame(detections)
        found.put(None)
        threads[1].join()
    except _GivenUp:
        pass
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        stopwatch.close_lane()
    if failed:
        raise failed[0]
    return reported
