"""Our own weights: what is in the header, and what is refused."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.systems.system_registry import (
    build_network,
    find_system,
    stored_config,
)
from cstrack_bench.systems.weights import load_weights, read_metadata, save_weights
from tests.models.test_official_weights import (
    SMALL,
    Writer,
    model,
    official_tensors,
    same,
    write,
)

__all__ = ["model", "write"]


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_load_weights_takes_both(
    model: CSTrack, write: Writer, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(path, "cstrack", model, {"seed": "1"})
    if suffix == "pt":
        path = write(official_tensors(model))
    loaded = load_weights(path).network
    assert loaded.config == SMALL
    assert same(loaded, model)
    assert not loaded.training


def test_our_header_says_what_the_weights_are(model: CSTrack, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "weights.safetensors"
    save_weights(path, "cstrack", model, {"seed": "1"})
    metadata = read_metadata(path)
    assert metadata["seed"] == "1"
    system, config = stored_config(json.loads(metadata["config"]))
    assert (system.name, config) == ("cstrack", SMALL)
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
    loaded = load_weights(path).network
    assert loaded.config == SMALL
    assert same(loaded, model)


@pytest.mark.parametrize("name", ["cstrack", "jde", "deepsort"])
def test_every_system_is_read_as_itself(name: str, tmp_path: Path) -> None:
    system = find_system(name)
    config = system.make_config("n", "official", (192, 320), {"embedding": 8})
    path = tmp_path / "weights.safetensors"
    network = build_network(system, config)
    save_weights(path, name, network, {})
    loaded = load_weights(path)
    assert loaded.system is system
    assert loaded.network.config == config
    state = loaded.network.state_dict()
    for key, value in network.state_dict().items():
        assert torch.equal(value, state[key]), key
    stored = json.loads(read_metadata(path)["config"])
    assert next(iter(stored.items())) == ("system", name)
