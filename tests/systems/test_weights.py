"""Weights of every system, written and read, and files that are none."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack import CSTrack
from cstrack_bench.models.cstrack_config import CSTrackConfig
from cstrack_bench.models.network import Network
from cstrack_bench.systems.registry import find_system
from cstrack_bench.systems.weights import (
    load_weights,
    read_config,
    read_metadata,
    save_weights,
)

SMALL = CSTrackConfig(depth=0.33, width=0.125, embedding=16, saan_width=8)


@pytest.fixture(scope="module")
def model() -> CSTrack:
    torch.manual_seed(0)
    return CSTrack(SMALL).eval()


def same(ours: Network, theirs: Network) -> bool:
    state = theirs.state_dict()
    return all(torch.equal(v, state[k]) for k, v in ours.state_dict().items())


def test_what_is_written_is_read(model: CSTrack, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(path, "cstrack", model, {"seed": "1"})
    loaded = load_weights(path)
    assert loaded.system is find_system("cstrack")
    assert loaded.network.config == SMALL
    assert same(loaded.network, model)
    assert isinstance(loaded.network, CSTrack)
    assert not loaded.network.training


@pytest.mark.parametrize("name", ["cstrack", "jde", "deepsort"])
def test_every_system_is_read_as_itself(name: str, tmp_path: Path) -> None:
    system = find_system(name)
    config = system.make_config("n", "official", (192, 320), {"embedding": 8})
    path = tmp_path / "weights.safetensors"
    network = system.build(config)
    save_weights(path, name, network, {})
    loaded = load_weights(path)
    assert loaded.system is system
    assert loaded.network.config == config
    assert same(loaded.network, network)
    stored = json.loads(read_metadata(path)["config"])
    assert next(iter(stored)) == "system"
    assert stored["system"] == name


def test_published_checkpoints_are_told_apart_by_their_names(tmp_path: Path) -> None:
    official, published, other = (tmp_path / f"{n}.pt" for n in ("one", "two", "three"))
    torch.save({"model": {"model.27.node.2.weight": torch.zeros(1)}}, official)
    with pytest.raises(InputError, match=r"one.pt: This is not a CSTrack state dict"):
        load_weights(official)
    torch.save({"model": {"module_list.0.conv_0.weight": torch.zeros(1)}}, published)
    with pytest.raises(InputError, match=r"two.pt: .* 1 convolutions and this JDE 78"):
        load_weights(published)
    torch.save({"model": {"layer.weight": torch.zeros(1)}}, other)
    with pytest.raises(InputError, match=r"three.pt holds weights of no system"):
        load_weights(other)


def test_our_header_says_what_the_weights_are(model: CSTrack, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "weights.safetensors"
    save_weights(path, "cstrack", model, {"seed": "1"})
    metadata = read_metadata(path)
    assert metadata["seed"] == "1"
    assert read_config(json.loads(metadata["config"])) == (
        find_system("cstrack"),
        SMALL,
    )
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_channels_last_weights_are_saved(model: CSTrack, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    turned = CSTrack(SMALL).to(memory_format=torch.channels_last)
    turned.load_state_dict(model.state_dict())
    save_weights(path, "cstrack", turned, {})
    assert same(load_weights(path).network, model)


def test_safetensors_that_are_not_ours(model: CSTrack, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    with pytest.raises(InputError, match="no weights"):
        load_weights(path)
    path.write_bytes(b"rubbish")
    with pytest.raises(InputError, match="cannot be read as safetensors"):
        load_weights(path)
    save_file({"weight": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="names no configuration of a network"):
        load_weights(path)
    config = json.dumps(asdict(SMALL))
    header = {"cstrack": json.dumps({"config": config})}
    save_file({"weight": torch.zeros(1)}, path, header)
    with pytest.raises(InputError, match="do not fit the configuration"):
        load_weights(path)
    header = {"cstrack": json.dumps({"config": '{"ren": "fast"}'})}
    save_file({"weight": torch.zeros(1)}, path, header)
    with pytest.raises(InputError, match=r"model\.ren"):
        load_weights(path)


def test_headers_from_before_other_systems_and_generations(
    model: CSTrack, tmp_path: Path
) -> None:
    path = tmp_path / "old.safetensors"
    config = asdict(SMALL)
    del config["generation"]
    words = {"config": json.dumps(config)}
    save_file(model.state_dict(), path, {"cstrack": json.dumps(words)})
    loaded = load_weights(path)
    assert loaded.network.config == SMALL
    assert same(loaded.network, model)
