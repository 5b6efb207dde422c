"""A zip in several parts (``.z01``, ``.z02`` … ``.zip``) as one file.

Its central directory gives positions by part and offset in that part, which the
standard library does not follow. So the parts are read one behind the other, and the
last part's directory is replaced by one with positions in the whole. (APPNOTE.TXT, 4.3
and 4.4.)
"""

import bisect
import collections.abc as abc
import io
import itertools
import struct
from pathlib import Path
from typing import BinaryIO

_LOCAL = b"PK\x03\x04"
_ENTRY = struct.Struct("<4s6H3I5H2I")  # of the central directory
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_LONGEST_COMMENT = 0xFFFF
_MOST_ORDERS = 720
_ZIP64, _IN_EXTRA, _IN_EXTRA_SHORT = 1, 0xFFFFFFFF, 0xFFFF


class BadSplitError(ValueError):
    """The parts do not make an archive."""


class Joined(io.RawIOBase):
    """Parts one behind the other, and bytes behind them, as one seekable file."""

    def __init__(self, parts: abc.Sequence[Path], stop: int, tail: bytes) -> None:
        """Args:
        parts: in order.
        stop: where the parts' bytes end and the tail begins.
        tail: what comes then.
        """
        self._files: list[BinaryIO] = [part.open("rb") for part in parts]
        self._starts = _starts(parts)
        self._stop, self._tail, self._at = stop, tail, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The position in the whole."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position in the whole."""
        end = self._stop + len(self._tail)
        self._at = max({0: 0, 1: self._at, 2: end}[whence] + offset, 0)
        return self._at

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        """Read up to the end of a part."""
        if self._at >= self._stop:
            begin = self._at - self._stop
            data = self._tail[begin : begin + len(buffer)]
        else:
            number = bisect.bisect_right(self._starts, self._at) - 1
            file = self._files[number]
            file.seek(self._at - self._starts[number])
            data = file.read(min(len(buffer), self._stop - self._at))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """Close all parts."""
        for file in self._files:
            file.close()
        super().close()


def join(parts: abc.Sequence[Path]) -> io.BufferedReader:
    """All parts of an archive as one file that ``zipfile`` reads.

    Args:
        parts: in any order: which is which is found out from their content.

    Raises:
        BadSplitError: one is missing, damaged or of another archive.
    """
    last = [part for part in parts if _find_end(part) is not None]
    if len(last) != 1:
        raise BadSplitError("there is no part with the directory, or more than one")
    others = sorted(part for part in parts if part != last[0])
    orders = itertools.permutations(others)
    # The first of all orders is that of their names.
    for order in itertools.islice(orders, _MOST_ORDERS):
        try:
            return _joined([*order, last[0]])
        except BadSplitError:
            continue
    raise BadSplitError("a part is missing, damaged or of another archive")


def _starts(parts: abc.Sequence[Path]) -> list[int]:
    sizes = [part.stat().st_size for part in parts]
    return [0, *itertools.accumulate(sizes[:-1])]


def _joined(parts: abc.Sequence[Path]) -> io.BufferedReader:
    starts = _starts(parts)
    count, size, begin = _directory(parts, starts)
    with io.BufferedReader(Joined(parts, begin + size, b"")) as whole:
        whole.seek(begin)
        entries = list(_entries(whole.read(size), starts))
        if len(entries) != count:
            raise BadSplitError("its directory is damaged")
        for _, position in entries:
            whole.seek(position)
            if whole.read(len(_LOCAL)) != _LOCAL:
                raise BadSplitError("an entry is not where the directory says")
    directory = b"".join(entry for entry, _ in entries)
    end64 = _END64.pack(
        b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(directory), begin
    )
    locator = _LOCATOR.pack(b"PK\x06\x07", 0, begin + len(directory), 1)
    most = _IN_EXTRA_SHORT
    end = _END.pack(b"PK\x05\x06", 0, 0, most, most, _IN_EXTRA, _IN_EXTRA, 0)
    tail = directory + end64 + locator + end
    return io.BufferedReader(Joined(parts, begin, tail), 1 << 20)


def _find_end(part: Path) -> tuple[int, bytes] | None:
    """Where the end record is, and all from the locator before it on."""
    with part.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        begin = max(size - _END.size - _LONGEST_COMMENT - _LOCATOR.size, 0)
        file.seek(begin)
        data = file.read()
    at = data.rfind(b"PK\x05\x06")
    if at < 0 or len(data) - at < _END.size:
        return None
    return begin + at, data[max(at - _LOCATOR.size, 0) :]


def _directory(parts: abc.Sequence[Path], starts: list[int]) -> tuple[int, int, int]:
    """Entries, bytes and position in the whole of the central directory."""
    found = _find_end(parts[-1])
    assert found is not None, "asked for parts whose last has no end"
    position, data = found
    before = min(position, _LOCATOR.size)
    _, _, disk, _, count, size, offset, _ = _END.unpack_from(data, before)
    wide = _IN_EXTRA in (size, offset) or _IN_EXTRA_SHORT in (disk, count)
    if wide and before == _LOCATOR.size and data[:4] == b"PK\x06\x07":
        _, number, there, _ = _LOCATOR.unpack_from(data)
        if number >= len(parts):
            raise BadSplitError("a part is missing")
        with parts[number].open("rb") as file:
            file.seek(there)
            record = file.read(_END64.size)
        if len(record) < _END64.size or record[:4] != b"PK\x06\x06":
            raise BadSplitError("its end is damaged")
        _, _, _, _, _, disk, _, count, size, offset = _END64.unpack(record)
    if disk >= len(parts):
        raise BadSplitError("a part is missing")
    return count, size, starts[disk] + offset


def _entries(directory: bytes, starts: list[int]) -> abc.Iterator[tuple[bytes, int]]:
    """Each entry with its position in the whole written into it, and that position."""
    at = 0
    while at + _ENTRY.size <= len(directory):
        fields = list(_ENTRY.unpack_from(directory, at))
        if fields[0] != b"PK\x01\x02":
            raise BadSplitError("its directory is damaged")
        name, extra, comment = fields[10:13]
        begin = at + _ENTRY.size
        at = begin + name + extra + comment
        rest, wide = _split_extra(directory[begin + name : begin + name + extra])
        values = iter(struct.unpack(f"<{len(wide) // 8}Q", wide[: len(wide) // 8 * 8]))
        try:
            full = next(values) if fields[9] == _IN_EXTRA else fields[9]
            packed = next(values) if fields[8] == _IN_EXTRA else fields[8]
            offset = next(values) if fields[16] == _IN_EXTRA else fields[16]
        except StopIteration:
            raise BadSplitError("its directory is damaged") from None
        disk = fields[13]
        if disk == _IN_EXTRA_SHORT:
            (disk,) = struct.unpack("<I", wide[-4:])
        if disk >= len(starts):
            raise BadSplitError("a part is missing")
        position = starts[disk] + offset
        inside = struct.pack("<2H3Q", _ZIP64, 24, full, packed, position)
        fields[8] = fields[9] = fields[16] = _IN_EXTRA
        fields[11], fields[12], fields[13] = len(inside) + len(rest), 0, 0
        yield (
            _ENTRY.pack(*fields) + directory[begin : begin + name] + inside + rest,
            position,
        )


def _split_extra(extra: bytes) -> tuple[bytes, bytes]:
    """All extra fields but ZIP64's, and the content of that."""
    rest, wide, at = b"", b"", 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == _ZIP64:
            wide = extra[at + 4 : at + 4 + size]
        else:
            rest += extra[at : at + 4 + size]
        at += 4 + size
    return rest, wide
