"""``cstrack export``, and detectors that ONNX Runtime runs."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from cstrack_bench.cli.app import app
from cstrack_bench.detection.letterbox import letterbox
from cstrack_bench.detection.network_detector import NetworkDetector
from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.formats.sequences import open_sequence
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.jde_config import JdeConfig
from cstrack_bench.models.jde_network import JDE
from cstrack_bench.models.official_weights import load_official
from cstrack_bench.models.reciprocal import pool
from cstrack_bench.models.wide_resnet import WideResNet
from cstrack_bench.models.wide_resnet import make_config as make_reid_config
from cstrack_bench.speed.planted import calibrate
from cstrack_bench.structures import Frame
from cstrack_bench.systems.onnx_export import (
    compare,
    export_onnx,
    pool_by_products,
)
from cstrack_bench.systems.weights import save_weights

SIZE = (64, 96)


def export(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["export", *map(str, arguments)])
    if isinstance(result.exception, CstrackError):
        raise result.exception
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


@pytest.mark.parametrize("size", [(6, 10), (19, 34), (76, 136), (2, 3), (11, 20)])
def test_pooling_by_products_is_pooling(size: tuple[int, int]) -> None:
    x = torch.rand(2, 3, *size)
    assert torch.allclose(pool(x), pool_by_products(x), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["w.safetensors", "--onnx", "out.bin"], "written as .onnx"),
        (["w.safetensors", "--onnx", "out.onnx"], "no weights w.safetensors"),
        (["w.safetensors", "--onnx", "o.onnx", "--size", "50x50"], "multiples of 32"),
    ],
)
def test_wrong_use_is_one_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        export(*arguments)


def test_a_network_of_crops_has_no_such_graph(tmp_path: Path) -> None:
    weights, out = tmp_path / "w.safetensors", tmp_path / "out.onnx"
    save_weights(weights, "deepsort", WideResNet(make_reid_config("n")), {})
    with pytest.raises(InputError, match="export weights of cstrack or jde"):
        export(weights, "--onnx", out)
    assert list(tmp_path.iterdir()) == [weights]


def test_a_file_that_is_no_graph_of_ours_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from cstrack_bench.detection.onnx_detector import OnnxGraph

    wrong = tmp_path / "w.onnx"
    with pytest.raises(InputError, match="no weights"):
        OnnxGraph(wrong)
    wrong.write_bytes(b"no graph")
    with pytest.raises(InputError, match="cannot be read as ONNX"):
        OnnxGraph(wrong)
    onnx = pytest.importorskip("onnx")
    value = onnx.helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, [1])
    same = onnx.helper.make_tensor_value_info("boxes", onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node("Identity", ["images"], ["boxes"])
    graph = onnx.helper.make_graph([node], "other", [value], [same])
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 18)]
    )
    model.ir_version = 9
    onnx.save(model, wrong)
    with pytest.raises(InputError, match="no graph of cstrack export"):
        OnnxGraph(wrong)


@pytest.mark.slow
def test_a_graph_of_any_size_computes_what_torch_computes(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    torch.manual_seed(0)
    weights, out = tmp_path / "w.safetensors", tmp_path / "out.onnx"
    save_weights(
        weights, "cstrack", CSTrack(make_config("xs")), {"input_size": "96x64"}
    )
    document = json.loads(export(weights, "--onnx", out, "--dynamic", "--json"))
    assert [one["input"] for one in document["parity"]] == ["96x64", "128x128"]
    for one in document["parity"]:
        assert max(one["boxes"], one["probabilities"], one["embeddings"]) < 1e-4


@pytest.mark.slow
def test_jde_has_a_map_a_level(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    from cstrack_bench.detection.onnx_detector import OnnxDetector, OnnxGraph

    torch.manual_seed(0)
    network = JDE(JdeConfig(depth=0.33, width=0.125, embedding=8))
    calibrate(network, torch.rand(2, 3, *SIZE))
    (parity,) = export_onnx(tmp_path / "j.onnx", network, "jde", SIZE)
    assert parity.passed
    graph = OnnxGraph(tmp_path / "j.onnx")
    with pytest.raises(InputError, match="takes 96x64 alone"):
        OnnxDetector(graph, (96, 96))
    picture = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    frame, nms = Frame(0, lambda: picture), NmsConfig(0.0, kind="iou")
    ours = OnnxDetector(graph, None, nms).detect(frame)
    theirs = NetworkDetector(network, SIZE, nms).detect(frame)
    assert len(ours) == len(theirs) > 0
    assert ours.embeddings is not None
    assert theirs.embeddings is not None
    assert np.abs(ours.embeddings - theirs.embeddings).max() < 1e-3
    # Another network is told apart.
    assert not compare(graph, JDE(network.config).eval(), SIZE).passed


@pytest.mark.real
@pytest.mark.slow
def test_real_frames_get_the_ids_that_torch_gives(
    real_data: Path, golden: Path, tmp_path: Path
) -> None:
    """Through the program: the graph, and the weights it was made of, in both ways."""
    pytest.importorskip("onnxscript")
    (weights,) = golden.glob("official_cstrack_*.pt")
    network, size = load_official(weights)[0], (192, 320)
    out = tmp_path / "out.onnx"
    export(weights, "--onnx", out, "--size", "320x192")
    for name in ("mot16-half-res/train/MOT16-09", "mot20-half-res/train/MOT20-01"):
        whole = open_sequence(real_data / name)
        picture = letterbox(whole.frame(0).image, size).tensor
        with torch.inference_mode():
            raw = network(torch.from_numpy(picture)[None].float() / 255).raw
            scores = network.decode(raw)[0, :, 4:].prod(1)
        least = float(scores.sort().values[-100])
        frames = tmp_path / whole.name
        frames.mkdir()
        for number in range(60):
            picture = whole.frame(number).image
            assert cv2.imwrite(str(frames / f"{number:06d}.png"), picture)
        ids = []
        for given, how in ((weights, "plain"), (weights, "fused"), (out, "fused")):
            rows = tmp_path / f"{given.suffix}-{how}.txt"
            arguments = ["track", frames, "--weights", given, "--output", rows]
            arguments += ["--size", "320x192", "--conf", least, "--inference", how]
            arguments += ["--tracker", "jde"]
            done = CliRunner().invoke(app, list(map(str, arguments)))
            assert done.exit_code == 0, (done.output, done.exception)
            ids.append(np.loadtxt(rows, delimiter=",", ndmin=2)[:, :2])
        assert len(ids[0]) > 100
        assert np.array_equal(ids[0], ids[1])
        assert np.array_equal(ids[0], ids[2])
