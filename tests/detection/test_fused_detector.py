"""The fused path against the plain one: same boxes, same embeddings."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cstrack_bench.detection.device_nms import suppress_on_device
from cstrack_bench.detection.fused_detector import FusedDetector
from cstrack_bench.detection.network_detector import NetworkDetector
from cstrack_bench.detection.network_runner import DTYPES
from cstrack_bench.detection.nms import NmsConfig, suppress
from cstrack_bench.errors import InputError
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.fused_cstrack import fuse_cstrack
from cstrack_bench.models.fused_jde import fuse_jde
from cstrack_bench.models.fused_network import FusedNetwork
from cstrack_bench.models.jde_config import JdeConfig
from cstrack_bench.models.jde_network import JDE
from cstrack_bench.models.network_base import DetectionNetwork
from cstrack_bench.models.official_weights import load_official
from cstrack_bench.stopwatch import Stopwatch
from cstrack_bench.structures import Detections, Frame
from cstrack_bench.systems.system import DetectionOptions, Inference
from cstrack_bench.systems.system_registry import find_system

SIZE = (96, 160)
ARRANGEMENTS: list[dict[str, object]] = [
    {},
    {"implementation": "paper"},
    {"ren": "none", "reid_head": "basic"},
    {"ren": "none", "reid_head": "basic", "head_kernel": 3},
    {"ren": "none", "reid_head": "basic", "embed_from": "p3"},
    {"ren": "self", "fused_attention": "both"},
    {"ren": "cross", "level_attention": "both", "attention_order": "serial"},
    {"ren": "fixed", "ren_lambda": 0.3, "fused_attention": "spatial"},
    {"ren": "cnn3x3", "level_attention": "channel", "fused_attention": "none"},
    {"ren": "cnn1x1", "level_attention": "none"},
    {"ren": "cnn_pooled1x1"},
    {"generation": "v6"},
]


def settled(network: DetectionNetwork) -> DetectionNetwork:
    """The network with statistics and scales as training leaves them, not 0 and 1."""
    network.train()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.bias, -0.5, 0.5)
    with torch.no_grad():
        network(torch.rand(4, 3, *SIZE))
    return network.eval()


def cstrack(**options: object) -> DetectionNetwork:
    torch.manual_seed(3)
    implementation = str(options.pop("implementation", "official"))
    values = {"depth": 0.33, "width": 0.125, "embedding": 24, "saan_width": 16}
    config = make_config("n", implementation, **{**values, **options})
    return settled(CSTrack(config))


def fused_form(
    network: DetectionNetwork, dtype: torch.dtype = torch.float32
) -> FusedNetwork:
    if isinstance(network, JDE):
        return fuse_jde(network, dtype)
    assert isinstance(network, CSTrack)
    return fuse_cstrack(network, dtype)


def jde() -> DetectionNetwork:
    torch.manual_seed(3)
    return settled(JDE(JdeConfig(depth=0.33, width=0.125, embedding=24)))


@pytest.fixture(params=[*ARRANGEMENTS, "jde"], ids=str)
def network(request: pytest.FixtureRequest) -> DetectionNetwork:
    return jde() if request.param == "jde" else cstrack(**request.param)


def frame() -> Frame:
    picture = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    return Frame(0, lambda: picture)


def some_boxes(network: DetectionNetwork) -> NmsConfig:
    """Thresholds at which the network finds some boxes in ``frame``."""
    with torch.inference_mode():
        raw = network(torch.rand(1, 3, *SIZE)).raw
        scores = network.decode(raw)[0, :, 4]
    return NmsConfig(confidence=float(scores.sort().values[-60]), score="objectness")


def assert_equal(one: Detections, two: Detections, tolerance: float) -> None:
    assert len(one) > 5
    assert len(one) == len(two)
    assert np.abs(one.scores - two.scores).max() < tolerance
    # Of untrained networks boxes are as large as the picture and more.
    scale = np.abs(one.boxes).max()
    assert np.abs(one.boxes - two.boxes).max() < tolerance * max(scale, 1)
    assert one.embeddings is not None
    assert two.embeddings is not None
    scale = np.abs(one.embeddings).max()
    assert np.abs(one.embeddings - two.embeddings).max() < tolerance * scale


@pytest.mark.parametrize("on_device", [False, True])
def test_every_arrangement_finds_what_the_plain_path_finds(
    network: DetectionNetwork, on_device: bool
) -> None:
    nms = some_boxes(network)
    plain = NetworkDetector(network, SIZE, nms).detect(frame())
    before = {k: v.clone() for k, v in network.state_dict().items()}
    fused = FusedDetector(network, fused_form, SIZE, nms, on_device=on_device)
    assert_equal(plain, fused.detect(frame()), 1e-4)
    # A second frame: what is packed at the first is used again.
    assert_equal(plain, fused.detect(frame()), 1e-4)
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())


def test_given_boxes_get_the_embeddings_of_the_plain_path(
    network: DetectionNetwork,
) -> None:
    boxes = np.array([[0.0, 0, 16, 32], [-30, -30, 10, 10], [40, 5, 150, 300]])
    plain = NetworkDetector(network, SIZE).embed(frame(), boxes)
    fused = FusedDetector(network, fused_form, SIZE).embed(frame(), boxes)
    assert np.abs(plain - fused).max() < 1e-4 * np.abs(plain).max()
    none = FusedDetector(network, fused_form, SIZE).embed(frame(), boxes[:0])
    assert none.shape == (0, plain.shape[1])


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_half_precision_loses_no_more_than_autocast(name: str) -> None:
    """Weights in half, against float32 weights under autocast: the plain path's way."""
    network, dtype = cstrack(), DTYPES[name]
    images = torch.rand(1, 3, *SIZE)
    with torch.inference_mode():
        exact = network(images).raw
        with torch.autocast("cpu", dtype=dtype):
            usual = network(images).raw
        fused = fused_form(network, dtype)(images).raw
    for one, two, three in zip(exact, usual, fused, strict=True):
        assert three.dtype is torch.float32
        lost = float((one - three).abs().mean())
        assert 0 < lost < 1.5 * float((one - two.float()).abs().mean())
    for on_device in (False, True):
        nothing = FusedDetector(
            network, fused_form, SIZE, NmsConfig(1.0), dtype=name, on_device=on_device
        ).detect(frame())
        assert nothing.embeddings is not None
        assert nothing.embeddings.shape == (0, 24)


