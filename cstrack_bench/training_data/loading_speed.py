"""How fast training images are made ready, a core, and what a GPU asks for."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import FrameSource, Sequence, list_sequences
from cstrack_bench.synthmot.generate import SynthConfig, SynthSpec, make_synthmot
from cstrack_bench.training_data.augment import AugmentConfig
from cstrack_bench.training_data.loading import TrainingSet

# Forward, and backward through weights and through activations.
_PASSES = 3


@dataclass(frozen=True)
class LoadingSpeed:
    """What one core does.

    Attributes:
        images: timed, after one pass that is not.
        picture: width × height of the first picture.
        decode_ms_p50: median CPU milliseconds to read and decode a picture.
        item_ms_p50: median CPU milliseconds of an image altogether: decoded, fitted,
            augmented, laid out for the network.
        images_per_second: of one core, by the mean CPU time.
    """

    images: int
    picture: str
    decode_ms_p50: float
    item_ms_p50: float
    images_per_second: float


@dataclass(frozen=True)
class LoadingNeed:
    """What a network trained on a GPU needs of the cores beside it.

    Attributes:
        tflops: 10¹² floating-point operations a second that the GPU sustains.
        gflops: of one image's forward pass; a training step costs three of these.
        gpu_images_per_second: that it then trains on.
        cores: that make as many images ready.
    """

    tflops: float
    gflops: float
    gpu_images_per_second: float
    cores: int


def paint_pictures(folder: Path, frames: int) -> Sequence:
    """A made-up sequence of 1920×1080 JPEG pictures, as MOT17's are.

    Args:
        folder: where to paint it.
        frames: how many.
    """
    config = SynthConfig(width=1920, height=1080, frames=frames)
    spec = SynthSpec(config, train_sequences=1)
    return list_sequences(make_synthmot(folder, spec, ("train",)), "train")[0]


def time_loading(
    source: FrameSource,
    size: tuple[int, int],
    repeats: int,
    augment: AugmentConfig | None = None,
) -> LoadingSpeed:
    """Time the images of a source, each of them ``repeats`` times, on one core.

    Args:
        source: with pictures and ground truth.
        size: height, width of the network's input.
        repeats: passes after the first, which only warms the disk's cache.
        augment: CSTrack's own changes by default.

    Raises:
        InputError: nothing to time.
    """
    if repeats < 1:
        raise InputError(f"--repeats is {repeats}: give at least 1.")
    changes = AugmentConfig() if augment is None else augment
    dataset = TrainingSet([source], size, changes, seed=0, cache=0)
    first = source.frame(source.start).image
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    decode, item = [], []
    try:
        for epoch in range(repeats + 1):
            for index in range(len(dataset)):
                # A frame keeps its picture, so each pass asks for a new one.
                begin = time.process_time()
                _ = source.frame(source.start + index).image
                middle = time.process_time()
                _ = dataset[(epoch, index)]
                if epoch:
                    decode.append(middle - begin)
                    item.append(time.process_time() - middle)
    finally:
        cv2.setNumThreads(threads)
    return LoadingSpeed(
        images=len(item),
        picture=f"{first.shape[1]}x{first.shape[0]}",
        decode_ms_p50=1e3 * float(np.median(decode)),
        item_ms_p50=1e3 * float(np.median(item)),
        images_per_second=len(item) / sum(item),
    )


def loading_need(speed: LoadingSpeed, gflops: float, tflops: float) -> LoadingNeed:
    """How many cores keep a GPU busy.

    Args:
        speed: of one core.
        gflops: of a forward pass of one image.
        tflops: that the GPU sustains.

    Raises:
        InputError: a GPU that computes nothing.
    """
    if not tflops > 0:
        raise InputError(f"--tflops is {tflops:g}: give more than 0.")
    wanted = 1e3 * tflops / (_PASSES * gflops)
    cores = math.ceil(wanted / speed.images_per_second)
    return LoadingNeed(tflops, gflops, wanted, cores)
