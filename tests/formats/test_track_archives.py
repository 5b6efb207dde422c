"""Archives of tracks: equal bytes for equal tracks, and damaged ones refused."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cstrack_bench.errors import InputError
from cstrack_bench.formats.track_archives import (
    read_track_archive,
    unpacked_tracks,
    write_track_archive,
)
from cstrack_bench.structures import TrackTable


def table(rows: int, seed: int) -> TrackTable:
    """Boxes with three decimals, which is what MOT files keep."""
    random = np.random.default_rng(seed)
    corners = np.round(random.uniform(0, 500, (rows, 2)), 3)
    sides = np.round(random.uniform(1, 90, (rows, 2)), 3)
    return TrackTable(
        np.arange(rows) // 3,
        np.arange(rows) + 1,
        np.concatenate([corners, corners + sides], axis=1),
        np.round(random.random(rows), 3),
    )


@given(st.lists(st.integers(0, 20), min_size=1, max_size=4))
def test_what_is_read_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    path = tmp_path_factory.mktemp("archive") / "seed0.tracks.zip"
    tables = {f"SYN-{i:02}": table(size, i) for i, size in enumerate(sizes)}
    tables |= {f"baselines/iou/{name}": found for name, found in tables.items()}
    write_track_archive(path, tables)
    read = read_track_archive(path)
    assert read.keys() == tables.keys()
    for name, found in read.items():
        assert np.array_equal(found.frames, tables[name].frames)
        assert np.array_equal(found.ids, tables[name].ids)
        assert np.allclose(found.boxes, tables[name].boxes, atol=1e-9)
        assert np.allclose(found.scores, tables[name].scores, atol=1e-9)


def test_equal_tracks_give_equal_bytes_in_any_order(tmp_path: Path) -> None:
    tables = {"B": table(9, 1), "A": table(5, 2)}
    write_track_archive(tmp_path / "one.zip", tables)
    write_track_archive(tmp_path / "two.zip", dict(reversed(tables.items())))
    first, second = (tmp_path / name for name in ("one.zip", "two.zip"))
    assert first.read_bytes() == second.read_bytes()
    assert zipfile.ZipFile(first).namelist() == ["A.txt", "B.txt"]


def test_a_table_that_no_mot_file_can_hold_leaves_no_archive(tmp_path: Path) -> None:
    good = table(2, 0)
    twice = TrackTable(np.zeros(2, int), np.ones(2, int), good.boxes, good.scores)
    with pytest.raises(InputError, match="is twice in frame 1"):
        write_track_archive(tmp_path / "seed0.tracks.zip", {"A": good, "B": twice})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "bits", "text", "absent"])
def test_a_damaged_archive_is_refused_in_a_sentence(
    tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "seed0.tracks.zip"
    write_track_archive(path, {"A": table(200, 0)})
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "bits":
        content[200:260] = bytes(60)
        path.write_bytes(content)
    elif damage == "text":
        path.write_text("1,1,0,0,10,10,1,-1,-1,-1\n")
    else:
        path.unlink()
    with pytest.raises(InputError, match=r"seed0.tracks.zip is not an archive"):
        read_track_archive(path)


@pytest.mark.parametrize("name", ["../A.txt", "/tmp/A.txt", "a\\..\\A.txt"])
def test_no_member_leaves_the_folder(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "1,1,0,0,10,10,1,-1,-1,-1\n")
    with pytest.raises(InputError, match="lies outside it"), unpacked_tracks(path):
        pass


def test_what_would_fill_the_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.zip"
    write_track_archive(path, {"A": table(3000, 0)})
    module = "cstrack_bench.formats.track_archives.LARGEST"
    monkeypatch.setattr(module, 2**16)
    with pytest.raises(InputError, match="unpacked it is larger"):
        read_track_archive(path)