def test_the_fused_path_equals_the_official_outputs(golden: Path) -> None:
    """On the recorded image of the official network, as scripts/parity.py does."""
    (weights,) = golden.glob("official_cstrack_*.pt")
    network, _ = load_official(weights)
    with np.load(golden / f"{weights.stem}_io.npz") as recorded:
        wanted = {name: recorded[name] for name in recorded.files}
    fused = fused_form(network)
    for number, image in enumerate(torch.from_numpy(wanted["image"])):
        maps = wanted["embedding_map"][number]
        rows, columns = torch.from_numpy(np.indices(maps.shape[:2]).reshape(2, -1))
        with torch.inference_mode():
            output = fused(image[None])
            decoded = fused.decode(output.raw)[0].numpy()
            vectors = output.source.at(0, rows, columns).numpy()
        official = wanted["decoded"][number]
        assert np.abs(vectors.reshape(maps.shape) - maps).max() < 1e-4
        assert np.abs(decoded[:, 4:] - official[:, 4:]).max() < 1e-4
        assert np.abs(decoded[:, :4] - official[:, :4]).max() < 1e-3


def test_stages_are_timed_and_options_reach_the_detector() -> None:
    watch = Stopwatch()
    network = cstrack()
    options = DetectionOptions(
        SIZE, NmsConfig(), torch.device("cpu"), watch, Inference("fused", "bfloat16")
    )
    make = find_system("cstrack").make_finder
    assert make is not None
    finder = make(network, options)
    assert isinstance(finder, FusedDetector)
    finder.detect(frame())
    watch.next_frame()
    stages = ["preprocess", "upload", "forward", "nms", "embed"]
    assert list(watch.summary()) == stages
    plain = DetectionOptions(SIZE, NmsConfig(), torch.device("cpu"))
    assert isinstance(make(network, plain), NetworkDetector)


