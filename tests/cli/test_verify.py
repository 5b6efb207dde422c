"""`cstrack verify`, through the real program."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cstrack_bench.cli.app import main
from cstrack_bench.datasets.dataset_registry import find_dataset
from tests.datasets.miniatures import publish, unpack

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cstrack(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program; return exit code, stdout and stderr."""
    monkeypatch.delenv("CSTRACK_DATA", raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cstrack", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root with one sound MOT17 sequence, annotations only."""
    folder = tmp_path / "MOT17" / "train" / "MOT17-02-SDP"
    (folder / "gt").mkdir(parents=True)
    rows = [f"{f},1,0,0,10,20,1,1,1\n" for f in range(1, 11)]
    (folder / "gt" / "gt.txt").write_text("".join(rows))
    (folder / "seqinfo.ini").write_text(
        "[Sequence]\nname=MOT17-02-SDP\nframeRate=30\nseqLength=10\n"
        "imWidth=64\nimHeight=48\n"
    )
    return tmp_path


def gt_of(root: Path) -> Path:
    return root / "MOT17" / "train" / "MOT17-02-SDP" / "gt" / "gt.txt"


def test_sound_data_passes_and_says_what_is_missing(cstrack: Run, root: Path) -> None:
    code, out, err = cstrack("verify", "mot17", "--data", root)
    assert (code, err) == (0, "")
    assert "sound" in out
    assert "100 / 100 / 100 on 1 sequences" in out
    assert "half/official" in out
    assert "MOT17-13-FRCNN" in out


def test_complete_insists(cstrack: Run, root: Path) -> None:
    code, _, err = cstrack("verify", "mot17", "--data", root, "--complete")
    assert code == 1
    assert "not complete" in err


def test_a_wrong_line_fails_and_is_named_with_what_mends_it(
    cstrack: Run, root: Path
) -> None:
    file = gt_of(root)
    file.write_text(file.read_text() + "3,1,0,0,10,20,1,1,1\n")
    code, out, err = cstrack("verify", "mot17", "--data", root)
    assert code == 1
    assert f"{file}, line 11: its frame already has a box with its id" in out
    assert f"cstrack download mot17 --fresh --data {root}" in out
    assert err.startswith("error: 1 things are wrong")


def test_json_is_one_document_also_when_it_fails(cstrack: Run, root: Path) -> None:
    document = json.loads(cstrack("verify", "mot17", "--data", root, "--json")[1])
    assert (document["sound"], document["complete"]) == (True, False)
    assert document["splits"]["half/fairmot"]["val_frames"] == 5
    gt_of(root).write_text("")
    code, out, _ = cstrack("verify", "mot17", "--data", root, "--json")
    document = json.loads(out)
    assert (code, document["sound"]) == (1, False)
    assert document["problems"][0]["what"] == "has no rows"


def test_a_folder_may_be_named_instead(cstrack: Run, root: Path) -> None:
    document = json.loads(cstrack("verify", root / "MOT17", "--json")[1])
    assert document["dataset"] == "mot17"
    (root / "MOT17" / "train" / "MOT17-02-SDP").rename(
        root / "MOT17" / "train" / "street"
    )
    document = json.loads(cstrack("verify", root / "MOT17", "--json")[1])
    assert (document["dataset"], document["sound"]) == ("MOT17", True)


def test_wrong_use_is_exit_2(cstrack: Run, root: Path) -> None:
    code, _, err = cstrack("verify", "mot16", "--data", root)
    assert code == 2
    assert "No mot16 under" in err
    code, _, err = cstrack("verify", "mott17", "--data", root)
    assert code == 2
    assert "'mot17'" in err
    code, _, err = cstrack("verify", root)
    assert code == 2
    assert "holds none of train/" in err


@pytest.mark.parametrize("name", ["prw", "crowdhuman", "hieve"])
def test_images_and_hieve_pass_and_are_not_complete(
    cstrack: Run, tmp_path: Path, name: str
) -> None:
    folder = unpack(publish(name, tmp_path / "p"), tmp_path / name)
    find_dataset(name).normalise(folder)
    code, out, _ = cstrack("verify", name, "--data", tmp_path)
    assert code == 0
    assert "missing" in out
    assert ("100 / 100 / 100 on 5 sequences" in out) == (name == "hieve")
    assert cstrack("verify", name, "--data", tmp_path, "--complete")[0] == 1
    document = json.loads(cstrack("verify", tmp_path / name, "--json")[1])
    assert (document["dataset"], document["sound"]) == (name, True)


def test_a_wrong_label_is_named_with_file_and_line(
    cstrack: Run, tmp_path: Path
) -> None:
    folder = unpack(publish("eth", tmp_path / "p"), tmp_path / "ETHZ")
    find_dataset("eth").normalise(folder)
    file = tmp_path / "ETHZ/labels_with_ids/eth01/image_00000000_0.txt"
    file.write_text(file.read_text() + "0 -1 3 0.5 0.1 0.1\n")
    code, out, _ = cstrack("verify", "eth", "--data", tmp_path)
    assert code == 1
    assert f"{file}, line 2: its box lies wholly outside the picture" in out
    assert f"cstrack download eth --fresh --data {tmp_path}" in out


def test_what_was_published_but_not_arranged_is_missing(
    cstrack: Run, tmp_path: Path
) -> None:
    unpack(publish("crowdhuman", tmp_path / "p"), tmp_path / "crowdhuman")
    code, out, _ = cstrack("verify", "crowdhuman", "--data", tmp_path)
    assert code == 0
    assert "cstrack download crowdhuman makes them of what is there" in out
    code, _, err = cstrack("verify", "prw", "--data", tmp_path)
    assert code == 2
    assert "cstrack download prw" in err


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "folder"),
    [("mot15", "mot15"), ("mot16", "mot16-half-res")],
)
def test_the_real_data_passes(
    cstrack: Run, real_data: Path, name: str, folder: str
) -> None:
    code, out, _ = cstrack("verify", name, "--data", real_data / folder)
    assert code == 0
    assert "100 / 100 / 100 on 2 sequences" in out
