"""Parts of a mix: what is taken from each, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from cstrack_bench.datasets.mixes import MixPart, count, open_part
from cstrack_bench.errors import InputError
from cstrack_bench.formats.sequences import open_sequence
from cstrack_bench.formats.thinned import Thinned
from cstrack_bench.synthmot.generate import SynthConfig, SynthSpec
from cstrack_bench.training_data.loading import TrainingSet

SIZE = (64, 64)
# Persons 0 and 5 in four frames; 5 comes in frame 2, and nobody is in frame 4.
PEOPLE = [(1, 0, 1), (2, 0, 1), (2, 5, 1), (3, 0, 1), (3, 5, 1), (3, 9, 0)]


@pytest.fixture
def root(tmp_path: Path, make_sequence: Callable[..., Path]) -> Path:
    """A root with mot15 (two sequences) and prw (two images, one identity)."""
    for name in ("TUD-Campus", "KITTI-13"):
        make_sequence(tmp_path / "mot15" / "train", name, PEOPLE)
    for name in ("a", "b"):
        for kind in ("images", "labels_with_ids"):
            (tmp_path / "PRW" / kind).mkdir(parents=True, exist_ok=True)
        file = tmp_path / "PRW" / "labels_with_ids" / f"{name}.txt"
        file.write_text("0 0 0.5 0.5 0.2 0.5\n0 -1 0.2 0.5 0.2 0.5\n")
        image = np.zeros((64, 96, 3), np.uint8)
        cv2.imwrite(str(tmp_path / "PRW" / "images" / f"{name}.jpg"), image)
    return tmp_path


def test_a_part_is_all_training_sequences(root: Path) -> None:
    part = open_part(MixPart("mot15"), root)
    assert [s.name for s in part.sources] == ["mot15/KITTI-13", "mot15/TUD-Campus"]
    assert count(part.sources) == {"images": 6, "boxes": 10, "identities": 4}


def test_a_pattern_chooses_sequences(root: Path) -> None:
    part = open_part(MixPart("mot15", sequences="TUD-*"), root)
    assert [s.name for s in part.sources] == ["mot15/TUD-Campus"]


def test_a_part_is_a_list_of_images(root: Path) -> None:
    part = open_part(MixPart("prw"), root)
    assert count(part.sources) == {"images": 2, "boxes": 4, "identities": 1}


def test_without_identities_everybody_is_nobody(root: Path) -> None:
    part = open_part(MixPart("mot15", identities=False), root)
    assert count(part.sources) == {"images": 6, "boxes": 10, "identities": 0}
    dataset = TrainingSet(part.sources, SIZE, None, 0)
    assert dataset.identities == 1
    assert {identity for i in range(6) for identity in dataset[(0, i)][1][:, 0]} == {0}


def test_every_second_frame_from_the_first_on(root: Path) -> None:
    part = open_part(MixPart("mot15", step=2, sequences="TUD-*"), root)
    (source,) = part.sources
    truth = source.annotations()
    assert truth is not None
    assert sorted(set(truth.frames.tolist())) == [0, 2]
    assert len(source) == 2
    dataset = TrainingSet(part.sources, SIZE, None, 0)
    names = [dataset[(0, i)][2] for i in range(len(dataset))]
    assert names == ["mot15/TUD-Campus frame 1", "mot15/TUD-Campus frame 3"]


def test_a_step_counts_from_the_start_of_a_half(root: Path) -> None:
    whole = open_sequence(root / "mot15" / "train" / "TUD-Campus")
    truth = Thinned(whole.part(1, 4), "half", step=2).annotations()
    assert truth is not None
    assert sorted(set(truth.frames.tolist())) == [1]  # frame 3 (from 0) is empty


def test_identities_are_contiguous_across_parts(root: Path) -> None:
    """Id 0 of the first data set is a person like any other.

    See docs/reference.md#identity-numbering.
    """
    parts = [
        open_part(MixPart("mot15", sequences="TUD-*"), root),
        open_part(MixPart("mot15", sequences="KITTI-*", identities=False), root),
        open_part(MixPart("prw"), root),
    ]
    sources = [source for part in parts for source in part.sources]
    dataset = TrainingSet(sources, SIZE, None, 0)
    seen = [sorted(dataset[(0, i)][1][:, 0].tolist()) for i in range(len(dataset))]
    # TUD: persons 0 and 5; KITTI: boxes alone; PRW: one person, and one without id.
    assert seen == [[1], [1, 2], [1, 2], [0], [0, 0], [0, 0], [0, 3], [0, 3]]
    assert dataset.identities == 4


def test_a_synthetic_part_is_a_world_of_its_own(tmp_path: Path) -> None:
    config = SynthConfig(width=96, height=64, frames=2, people=3)
    specs = [SynthSpec(config, 1, test_sequences=3, seed=seed) for seed in (1, 2)]
    parts = [open_part(MixPart("synthmot", spec), tmp_path) for spec in specs]
    assert [part.name for part in parts] == ["synthmot seed 1", "synthmot seed 2"]
    assert [len(part.sources) for part in parts] == [1, 1]
    truths = [b"".join(part.sources[0].truth()) for part in parts]
    assert truths[0] != truths[1]
    # Only what is trained on is painted.
    assert len(list(tmp_path.rglob("seqinfo.ini"))) == 2


def test_what_a_part_is_made_of_is_in_its_hash(root: Path) -> None:
    options: list[dict] = [{}, {"identities": False}, {"step": 2}]
    opened = [open_part(MixPart("mot15", **o), root) for o in options]
    truths = {b"".join(part.sources[0].truth()) for part in opened}
    assert len(truths) == 3


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (MixPart("mot15", sequences="MOT*"), r"mot15 is empty: none of its 2"),
        (
            MixPart("synthmot", SynthSpec(train_sequences=0, seed=3)),
            "synthmot seed 3 is empty",
        ),
        (MixPart("eth"), "No eth under"),
        (MixPart("mot20"), "No mot20 under"),
        (MixPart("prw", lists=("none.train",)), "No list 'none.train'"),
    ],
)
def test_an_empty_part_is_named(root: Path, part: MixPart, why: str) -> None:
    with pytest.raises(InputError, match=why):
        open_part(part, root)


def test_a_part_without_anybody_or_anything_is_named(
    root: Path, make_sequence: Callable[..., Path]
) -> None:
    make_sequence(root / "mot20" / "train", "MOT20-01", [(1, 1, 0)])
    with pytest.raises(InputError, match=r"mot20 is empty: no frame of it has"):
        open_part(MixPart("mot20"), root)
    (root / "mot15" / "train" / "TUD-Campus" / "gt" / "gt.txt").unlink()
    with pytest.raises(InputError, match=r"no ground truth for mot15/TUD-Campus\."):
        open_part(MixPart("mot15"), root)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"dataset": ""}, "needs a dataset"),
        ({"dataset": "mot15", "step": 0}, "step must be at least 1, not 0"),
        ({"dataset": "mot15", "lists": ("a.train",)}, "has sequences, not lists"),
    ],
)
def test_nonsense_is_refused(options: dict, why: str) -> None:
    with pytest.raises(InputError, match=why):
        MixPart(**options)
