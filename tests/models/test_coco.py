"""COCO weights as a start: what is copied, what is left alone, what is refused."""

import configparser
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from cstrack_bench.boxes import iou_matrix, xywh_to_xyxy
from cstrack_bench.errors import InputError
from cstrack_bench.models.coco import read_coco, start_from_coco
from cstrack_bench.models.cstrack_config import Generation, ModelConfig, make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.official_names import infer_generation, translate

SMALL = ModelConfig(depth=0.33, width=0.125, embedding=16, saan_width=8)
NORM = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]


def conv(name: str) -> list[str]:
    return [f"{name}.conv.weight", *(f"{name}.bn.{part}" for part in NORM)]


def stage(name: str, repeats: int, generation: Generation) -> list[str]:
    if generation == "v6":
        names = [*conv(f"{name}.cv1"), *conv(f"{name}.cv2"), *conv(f"{name}.cv3")]
    else:
        names = [*conv(f"{name}.cv1"), f"{name}.cv2.weight", f"{name}.cv3.weight"]
        names += [*conv(f"{name}.cv4"), *(f"{name}.bn.{part}" for part in NORM)]
    for k in range(repeats):
        names += [*conv(f"{name}.m.{k}.cv1"), *conv(f"{name}.m.{k}.cv2")]
    return names


def trunk_names(config: ModelConfig) -> list[str]:
    """Names of a published backbone and neck, layer by layer."""
    new = config.generation == "v6"
    names = conv("model.0" if new else "model.0.conv")
    for layer in (1, 3, 5, 7, 10, 14, 18, 21):
        names += conv(f"model.{layer}")
    repeats = {2: 3, 4: 6, 6: 9, 8: 3} if new else {2: 3, 4: 9, 6: 9, 9: 3}
    for layer, count in {**repeats, 13: 3, 17: 3, 20: 3, 23: 3}.items():
        names += stage(f"model.{layer}", config.repeats(count), config.generation)
    pooling = 9 if new else 8
    return [
        *names,
        *conv(f"model.{pooling}.cv1"),
        *conv(f"model.{pooling}.cv2"),
    ]


def coco_file(path: Path, config: ModelConfig, half: bool = False) -> dict[str, Tensor]:
    """Write a checkpoint with every number drawn at random; give it by our names."""
    generator = torch.Generator().manual_seed(7)
    state = CSTrack(config).state_dict()
    tensors, ours = {}, {}
    for name in trunk_names(config):
        target = translate(name, config.generation)
        assert target is not None
        value = torch.rand(state[target].shape, generator=generator) * 4
        value = value.half() if half else value.to(state[target].dtype)
        tensors[name] = ours[target] = value
    for level in range(3):
        tensors[f"model.24.m.{level}.weight"] = torch.ones(255, 8, 1, 1)
    tensors["model.24.w1"] = torch.full((1,), 9.0)
    torch.save({"model": tensors}, path)
    return ours


@pytest.mark.parametrize("generation", ["v2", "v6"])
@pytest.mark.parametrize("depth", [0.33, 0.67, 1.0])
def test_every_name_has_one_place(generation: Generation, depth: float) -> None:
    config = replace(SMALL, generation=generation, depth=depth)
    own = [k for k in CSTrack(config).state_dict() if k.startswith(("back", "pyr"))]
    targets = [translate(name, generation) for name in trunk_names(config)]
    assert sorted(map(str, targets)) == sorted(own)


def test_names_of_the_other_generation_have_none() -> None:
    state = CSTrack(replace(SMALL, generation="v6")).state_dict()
    assert translate("model.0.conv.conv.weight", "v6") not in state
    assert translate("model.24.w1", "v6") is None
    assert translate("model.0.conv.weight", "v2") is None
    assert translate("model.9.cv1.conv.weight", "v6") == (
        "backbone.pyramid_pooling.reduce.convolution.weight"
    )


