"""CityPersons: boxes of pedestrians in Cityscapes' pictures, without identity."""

from cstrack_bench.components import Component
from cstrack_bench.datasets.catalogue_item import CatalogueItem, Expected, RemoteFile
from cstrack_bench.datasets.jde_layout import JdeDataset
from cstrack_bench.formats.jde_lists import IMAGES, LABELS, PublishedList

COMPONENT = Component("dataset citypersons", 2)

DATASET = JdeDataset(
    name="citypersons",
    component=COMPONENT,
    lists=(
        PublishedList("citypersons.train", 2500, "(^|/)train/", mixes=("M", "B")),
        PublishedList("citypersons.val", 441, "(^|/)val/"),
    ),
    never="(^|/)(val|test)/",
    entry=CatalogueItem(
        name="citypersons",
        title="CityPersons",
        licence="Cityscapes' terms, non-commercial, for the pictures",
        page="https://www.cityscapes-dataset.com/",
        register="the official pictures need an account at cityscapes-dataset.com",
        use="training of detection, mixes M and B",
        tables=(1, 4, 6, 7),
        also=("cityscapes",),
        expects=Expected(images=2500, boxes="21K", identities=0),
        holds=(IMAGES, LABELS),
        ways=(
            # One archive in four parts. The first of these was reported dead in 2023.
            (
                RemoteFile(
                    "Citypersons.zip", ("drive:1DgLHqEkQUOj63mCrS_0UGFEM9BG8sIZs",)
                ),
                RemoteFile(
                    "Citypersons.z01", ("drive:1BH9Xz59UImIGUdYwUR-cnP1g7Ton_LcZ",)
                ),
                RemoteFile(
                    "Citypersons.z02", ("drive:1q_OltirP68YFvRWgYkBHLEFSUayjkKYE",)
                ),
                RemoteFile(
                    "Citypersons.z03", ("drive:1VSL0SFoQxPXnIdBamOZJzHrHJ1N2gsTW",)
                ),
            ),
            (
                RemoteFile(
                    "Cityscapes.zip",
                    ("https://bj.bcebos.com/v1/paddledet/data/mot/Cityscapes.zip",),
                ),
            ),
        ),
    ),
)
