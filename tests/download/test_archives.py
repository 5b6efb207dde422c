"""Archives into a folder and nowhere else, whoever packed them."""

import io
import random
import shutil
import stat
import struct
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cstrack_bench.download.archives import (
    ArchiveLimits,
    BadArchiveError,
    group_archives,
    is_archive,
    unpack,
)
from tests.download.sites import zipped

FILES = {
    "a/one.txt": b"1\n",
    "a/b/two.bin": random.Random(0).randbytes(90_000),
    "three.bin": random.Random(1).randbytes(150_000),
}


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def content_of(folder: Path) -> dict[str, bytes]:
    return {
        f.relative_to(folder).as_posix(): f.read_bytes()
        for f in folder.rglob("*")
        if f.is_file()
    }


def tarred(entries: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
def test_each_kind_of_archive(tmp_path: Path, mode: str) -> None:
    packed = zipped(FILES) if mode == "zip" else tarred(FILES, mode)
    archive = put(tmp_path / "a.archive", packed)
    seen: list[int] = []
    unpack([archive], tmp_path / "out", report=lambda done, _: seen.append(done))
    assert content_of(tmp_path / "out") == FILES
    assert seen[-1] == sum(map(len, FILES.values()))


def test_what_file_managers_leave_behind_stays_there(tmp_path: Path) -> None:
    packed = zipped({"a": b"1", "__MACOSX/._a": b"2", "b/.DS_Store": b"3"})
    unpack([put(tmp_path / "a.zip", packed)], tmp_path / "out")
    assert content_of(tmp_path / "out") == {"a": b"1"}


OUTSIDE = [
    *("../evil", "a/../../evil", "/elsewhere/evil", "..\\evil", "C:\\evil", "C:evil"),
    *("a/..", "\\\\host\\evil"),
]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_place_outside_is_refused(
    tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes], name: str
) -> None:
    archive = put(tmp_path / "a.archive", pack({"good": b"1", name: b"2"}))
    before = sorted(tmp_path.parent.rglob("*evil*"))
    with pytest.raises(BadArchiveError, match="outside of its folder"):
        unpack([archive], tmp_path / "deep" / "out")
    assert sorted(tmp_path.parent.rglob("*evil*")) == before


KINDS = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]