@pytest.mark.parametrize("generation", ["v2", "v6"])
def test_backbone_and_neck_are_filled_and_nothing_else(
    tmp_path: Path, generation: Generation
) -> None:
    config = replace(SMALL, generation=generation)
    path = tmp_path / "coco.pt"
    ours = coco_file(path, config)
    model = CSTrack(config)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    report = start_from_coco(model, path)
    assert set(report.matched) == set(ours)
    assert report.missing == report.reshaped == ()
    # A layer that only CSTrack has is no layer of a COCO model, whatever its name.
    assert set(report.unexpected) == {
        "model.24.w1",
        *(f"model.24.m.{level}.weight" for level in range(3)),
    }
    for name, value in model.state_dict().items():
        assert torch.equal(value, ours.get(name, before[name])), name


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    path = tmp_path / "coco.pt"
    ours = coco_file(path, SMALL, half=True)
    assert {t.dtype for t in read_coco(path).values()} == {torch.float32}
    model = CSTrack(SMALL)
    start_from_coco(model, path)
    state = model.state_dict()
    name = "backbone.stem.conv.convolution.weight"
    assert torch.equal(state[name], ours[name].float())


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"generation": "v6"}, "fits model.generation=v2 with model.size=xs"),
        ({"width": 0.25}, r"model.depth=0.33 model.width=0.125"),
        ({"depth": 0.67}, r"depth 0.67.*model.depth=0.33"),
    ],
)
def test_another_kind_is_refused_and_the_model_left_alone(
    tmp_path: Path, change: dict, wanted: str
) -> None:
    path = tmp_path / "coco.pt"
    coco_file(path, SMALL)
    model = CSTrack(replace(SMALL, **change))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(InputError, match=f"coco.pt does not fit.*{wanted}"):
        start_from_coco(model, path)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_depths_that_build_the_same_layers_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "coco.pt"
    coco_file(path, SMALL)
    start_from_coco(CSTrack(replace(SMALL, depth=0.3)), path)


def test_less_than_the_most_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "coco.pt"
    coco_file(path, SMALL)
    tensors = torch.load(path, weights_only=True)["model"]
    few = {k: v for k, v in tensors.items() if not k.startswith("model.13.cv1")}
    torch.save({"model": few}, path)
    report = start_from_coco(CSTrack(SMALL), path)
    assert len(report.missing) == len(conv("")) == 6
    assert all(name.startswith("pyramid.top16.enter.") for name in report.missing)
    less = {k: v for k, v in tensors.items() if not k.startswith("model.13.")}
    torch.save({"model": less}, path)
    model = CSTrack(SMALL)
    before = model.state_dict()["backbone.stem.conv.convolution.weight"].clone()
    with pytest.raises(InputError, match=r"fills only .* without: pyramid\.top16"):
        start_from_coco(model, path)
    after = model.state_dict()["backbone.stem.conv.convolution.weight"]
    assert torch.equal(before, after)


def test_shapes_that_differ_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "coco.pt"
    coco_file(path, SMALL)
    tensors = torch.load(path, weights_only=True)["model"]
    tensors["model.21.conv.weight"] = torch.zeros(1, 1, 3, 3)
    torch.save({"model": tensors}, path)
    report = start_from_coco(CSTrack(SMALL), path)
    assert report.reshaped == report.missing
    assert report.reshaped == ("pyramid.down32.convolution.weight",)


@pytest.mark.parametrize(
    "tensors",
    [
        {"layer.weight": torch.zeros(1)},
        {"model.0.conv.conv.weight": torch.zeros(1)},  # Focus with C3: v4, v5
        {"model.x.weight": torch.zeros(1)},
    ],
)
def test_other_networks_are_refused(tmp_path: Path, tensors: dict) -> None:
    path = tmp_path / "other.pt"
    torch.save({"model": tensors}, path)
    assert infer_generation(tensors) is None
    with pytest.raises(InputError, match=r"other.pt holds no backbone of YOLOv5"):
        start_from_coco(CSTrack(SMALL), path)


def test_odd_shapes_in_a_known_layout_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.pt"
    coco_file(path, SMALL)
    tensors = torch.load(path, weights_only=True)["model"]
    for value, match in ((torch.zeros(7), "channels"), (torch.tensor(1.0), "lacks")):
        tensors["model.17.cv4.bn.weight"] = value
        torch.save({"model": tensors}, path)
        with pytest.raises(InputError, match=f"Cannot use .*odd.pt: .*{match}"):
            start_from_coco(CSTrack(SMALL), path)


