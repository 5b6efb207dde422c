"""MOT15 (2D MOT 2015): 11 training and 11 test sequences, without classes."""

from cstrack_bench.components import Component
from cstrack_bench.datasets.catalogue_item import CatalogueItem, Expected, RemoteFile
from cstrack_bench.datasets.evaluation_rules import MOT15
from cstrack_bench.datasets.motchallenge import MotChallengeDataset

COMPONENT = Component("dataset mot15", 2)
_USE = "which no table needs"

DATASET = MotChallengeDataset(
    name="mot15",
    component=COMPONENT,
    rules=MOT15,
    sequence_names="TUD-|ETH-|ADL-|AVG-|PETS09|KITTI-|Venice-",
    training=dict.fromkeys(
        (
            *("ADL-Rundle-6", "ADL-Rundle-8", "ETH-Bahnhof", "ETH-Pedcross2"),
            *("ETH-Sunnyday", "KITTI-13", "KITTI-17", "PETS09-S2L1", "TUD-Campus"),
            *("TUD-Stadtmitte", "Venice-2"),
        )
    ),
    testing=(
        *("ADL-Rundle-1", "ADL-Rundle-3", "AVG-TownCentre", "ETH-Crossing"),
        *("ETH-Jelmoli", "ETH-Linthescher", "KITTI-16", "KITTI-19", "PETS09-S2L2"),
        *("TUD-Crossing", "Venice-1"),
    ),
    training_use=_USE,
    testing_use=_USE,
    entry=CatalogueItem(
        name="mot15",
        title="2D MOT 2015",
        licence="CC BY-NC-SA 3.0",
        page="https://motchallenge.net/data/2D_MOT_2015/",
        use="evaluation on MOT15",
        also=("2dmot2015",),
        expects=Expected(images=5500, boxes=39905, identities=500, videos=11),
        holds=("train/TUD-Campus/img1",),
        ways=(
            (
                RemoteFile(
                    "2DMOT2015.zip",
                    ("https://motchallenge.net/data/2DMOT2015.zip",),
                    about=1_300_000_000,
                ),
            ),
        ),
    ),
)
