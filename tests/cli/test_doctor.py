"""`cstrack doctor`."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cstrack_bench.cli import doctor
from cstrack_bench.errors import CstrackError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "mot17" / "train" / "MOT17-02-SDP"
    (folder / "gt").mkdir(parents=True)
    (folder / "gt" / "gt.txt").write_text("1,1,0,0,10,20,1,1,1\n")
    (folder / "seqinfo.ini").write_text(
        "[Sequence]\nname=x\nframeRate=30\nseqLength=1\nimWidth=64\nimHeight=48\n"
    )
    return tmp_path


def test_json_has_versions_device_disk_and_data(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor.doctor(root, json=True)
    facts = json.loads(capsys.readouterr().out)
    assert facts["faults"] == []
    assert facts["packages"]["trackeval"].startswith("1.")
    assert facts["device"]["kind"] in ("cpu", "cuda")
    assert facts["device"]["threads"] >= 1
    assert facts["opencv"]["imports"] is True
    assert facts["disk"]["free_gib"] > 0
    assert facts["data"]["mot16"] is None
    assert facts["data"]["mot17"]["sequences"] == 1
    assert facts["data"]["mot17"]["with_pictures"] == 0
    assert facts["data"]["mot17"]["with_ground_truth"] == 1


def test_the_table_names_what_was_found(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor.doctor(root)
    out = capsys.readouterr().out
    assert "1 sequences (0 with pictures, 1 with ground truth)" in out
    assert f"not under {root}" in out
    assert "nothing wrong" in out


def test_data_in_trouble_is_said(root: Path) -> None:
    info = root / "mot17" / "train" / "MOT17-02-SDP" / "seqinfo.ini"
    info.write_text("[Sequence]\n")
    assert "lacks" in doctor.examine(root)["data"]["mot17"]["trouble"]


def test_no_data_is_no_fault(tmp_path: Path) -> None:
    facts = doctor.examine(tmp_path / "gone")
    assert set(facts["data"].values()) == {None}
    assert facts["faults"] == []


def test_opencv_without_libgl_names_the_command(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.import_module

    def broken(name: str, *rest: Any) -> Any:
        if name == "cv2":
            raise ImportError("libGL.so.1: cannot open shared object file")
        return real(name, *rest)

    monkeypatch.setattr(doctor, "import_module", broken)
    with pytest.raises(CstrackError, match=r"libGL.so.1.*apt install libgl1") as caught:
        doctor.doctor(root)
    assert caught.value.exit_code == 1


def test_an_absent_package_and_a_full_disk_are_faults(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("numpy", "no-such-package-here"))
    usage = SimpleNamespace(free=1)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    faults = doctor.examine(root)["faults"]
    assert faults[0].startswith("no-such-package-here is not installed")
    assert "0.0 GiB are free" in faults[1]
    assert len(faults) == 2


def test_headless_opencv_beside_the_other_is_a_fault(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_version", lambda package: "1.0")
    faults = doctor.examine(root)["faults"]
    assert any("pip uninstall -y opencv-python-headless" in text for text in faults)
