"""CUHK-SYSU: pictures of streets and films with persons to be searched for."""

from cstrack_bench.components import Component
from cstrack_bench.datasets.catalogue_item import CatalogueItem, Expected, RemoteFile
from cstrack_bench.datasets.jde_layout import JdeDataset
from cstrack_bench.formats.jde_lists import IMAGES, LABELS, PublishedList

COMPONENT = Component("dataset cuhk-sysu", 2)

DATASET = JdeDataset(
    name="cuhk-sysu",
    component=COMPONENT,
    lists=(
        PublishedList("cuhksysu.train", 11206, "(^|/)train/", mixes=("M", "B")),
        PublishedList("cuhksysu.val", 2000, "(^|/)val/"),
    ),
    never="(^|/)(val|test)/",
    entry=CatalogueItem(
        name="cuhk-sysu",
        title="CUHK-SYSU",
        licence="research only, terms on its page",
        page="http://www.ee.cuhk.edu.hk/~xgwang/PS/dataset.html",
        use="training, mixes M and B",
        tables=(1, 4, 6, 7),
        expects=Expected(images=11206, boxes="55K", identities="7K"),
        holds=(IMAGES, LABELS),
        ways=(
            (
                RemoteFile(
                    "CUHKSYSU.zip",
                    (
                        "drive:1D7VL43kIV9uJrdSCYl53j89RE2K-IoQA",
                        "https://bj.bcebos.com/v1/paddledet/data/mot/CUHKSYSU.zip",
                    ),
                ),
            ),
        ),
    ),
)
