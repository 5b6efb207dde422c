"""MOT20: four training and four test sequences of crowds."""

from cstrack_bench.components import Component
from cstrack_bench.datasets.catalogue_item import CatalogueItem, Expected, RemoteFile
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.datasets.motchallenge import MotChallengeDataset

COMPONENT = Component("dataset mot20", 2)
_USE = "needed for Table VI"

DATASET = MotChallengeDataset(
    name="mot20",
    component=COMPONENT,
    rules=EvaluationRules("mot20", "MOT20"),
    sequence_names="MOT20-",
    training=dict.fromkeys(f"MOT20-{n}" for n in ("01", "02", "03", "05")),
    testing=tuple(f"MOT20-{n}" for n in ("04", "06", "07", "08")),
    training_use=_USE,
    testing_use=_USE,
    entry=CatalogueItem(
        name="mot20",
        title="MOT20",
        licence="CC BY-NC-SA 3.0",
        page="https://motchallenge.net/data/MOT20/",
        use="test of Table VI",
        tables=(6,),
        expects=Expected(images=8931, videos=4),
        holds=("train/MOT20-01/img1",),
        ways=(
            (
                RemoteFile(
                    "MOT20.zip",
                    ("https://motchallenge.net/data/MOT20.zip",),
                    about=5_000_000_000,
                ),
            ),
        ),
    ),
)
