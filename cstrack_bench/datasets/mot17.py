"""MOT17: MOT16's sequences with better ground truth, once for each detector."""

from cstrack_bench.components import Component
from cstrack_bench.datasets.catalogue_item import CatalogueItem, Expected, RemoteFile
from cstrack_bench.datasets.evaluation_rules import MOT17
from cstrack_bench.datasets.motchallenge import (
    TEST_NUMBERS,
    TRAINING_FRAMES,
    MotChallengeDataset,
)

COMPONENT = Component("dataset mot17", 2)
_DETECTORS = ("DPM", "FRCNN", "SDP")

DATASET = MotChallengeDataset(
    name="mot17",
    component=COMPONENT,
    rules=MOT17,
    sequence_names="MOT17-",
    training={
        f"MOT17-{n}-{detector}": frames
        for n, frames in TRAINING_FRAMES.items()
        for detector in _DETECTORS
    },
    testing=tuple(f"MOT17-{n}-{d}" for n in TEST_NUMBERS for d in _DETECTORS),
    training_use="needed for Tables I to VI",
    testing_use="needed for Table VI",
    entry=CatalogueItem(
        name="mot17",
        title="MOT17",
        licence="CC BY-NC-SA 3.0",
        page="https://motchallenge.net/data/MOT17/",
        use="training of every table, its second halves to measure on",
        tables=(1, 2, 3, 4, 5, 6),
        expects=Expected(images=5316, boxes=112297, identities=546, videos=7),
        holds=("train/MOT17-02-SDP/img1",),
        ways=(
            (
                RemoteFile(
                    "MOT17.zip",
                    (
                        "https://motchallenge.net/data/MOT17.zip",
                        "drive:1ET-6w12yHNo8DKevOVgK1dBlYs739e_3",
                        "https://bj.bcebos.com/v1/paddledet/data/mot/MOT17.zip",
                    ),
                    about=5_500_000_000,
                ),
            ),
        ),
    ),
)
