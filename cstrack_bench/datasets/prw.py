"""PRW: frames of six cameras with identified persons."""

from cstrack_bench.components import Component
from cstrack_bench.datasets.catalogue_item import CatalogueItem, Expected, RemoteFile
from cstrack_bench.datasets.jde_layout import JdeDataset
from cstrack_bench.formats.jde_lists import IMAGES, LABELS, PublishedList

COMPONENT = Component("dataset prw", 2)

DATASET = JdeDataset(
    name="prw",
    component=COMPONENT,
    lists=(
        PublishedList("prw.train", 5701, "(^|/)train/", mixes=("M", "B")),
        PublishedList("prw.val", 2000, "(^|/)val/"),
    ),
    never="(^|/)(val|test)/",
    entry=CatalogueItem(
        name="prw",
        title="PRW",
        licence="research only, terms on its page",
        page="https://github.com/liangzheng06/PRW-baseline",
        use="training, mixes M and B",
        tables=(1, 4, 6, 7),
        expects=Expected(images=5701, boxes="18K", identities="0.5K"),
        holds=(IMAGES, LABELS),
        ways=(
            (
                RemoteFile(
                    "PRW.zip",
                    (
                        "drive:116_mIdjgB-WJXGe8RYJDWxlFnc_4sqS8",
                        "https://bj.bcebos.com/v1/paddledet/data/mot/PRW.zip",
                    ),
                ),
            ),
        ),
    ),
)
