"""What a recipe's data section becomes: parts, counts and hashes."""

import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from cstrack_bench.datasets.experiment_data import DataConfig, data_is_there, open_data
from cstrack_bench.datasets.mixes import MixPart
from cstrack_bench.errors import InputError
from cstrack_bench.synthmot.generate import SynthConfig, SynthSpec
from cstrack_bench.training_data.loading import TrainingSet

TINY = SynthConfig(width=96, height=64, frames=4, people=4)
MAIN = SynthSpec(TINY, train_sequences=2, test_sequences=1, seed=0)
OTHER = SynthSpec(TINY, train_sequences=1, test_sequences=0, seed=1)
CROWD = SynthSpec(
    dataclasses.replace(TINY, people=8), train_sequences=1, test_sequences=0, seed=2
)
SIZE = (64, 96)


def synthetic(*mix: MixPart) -> DataConfig:
    return DataConfig("synthmot", split="folders", synth=MAIN, mix=mix)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def test_a_mix_adds_to_training_alone(root: Path) -> None:
    plain = open_data(synthetic(), root)
    mixed = open_data(synthetic(MixPart("synthmot", OTHER)), root)
    assert [s.name for s in mixed.own] == [s.name for s in plain.train]
    assert [s.name for s in mixed.val] == [s.name for s in plain.val]
    assert [s.name for s in mixed.train] == [
        *(s.name for s in plain.train),
        "synthmot seed 1/SYN-train-01",
    ]


def test_each_part_is_described_and_all_are_counted(root: Path) -> None:
    data = open_data(
        synthetic(
            MixPart("synthmot", OTHER), MixPart("synthmot", CROWD, identities=False)
        ),
        root,
    )
    described = data.describe()
    first, second = described["mix"]
    assert (first["name"], second["name"]) == ("synthmot seed 1", "synthmot seed 2")
    assert first["identities"] > 0
    assert second["identities"] == 0
    for key in ("images", "boxes", "identities"):
        parts = described["train"][key] + first[key] + second[key]
        assert described["total"][key] == parts
    dataset = TrainingSet(data.train, SIZE, None, 0)
    assert len(dataset) == described["total"]["images"]
    assert dataset.identities == described["total"]["identities"] + 1
    assert described["train"]["sequences"] == 2
    plain = open_data(synthetic(), root).describe()
    assert "mix" not in plain
    assert "total" not in plain
    assert plain["train"] == described["train"]


def test_hashes_change_with_any_part(root: Path) -> None:
    mixes: list[tuple[MixPart, ...]] = [
        (),
        (MixPart("synthmot", OTHER),),
        (MixPart("synthmot", CROWD),),
        (MixPart("synthmot", OTHER, identities=False),),
        (MixPart("synthmot", OTHER, step=2),),
        (MixPart("synthmot", OTHER), MixPart("synthmot", CROWD)),
        (MixPart("synthmot", CROWD), MixPart("synthmot", OTHER)),
    ]
    opened = [open_data(synthetic(*mix), root) for mix in mixes]
    assert len({data.manifest_hash() for data in opened}) == len(mixes)
    assert len({data.manifest_hash(("train",)) for data in opened}) == len(mixes)
    assert len({data.manifest_hash(("val",)) for data in opened}) == 1
    rows = [row["hash"] for data in opened[1:5] for row in data.describe()["mix"]]
    assert len(set(rows)) == 4


def test_the_training_hash_knows_no_test_part(root: Path) -> None:
    spec = dataclasses.replace(MAIN, test_sequences=2)
    one = open_data(synthetic(), root)
    two = open_data(dataclasses.replace(synthetic(), synth=spec), root)
    assert one.manifest_hash(("train",)) == two.manifest_hash(("train",))
    assert one.manifest_hash() != two.manifest_hash()
    assert one.manifest_hash() == one.manifest_hash(("train", "val"))


def test_worlds_of_one_seed_are_one_world() -> None:
    with pytest.raises(InputError, match=r"synthmot seed 0 .* synth\.seed of its own"):
        synthetic(MixPart("synthmot", dataclasses.replace(OTHER, seed=0)))
    with pytest.raises(InputError, match=r"prw .* name several lists in one part"):
        DataConfig("mot17", mix=(MixPart("prw"), MixPart("prw", lists=("a.val",))))


def test_a_mix_comes_from_a_recipe_and_is_a_key() -> None:
    text: dict[str, Any] = {
        "dataset": "synthmot",
        "mix": [
            {"dataset": "synthmot", "synth": {"seed": 3}, "identities": False},
            {"dataset": "crowdhuman", "lists": ["crowdhuman.train", "crowdhuman.val"]},
        ],
    }
    config = TypeAdapter(DataConfig).validate_python(text)
    world, crowd = config.mix
    assert world == MixPart("synthmot", SynthSpec(seed=3), identities=False)
    assert crowd.lists == ("crowdhuman.train", "crowdhuman.val")
    assert {config: 1}[config] == 1
    assert hash(config) == hash(pickle.loads(pickle.dumps(config)))


def test_opened_data_travels_between_processes(root: Path) -> None:
    data = open_data(synthetic(MixPart("synthmot", OTHER, step=2)), root)
    copy = pickle.loads(pickle.dumps(data))
    assert copy.manifest_hash() == data.manifest_hash()
    dataset = TrainingSet(copy.train, SIZE, None, 0)
    assert dataset[(0, len(dataset) - 1)][0].shape == (3, *SIZE)


def test_videos_that_are_tested_on_are_kept_out(
    tmp_path: Path, make_sequence: Callable[..., Path]
) -> None:
    people = [(frame, 1, 1) for frame in range(1, 5)]
    make_sequence(tmp_path / "mot17" / "train", "MOT17-09-SDP", people)
    for name in ("MOT16-09", "MOT16-11"):
        make_sequence(tmp_path / "mot16" / "train", name, people)

    def config(pattern: str) -> DataConfig:
        return DataConfig("mot17", mix=(MixPart("mot16", sequences=pattern),))

    with pytest.raises(InputError, match="part mot16 has MOT16-09, a video of"):
        open_data(config("*"), tmp_path)
    data = open_data(config("*-11"), tmp_path)
    assert [s.name for s in data.train] == ["MOT17-09-SDP", "mot16/MOT16-11"]
    assert (len(data.own[0]), len(data.train[1])) == (2, 4)


def test_full_trains_and_tests_on_everything(
    tmp_path: Path, make_sequence: Callable[..., Path]
) -> None:
    people = [(frame, 1, 1) for frame in range(1, 5)]
    make_sequence(tmp_path / "mot16" / "train", "MOT16-09", people)
    data = open_data(DataConfig("mot16", split="full"), tmp_path)
    assert [len(s) for s in (*data.train, *data.val)] == [4, 4]


def test_data_is_there_with_all_its_parts(root: Path) -> None:
    assert data_is_there(synthetic(MixPart("synthmot", OTHER)), root)
    assert not data_is_there(synthetic(MixPart("caltech")), root)
    assert not data_is_there(DataConfig("mot17"), root)