def test_wrong_settings_are_one_sentence() -> None:
    with pytest.raises(InputError, match="divisible by 32"):
        FusedDetector(cstrack(), fused_form, (60, 128))
    with pytest.raises(InputError, match="bfloat16"):
        FusedDetector(cstrack(), fused_form, SIZE, dtype="bfloat")
    with pytest.raises(InputError, match="needs a CUDA device"):
        FusedDetector(cstrack(), fused_form, SIZE, graphed=True)
    with pytest.raises(InputError, match="way of inference"):
        Inference("fussed")  # type: ignore[arg-type]


def predictions(seed: int, count: int, spread: float) -> torch.Tensor:
    """Candidates in a few clusters, with ties, and some that are not numbers."""
    random = np.random.default_rng(seed)
    centres = random.uniform(0, 300, (max(1, count // 8), 2))
    rows = np.zeros((count, 6), np.float32)
    rows[:, :2] = centres[random.integers(0, len(centres), count)]
    rows[:, :2] += random.normal(0, spread, (count, 2))
    rows[:, 2:4] = random.uniform(10, 60, (count, 2))
    rows[:, 4:] = np.round(random.uniform(0.3, 1, (count, 2)), 2)
    rows[random.random(count) < 0.02, random.integers(0, 4)] = np.nan
    return torch.from_numpy(rows)


@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 90),
    spread=st.floats(0.5, 20),
    kind=st.sampled_from(["cluster_diou", "iou"]),
    score=st.sampled_from(["product", "objectness"]),
    most=st.sampled_from([3, 300]),
    rounds=st.sampled_from([1, 2, 200]),
)
def test_suppression_on_the_device_keeps_the_same_boxes(
    seed: int, count: int, spread: float, kind: str, score: str, most: int, rounds: int
) -> None:
    config = NmsConfig(0.4, 0.6, kind, score, most, max_rounds=rounds)  # type: ignore[arg-type]
    rows = predictions(seed, count, spread)
    kept, sources = suppress(rows, config)
    found = suppress_on_device(rows, config)
    assert bool(found.complete)
    valid = found.valid.numpy()
    assert found.sources.numpy()[valid].tolist() == sources.tolist()
    assert np.array_equal(found.boxes.numpy()[valid], kept[:, :4])
    assert np.array_equal(found.scores.numpy()[valid], kept[:, 4])


def test_bounds_that_are_met_are_told_and_the_host_takes_over() -> None:
    rows = predictions(1, 200, 3.0)
    config = NmsConfig(0.4)
    assert not bool(suppress_on_device(rows, config, candidates=50).complete)
    # A row of boxes, each the better neighbour of the next: as many rounds as boxes.
    chain = torch.zeros(40, 6)
    chain[:, 0] = torch.arange(40) * 4.0
    chain[:, 2:4] = torch.tensor([20.0, 40.0])
    chain[:, 4] = torch.linspace(0.99, 0.6, 40)
    chain[:, 5] = 1
    plain = NmsConfig(kind="iou", iou=0.6)
    assert not bool(suppress_on_device(chain, plain, rounds=3).complete)
    assert bool(suppress_on_device(chain, plain, rounds=60).complete)
    network = cstrack()
    crowded = NmsConfig(confidence=0.0, iou=1.0, max_boxes=40)
    one = FusedDetector(
        network, fused_form, (320, 320), crowded, on_device=True
    ).detect(frame())
    two = NetworkDetector(network, (320, 320), crowded).detect(frame())
    assert_equal(two, one, 1e-4)
