"""MOT16: seven training and seven test sequences."""

from cstrack_bench.components import Component
from cstrack_bench.datasets.catalogue_item import CatalogueItem, Expected, RemoteFile
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.datasets.motchallenge import (
    TEST_NUMBERS,
    TRAINING_FRAMES,
    MotChallengeDataset,
)

COMPONENT = Component("dataset mot16", 2)

DATASET = MotChallengeDataset(
    name="mot16",
    component=COMPONENT,
    rules=EvaluationRules("mot16", "MOT16"),
    sequence_names="MOT16-",
    training={f"MOT16-{n}": frames for n, frames in TRAINING_FRAMES.items()},
    testing=tuple(f"MOT16-{n}" for n in TEST_NUMBERS),
    training_use="needed for Table VIII",
    testing_use="needed for Tables I, IV and VI",
    entry=CatalogueItem(
        name="mot16",
        title="MOT16",
        licence="CC BY-NC-SA 3.0",
        page="https://motchallenge.net/data/MOT16/",
        use="tests of Tables I, IV and VI; ground-truth boxes of Table VIII",
        tables=(1, 4, 6, 8),
        expects=Expected(images=5316, videos=7),
        holds=("train/MOT16-02/img1",),
        ways=(
            (
                RemoteFile(
                    "MOT16.zip",
                    (
                        "https://motchallenge.net/data/MOT16.zip",
                        "drive:1254q3ruzBzgn4LUejDVsCtT05SIEieQg",
                        "https://bj.bcebos.com/v1/paddledet/data/mot/MOT16.zip",
                    ),
                    about=1_900_000_000,
                ),
            ),
        ),
    ),
)
