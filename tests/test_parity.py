"""scripts/parity.py passes on official outputs and notices every kind of fault."""

import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from cstrack_bench.models.cstrack_config import ModelConfig
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.models.official_names import translate

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "parity.py"
NETWORK = "official_cstrack_d033_w025"


@pytest.fixture(scope="module")
def parity() -> ModuleType:
    spec = importlib.util.spec_from_file_location("parity", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["parity"] = module
    spec.loader.exec_module(module)
    return module


Run = Callable[[Path], tuple[int, str]]


@pytest.fixture
def run(
    parity: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    def call(folder: Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["parity.py", str(folder)])
        code = parity.main()
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return call


def copy(golden: Path, folder: Path, *names: str) -> None:
    for name in names:
        shutil.copy(golden / name, folder / name)
        (folder / name).chmod(0o644)


def change(path: Path, key: str, edit: Callable[[np.ndarray], np.ndarray]) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    arrays[key] = edit(arrays[key])
    np.savez(path, **arrays)


def failures(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("FAIL")]


def test_the_official_outputs_pass(golden: Path, run: Run) -> None:
    code, text = run(golden)
    assert (code, failures(text)) == (0, [])
    for kind in ("letterbox", "nms", "tracker", "loss", "cstrack_d033_w025_io"):
        assert f"pass  official_{kind}" in text
    # One line a check, each with its error and its limit, and a last line.
    *lines, last = text.splitlines()
    assert all("largest error" in line and "limit" in line for line in lines)
    assert last == f"{len(lines)} checks, 0 failed"


@pytest.mark.parametrize(
    ("file", "key", "edit", "line"),
    [
        ("official_letterbox.npz", "tensor_2", lambda a: a ^ 1, "letterbox 2 pixels"),
        ("official_letterbox.npz", "ratio_pad_5", lambda a: a + 0.5, "5 ratio pad"),
        ("official_nms.npz", "kept_40", lambda a: a[::-1], "nms 40 boxes"),
        ("official_nms.npz", "kept_chains", lambda a: a[1:], "shape"),
        ("official_nms.npz", "cell_x_400", lambda a: a + 1, "nms 400 cells"),
        ("official_tracker.npz", "drift_tracks", lambda a: a[:-1], "frames and ids"),
        ("official_tracker.npz", "sparse_tracks", lambda a: a + 2e-3, "sparse"),
        ("official_loss.npz", "tiny_items", lambda a: a * 1.0002, "tiny items"),
        ("official_loss.npz", "one_total", lambda a: a * np.nan, "one total"),
    ],
)
def test_a_changed_number_fails(
    golden: Path,
    tmp_path: Path,
    run: Run,
    file: str,
    key: str,
    edit: Callable[[np.ndarray], np.ndarray],
    line: str,
) -> None:
    copy(golden, tmp_path, file)
    change(tmp_path / file, key, edit)
    code, text = run(tmp_path)
    assert code == 1
    assert line in "\n".join(failures(text))


@pytest.mark.parametrize(
    ("key", "offset", "line"),
    [
        ("neck_p4", 2e-4, "neck_p4"),
        ("ren_reid_p5", 2e-4, "ren_reid_p5"),
        ("raw_p3", 2e-4, "raw_p3"),
        ("embedding_map", 2e-4, "embedding_map"),
        ("decoded", 2e-4, "decoded obj cls"),
        ("decoded", 2e-3, "decoded cx cy w h"),
        ("lambda", 2e-3, "lambda"),
    ],
)
def test_a_changed_network_output_fails(
    golden: Path, tmp_path: Path, run: Run, key: str, offset: float, line: str
) -> None:
    copy(golden, tmp_path, f"{NETWORK}.pt", f"{NETWORK}_io.npz")
    change(tmp_path / f"{NETWORK}_io.npz", key, lambda a: a + np.float32(offset))
    code, text = run(tmp_path)
    assert code == 1
    assert any(f"{line}:" in failed for failed in failures(text))


def fake(
    golden: Path, folder: Path, name: str, config: ModelConfig, size: tuple
) -> None:
    """A checkpoint and its recording as ours gives them, under official names."""
    document = torch.load(golden / f"{NETWORK}.pt", weights_only=True)
    torch.manual_seed(1)
    model = CSTrack(config).eval()
    own = model.state_dict()
    for official, tensor in document["model"].items():
        target = translate(official)
        document["model"][official] = own[target] if target else tensor
    torch.save(document, folder / f"{name}.pt")
    image = torch.rand(1, 3, *size)
    with torch.no_grad():
        necks, output = model.neck(image), model(image)
        pairs = [ren(x) for ren, x in zip(model.ren, necks, strict=True)]
        arrays = {"image": image, "embedding_map": output.embeddings[0]}
        arrays["decoded"] = model.decode(output.raw)
        arrays["lambda"] = torch.tensor(model.relation_weights())
        for i, level in enumerate(("p3", "p4", "p5")):
            arrays[f"neck_{level}"] = necks[i]
            arrays[f"raw_{level}"] = output.raw[i]
            arrays[f"ren_det_{level}"], arrays[f"ren_reid_{level}"] = pairs[i]
    np.savez(folder / f"{name}_io.npz", **{k: v.numpy() for k, v in arrays.items()})


def test_other_widths_and_sizes_side_by_side(
    golden: Path, tmp_path: Path, run: Run
) -> None:
    names = {
        "official_cstrack_d033_w0125": (ModelConfig(0.33, 0.125), (96, 160)),
        "official_cstrack_d033_w0125_seed2": (ModelConfig(0.33, 0.125), (64, 64)),
        "official_cstrack_d033_w0375": (ModelConfig(0.33, 0.375), (64, 96)),
    }
    for name, (config, size) in names.items():
        fake(golden, tmp_path, name, config, size)
    code, text = run(tmp_path)
    assert (code, failures(text)) == (0, [])
    for name in names:
        assert f"{name}_io embedding_map" in text


def test_the_name_decides_the_width(golden: Path, tmp_path: Path, run: Run) -> None:
    wrong = "official_cstrack_d033_w050"
    for suffix in (".pt", "_io.npz"):
        shutil.copy(golden / f"{NETWORK}{suffix}", tmp_path / f"{wrong}{suffix}")
    code, text = run(tmp_path)
    assert code == 1
    assert "give a checkpoint of this size" in text


def test_numbers_in_a_name(parity: ModuleType) -> None:
    assert parity.numbers("official_cstrack_d033_w025") == (0.33, 0.25)
    assert parity.numbers("official_cstrack_d067_w0125_seed3") == (0.67, 0.125)
    assert parity.numbers("official_cstrack_d1_w100") == (1.0, 1.0)
    assert parity.numbers("official_cstrack") is None


def test_missing_partners_and_unreadable_files(
    golden: Path, tmp_path: Path, run: Run
) -> None:
    copy(golden, tmp_path, f"{NETWORK}.pt")
    (tmp_path / "official_cstrack_d100_w100_io.npz").write_bytes(b"")
    (tmp_path / "official_nms.npz").write_bytes(b"rubbish")
    (tmp_path / "official_stranger.txt").write_text("?")
    np.savez(tmp_path / "official_loss.npz", n_id=np.array(5))
    code, text = run(tmp_path)
    assert code == 1
    lines = "\n".join(failures(text))
    assert f"{NETWORK}: its partner {NETWORK}_io.npz is missing." in lines
    assert "its partner official_cstrack_d100_w100.pt is missing." in lines
    assert "official_nms: cannot be checked" in lines
    assert "official_stranger.txt: no check is known" in lines
    assert "official_loss: the file is incomplete: classifier_weight" in lines


def test_a_missing_module_is_a_failed_check(
    golden: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(golden, tmp_path, "official_nms.npz", "official_letterbox.npz")
    monkeypatch.setitem(sys.modules, "cstrack_bench.detection.nms", None)
    code, text = run(tmp_path)
    assert code == 1
    assert "official_nms: a module is missing" in "\n".join(failures(text))
    assert "pass  official_letterbox" in text


def test_nothing_to_check_is_wrong_use(tmp_path: Path, run: Run) -> None:
    assert run(tmp_path)[0] == 2
    assert "no official_* file" in run(tmp_path / "none")[1]