@pytest.mark.parametrize("kind", KINDS)
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("a")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(BadArchiveError, match="a link or a device"):
        unpack([put(tmp_path / "a.tar", buffer.getvalue())], tmp_path / "out")
    assert not (tmp_path / "out" / "a").exists()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused_before_anything_is_written(
    tmp_path: Path, kind: int
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("first", b"1")
        info = zipfile.ZipInfo("a")
        info.create_system, info.external_attr = 3, (kind | 0o777) << 16
        archive.writestr(info, "/etc")
        archive.writestr("a/passwd", b"2")
    with pytest.raises(BadArchiveError, match="a link or a device"):
        unpack([put(tmp_path / "a.zip", buffer.getvalue())], tmp_path / "out")
    assert content_of(tmp_path / "out") == {}


@pytest.mark.parametrize("pack", [zipped, lambda e: tarred(e, "w:gz")])
def test_a_bomb_is_not_unpacked(
    tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    limits = ArchiveLimits(ratio=100, always_allowed=1000)
    archive = put(tmp_path / "a.archive", pack({"zeros": bytes(3_000_000)}))
    with pytest.raises(BadArchiveError, match="would become"):
        unpack([archive], tmp_path / "out", limits)
    written = sum(map(len, content_of(tmp_path / "out").values()))
    # A tar says nothing beforehand: it is stopped a piece beyond what is allowed.
    assert written <= archive.stat().st_size * 100 + (1 << 20)


def test_limits_of_all_bytes_and_of_entries(tmp_path: Path) -> None:
    archive = put(tmp_path / "a.zip", zipped(FILES))
    with pytest.raises(BadArchiveError, match="would become"):
        unpack([archive], tmp_path / "out", ArchiveLimits(total=10_000))
    with pytest.raises(BadArchiveError, match="more than 2 entries"):
        unpack([archive], tmp_path / "out", ArchiveLimits(entries=2))


def test_an_ordinary_archive_of_labels_is_no_bomb(tmp_path: Path) -> None:
    row = b"0 -1 0.512345 0.412345 0.112345 0.212345\n" * 20_000
    unpack([put(tmp_path / "a.zip", zipped({"a": row}))], tmp_path / "out")
    assert content_of(tmp_path / "out") == {"a": row}


CUTS = (0.1, 0.5, 0.9, 0.999)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("mode", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
def test_a_truncated_archive_is_damaged(tmp_path: Path, mode: str, cut: float) -> None:
    packed = zipped(FILES) if mode == "zip" else tarred(FILES, mode)
    if mode == "w":
        # Behind the last file of a tar lie zeros that nobody misses.
        packed = packed.rstrip(b"\0")
    archive = put(tmp_path / "a.archive", packed[: int(len(packed) * cut)])
    with pytest.raises(BadArchiveError, match="is damaged"):
        unpack([archive], tmp_path / "out")


def test_a_tar_cut_between_two_files_is_damaged(tmp_path: Path) -> None:
    packed = tarred({"a": b"1" * 512, "b": b"2" * 512})
    with pytest.raises(BadArchiveError, match="its end is missing"):
        unpack([put(tmp_path / "a.tar", packed[:1024])], tmp_path / "out")


@pytest.mark.parametrize("mode", ["zip", "w:gz"])
def test_a_wrong_byte_is_damage(tmp_path: Path, mode: str) -> None:
    packed = bytearray(zipped(FILES) if mode == "zip" else tarred(FILES, mode))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(BadArchiveError, match="is damaged"):
        unpack([put(tmp_path / "a.archive", bytes(packed))], tmp_path / "out")


def test_a_file_within_a_file_is_refused(tmp_path: Path) -> None:
    archive = put(tmp_path / "a.zip", zipped({"a": b"1", "a/b": b"2"}))
    with pytest.raises(BadArchiveError, match="within a file"):
        unpack([archive], tmp_path / "out")


def test_parts_belong_together_and_others_do_not() -> None:
    names = ("c.zip", "a.zip", "c.z01", "b.odgt", "C.z02")
    groups = group_archives([Path(name) for name in names])
    found = [tuple(file.name for file in group) for group in groups]
    assert found == [("c.zip", "c.z01", "C.z02"), ("a.zip",), ("b.odgt",)]


def test_archives_are_known_by_name_or_content(tmp_path: Path) -> None:
    assert is_archive(put(tmp_path / "a.tar", b""))
    assert is_archive(put(tmp_path / "renamed", zipped({})))
    assert not is_archive(put(tmp_path / "a.odgt", b'{"ID": 1}'))


def split(packed: bytes, size: int, folder: Path) -> list[Path]:
    """What ``zip -s`` makes: parts, and places by part and offset in the directory."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        offsets = [info.header_offset for info in archive.infolist()]
        directory = archive.start_dir
    whole = bytearray(b"PK\x07\x08" + packed)
    at = directory + 4
    for offset in offsets:
        name, extra, comment = struct.unpack_from("<3H", whole, at + 28)
        struct.pack_into("<H", whole, at + 34, (offset + 4) // size)
        struct.pack_into("<I", whole, at + 42, (offset + 4) % size)
        at += 46 + name + extra + comment
    disks = divmod(directory + 4, size)
    last = len(whole) // size
    struct.pack_into("<2H", whole, at + 4, last, disks[0])
    struct.pack_into("<I", whole, at + 16, disks[1])
    names = [f"c.z{n:02}" for n in range(1, last + 1)] + ["c.zip"]
    return [
        put(folder / name, bytes(whole[n * size : (n + 1) * size]))
        for n, name in enumerate(names)
    ]


# The first size has the directory begin in one part and end in the next.
@pytest.mark.parametrize(("size", "count"), [(-60, 2), (100_000, 3), (70_001, 4)])
def test_a_zip_in_parts_in_any_order(tmp_path: Path, size: int, count: int) -> None:
    packed = zipped(FILES)
    size = size if size > 0 else len(packed) + size
    parts = split(packed, size, tmp_path)
    assert len(parts) == count
    random.Random(size).shuffle(parts)
    unpack(parts, tmp_path / "out")
    assert content_of(tmp_path / "out") == FILES


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_zip_that_lacks_a_part_is_damaged(tmp_path: Path, missing: int) -> None:
    parts = split(zipped(FILES), 100_000, tmp_path)
    del parts[missing]
    with pytest.raises(BadArchiveError, match="is damaged"):
        unpack(parts, tmp_path / "out")


@pytest.mark.skipif(not shutil.which("zip"), reason="zip is not installed")
@pytest.mark.parametrize("options", [[], ["-fz"]])
def test_what_zip_itself_splits(tmp_path: Path, options: list[str]) -> None:
    for name, content in FILES.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "parts").mkdir()
    command = ["zip", "-q", "-r", "-s", "64k", *options, "../parts/c.zip", "."]
    subprocess.run(command, cwd=tmp_path / "in", check=True)
    parts = sorted((tmp_path / "parts").iterdir())
    assert len(parts) == 4
    unpack(parts, tmp_path / "out")
    assert content_of(tmp_path / "out") == FILES
