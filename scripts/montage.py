#!/usr/bin/env python
"""Put four frames of a video that `cstrack track --video` drew into one picture."""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from cstrack_bench.files import replacing


def main() -> int:
    """Write the picture; 0 done, 2 where the video cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    video = cv2.VideoCapture(str(arguments.video))
    frames = []
    while True:
        there, frame = video.read()
        if not there:
            break
        frames.append(frame)
    if len(frames) < 4:
        print(f"error: {arguments.video} has no four frames to show.", file=sys.stderr)
        return 2
    # Neighbouring quarters of a second or so: ids can be followed by eye.
    start, step = len(frames) // 3, max(1, len(frames) // 8)
    chosen = [frames[min(start + k * step, len(frames) - 1)] for k in range(4)]
    picture = np.vstack([np.hstack(chosen[:2]), np.hstack(chosen[2:])])
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    with replacing(arguments.output) as temporary:
        temporary.write_bytes(encoded.tobytes())
    print(f"written: {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
