"""ETH, without the sequences that MOT15 and MOT16 have too; boxes without identity."""

from cstrack_bench.components import Component
from cstrack_bench.datasets.catalogue_item import CatalogueItem, Expected, RemoteFile
from cstrack_bench.datasets.jde_layout import JdeDataset
from cstrack_bench.formats.jde_lists import IMAGES, LABELS, PublishedList

COMPONENT = Component("dataset eth", 2)

DATASET = JdeDataset(
    name="eth",
    component=COMPONENT,
    lists=(PublishedList("eth.train", 2056, "(^|/)eth0[12357]/", mixes=("M", "B")),),
    never="(^|/)eth(?!0[12357]/)",
    entry=CatalogueItem(
        name="eth",
        title="ETH, without what MOT16 has too",
        licence="terms on its page",
        page="https://data.vision.ee.ethz.ch/cvl/aess/dataset/",
        use="training of detection, mixes M and B",
        tables=(1, 4, 6, 7),
        also=("ethz",),
        expects=Expected(images=2056, boxes="17K", identities=0),
        holds=(IMAGES, LABELS),
        ways=(
            (
                RemoteFile(
                    "ETHZ.zip",
                    (
                        "drive:19QyGOCqn8K_rc9TXJ8UwLSxCx17e0GoY",
                        "https://bj.bcebos.com/v1/paddledet/data/mot/ETHZ.zip",
                    ),
                ),
            ),
        ),
    ),
)
