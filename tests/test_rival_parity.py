"""parity.py passes on the rivals' recorded outputs and notices what is changed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from parity_checks import Check
from rival_parity import KINDS, LAYOUT, check_rivals

# Whole networks in float64; the rest takes a second.
SLOW = ("network", "end_to_end")


@pytest.fixture(scope="module")
def golden_rivals() -> Path:
    """The folder of outputs of the official FairMOT and CenterTrack."""
    shared = Path(__file__).resolve().parents[2] / "shared/reference/rivals-golden"
    folder = Path(os.environ.get("CSTRACK_GOLDEN_RIVALS") or shared)
    if not folder.is_dir():
        pytest.skip("the rivals' official outputs not found: set CSTRACK_GOLDEN_RIVALS")
    return folder


def failures(checks: list[Check]) -> list[str]:
    return [check.line() for check in checks if not check.passed]


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=[pytest.mark.slow] if kind.endswith(SLOW) else [])
        for kind in KINDS
    ],
)
def test_recorded_outputs_are_ours(golden_rivals: Path, kind: str) -> None:
    checks = list(KINDS[kind](golden_rivals / f"{kind}.npz"))
    assert checks
    assert failures(checks) == []


@pytest.mark.slow
def test_published_names_are_ours(golden_rivals: Path, tmp_path: Path) -> None:
    shutil.copy(golden_rivals / LAYOUT, tmp_path / LAYOUT)
    checks = list(check_rivals(tmp_path))
    assert len(checks) == 4
    assert failures(checks) == []


Edit = Callable[[np.ndarray], np.ndarray]


def plus(amount: float) -> Edit:
    return lambda values: values + np.asarray(amount, values.dtype)


@pytest.mark.parametrize(
    ("kind", "key", "edit"),
    [
        ("center_geometry", "radius_used", plus(1)),
        ("center_geometry", "affine_inverse", plus(1e-4)),
        ("deformable_conv", "edge_grad_offset", plus(1e-4)),
        ("fairmot_targets", "outside_wh", plus(1e-3)),
        ("fairmot_targets", "too_many_ids", plus(1)),
        ("centertrack_targets", "edges_ltrb_amodal", plus(1e-3)),
        ("centertrack_targets", "disturbed_pre_centres", plus(1e-3)),
        ("fairmot_augment", "affine_1_matrix", plus(1e-3)),
        ("centertrack_colour", "case_0_augmented", plus(1e-3)),
        ("fairmot_loss", "typical_total", plus(1e-3)),
        ("fairmot_loss", "trained_gradient_id", plus(1e-3)),
        ("centertrack_loss", "ignore_items", plus(1e-3)),
        ("fairmot_decode", "image_1_boxes", plus(1e-2)),
        ("centertrack_decode", "mot_image_offsets", plus(1e-2)),
        ("centertrack_decode", "render_tall_heatmap", plus(1e-3)),
        ("fairmot_tracker", "shaking_tracks", lambda rows: rows[:-1]),
        ("centertrack_tracker", "dense_tracks_greedy_age_8", plus(1)),
        ("centertrack_tracker", "dense_tracks_hungarian_exact", plus(0.01)),
    ],
)
def test_a_changed_value_is_noticed(
    golden_rivals: Path, tmp_path: Path, kind: str, key: str, edit: Edit
) -> None:
    for partner in ("fairmot_targets", "centertrack_targets"):
        shutil.copy(golden_rivals / f"{partner}.npz", tmp_path)
    with np.load(golden_rivals / f"{kind}.npz") as file:
        arrays = dict(file)
    arrays[key] = edit(arrays[key])
    target = tmp_path / f"{kind}.npz"
    target.unlink(missing_ok=True)
    np.savez(target, **arrays)
    assert failures(list(KINDS[kind](target)))


def test_files_that_cannot_be_checked_fail(tmp_path: Path) -> None:
    (tmp_path / "fairmot_stranger.npz").write_bytes(b"")
    (tmp_path / "centertrack_decode.npz").write_bytes(b"rubbish")
    np.savez(tmp_path / "fairmot_loss.npz", n_id=np.array(5))
    (tmp_path / "notes.txt").write_text("not checked")
    lines = failures(list(check_rivals(tmp_path)))
    assert len(lines) == 3
    assert "no check is known" in lines[2]
    assert "cannot be checked" in lines[0]
    assert "its partner fairmot_targets.npz is missing" in lines[1]