def test_the_golden_module_starts_a_model(golden: Path) -> None:
    path = golden / "yolov5_v2_style_d033_w025_pickled_module.pt"
    model = CSTrack(make_config("n"))
    report = start_from_coco(model, path)
    assert report.missing == report.reshaped == ()
    assert all(name.startswith("model.24.") for name in report.unexpected)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


# --- the published weights


@pytest.fixture(scope="module")
def published(real_data: Path) -> Path:
    path = real_data / "weights" / "yolov5n_coco.pt"
    if not path.is_file():
        pytest.skip(f"no {path}")
    return path


@pytest.fixture(scope="module")
def started(published: Path) -> CSTrack:
    model = CSTrack(make_config("n", generation="v6"))
    report = start_from_coco(model, published)
    assert report.missing == report.reshaped == ()
    assert {name.split(".")[1] for name in report.unexpected} == {"24"}
    return model.eval()


@pytest.mark.real
def test_published_weights_fit_the_new_generation_alone(published: Path) -> None:
    with pytest.raises(InputError, match=r"generation=v6 with model\.size=n"):
        start_from_coco(CSTrack(make_config("n")), published)


@pytest.mark.real
def test_published_features_are_alive(started: CSTrack) -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        levels = started.neck(torch.rand(1, 3, 192, 320))
    for level in levels:
        assert torch.isfinite(level).all()
        assert 0.1 < level.std() < 10
        assert (level.flatten(2).std(-1) > 1e-3).float().mean() > 0.9


@pytest.mark.real
def test_published_backbone_and_neck_see_the_people_of_a_real_frame(
    started: CSTrack, published: Path, real_data: Path
) -> None:
    """With the file's own COCO head on our neck: the whole graph is the right one."""
    folder = real_data / "mot16-half-res" / "train" / "MOT16-09"
    info = configparser.ConfigParser()
    info.read(folder / "seqinfo.ini")
    name = f"{101:06d}{info['Sequence']['imExt']}"
    frame = cv2.imread(str(folder / "img1" / name))
    assert frame is not None
    pad = -frame.shape[0] % 32
    frame = cv2.copyMakeBorder(frame, 0, pad, 0, 0, cv2.BORDER_CONSTANT)
    image = torch.from_numpy(frame[..., ::-1].copy()).permute(2, 0, 1)[None] / 255
    tensors = read_coco(published)
    found = []
    with torch.no_grad():
        for i, level in enumerate(started.neck(image)):
            head = f"model.24.m.{i}"
            weight, bias = tensors[f"{head}.weight"], tensors[f"{head}.bias"]
            raw = torch.nn.functional.conv2d(level, weight, bias)
            _, _, height, width = raw.shape
            raw = raw.view(3, 85, height, width).permute(0, 2, 3, 1).sigmoid()
            rows, columns = torch.meshgrid(
                torch.arange(height), torch.arange(width), indexing="ij"
            )
            anchors = tensors["model.24.anchors"][i][:, None, None]
            cells = torch.stack((columns, rows), -1)
            centre = raw[..., :2] * 2 - 0.5 + cells
            half = (raw[..., 2:4] * 2) ** 2 * anchors / 2
            boxes = torch.cat((centre - half, centre + half), -1) * (8 << i)
            person = raw[..., 4] * raw[..., 5]
            found.append(boxes[person > 0.5])
    annotated = np.loadtxt(folder / "gt" / "gt.txt", delimiter=",")
    here = (annotated[:, 0] == 101) & (annotated[:, 7] == 1) & (annotated[:, 8] > 0.4)
    boxes_found = torch.cat(found).numpy()
    people = xywh_to_xyxy(annotated[here, 2:6])
    assert len(people) >= 5
    assert (iou_matrix(people, boxes_found).max(1) > 0.5).sum() >= 5
    # And hardly anything where nobody is.
    everyone = xywh_to_xyxy(annotated[annotated[:, 0] == 101, 2:6])
    assert (iou_matrix(everyone, boxes_found).max(0) > 0.3).mean() > 0.8
