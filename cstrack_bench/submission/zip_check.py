"""The check of a submission's zip: its files by name, then the rows of each."""

import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cstrack_bench import console
from cstrack_bench.errors import InputError
from cstrack_bench.files import sha256
from cstrack_bench.submission.benchmarks import Benchmark, split_name
from cstrack_bench.submission.row_rules import check_rows
from cstrack_bench.verification.faults import Fault

#: Bytes that one file may unpack to; a good result of MOT20-05 has a third of it.
LARGEST_FILE = 128 * 2**20
#: What is said of a file that is none.
NO_ZIP = "is no zip archive, or its list of files is damaged"
_SYSTEM_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
# Names listed in a sentence before the rest is only counted.
_NAMED = 4


@dataclass(frozen=True)
class SubmissionCheck:
    """What a server would say of a zip.

    Attributes:
        benchmark: whose rules.
        sha256: of the zip.
        files: result files of the benchmark in it.
        rows: boxes in them.
        faults: what a server refuses; none where all is well.
        remarks: what it takes, but may not be meant.
    """

    benchmark: Benchmark
    sha256: str
    files: int
    rows: int
    faults: tuple[Fault, ...]
    remarks: tuple[str, ...]


def check_submission(path: Path, benchmark: Benchmark) -> SubmissionCheck:
    """Replay a server's rules over a zip.

    Args:
        path: of the zip.
        benchmark: that it is for.

    Raises:
        InputError: there is no such file.
    """
    if not path.is_file():
        raise InputError(f"No such file: {path}.")
    digest = sha256(path)
    try:
        with zipfile.ZipFile(path) as archive:
            faults, entries = _sort_entries(path, archive, benchmark)
            rows, more, empty = _check_files(path, archive, entries, benchmark)
            faults += more
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError) as error:
        what = NO_ZIP
        if isinstance(error, OSError):
            what = f"cannot be read: {error.strerror or error}"
        return SubmissionCheck(benchmark, digest, 0, 0, (Fault(str(path), what),), ())
    remarks = []
    if not rows and not faults:
        faults.append(Fault(str(path), "has no row in any of its files"))
    elif empty:
        remarks.append(f"without a row: {_listed(empty)}")
    return SubmissionCheck(
        benchmark, digest, len(entries), rows, tuple(faults), tuple(remarks)
    )


def names_in(path: Path) -> list[str]:
    """Stems of the files in a zip; none where it is no zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [PurePosixPath(name).stem for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError):
        return []


def _sort_entries(
    path: Path, archive: zipfile.ZipFile, benchmark: Benchmark
) -> tuple[list[Fault], dict[str, zipfile.ZipInfo]]:
    """What is wrong with the entries, and the result file of each sequence."""
    if not archive.namelist():
        return [Fault(str(path), "is empty")], {}
    wrong: dict[str, list[str]] = {}
    entries: dict[str, zipfile.ZipInfo] = {}
    folders: Counter[str] = Counter()
    broken: set[str] = set()
    for info in archive.infolist():
        name = PurePosixPath(info.filename)
        sequence, about_name = _sequence_of(name.name, benchmark)
        what = _entry_fault(info, name)
        if what is not None:
            # It is named as what it is, and not as missing too.
            broken |= {sequence} if sequence else set()
        elif info.is_dir():
            folders[str(name)] += 0
        else:
            what = about_name
            if len(name.parts) > 1:
                folders[str(name.parent)] += 1
            if sequence in entries:
                what = "is in the zip twice"
            elif sequence is not None:
                entries[sequence] = info
        if what is not None:
            wrong.setdefault(what, []).append(f"{path}: {_shown(info.filename)}")
    faults = []
    for what, locations in wrong.items():
        more = len(locations) - 1
        rest = f" (and {more} more file{'s' * (more > 1)})" if more else ""
        faults.append(Fault(locations[0], what + rest))
    for folder, what in _folder_faults(folders):
        faults.append(Fault(f"{path}: {_shown(folder)}/", what))
    found = entries.keys() | broken
    faults += [Fault(str(path), what) for what in _missing(found, benchmark)]
    return faults, entries


def _folder_faults(folders: Mapping[str, int]) -> list[tuple[str, str]]:
    """Folders with files in them, and folders without anything in them."""
    found = []
    for folder, count in sorted(folders.items()):
        if count:
            what = f"is a folder of {count} files; all files lie at the top of the zip"
            found.append((folder, what))
        elif not any(other.startswith(f"{folder}/") for other in folders):
            found.append((folder, "is an empty folder; the zip holds files alone"))
    return found


def _entry_fault(info: zipfile.ZipInfo, name: PurePosixPath) -> str | None:
    """What is wrong with an entry, whatever it is called."""
    if name.is_absolute() or ".." in name.parts or "\\" in info.filename:
        return "has a path that leads out of the zip"
    hidden = name.name.startswith("._") or name.name in _SYSTEM_FILES
    if "__MACOSX" in name.parts or hidden:
        return "was put into the zip by the operating system; leave it out"
    if info.flag_bits & 1:
        return "is encrypted"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link, not a file"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed by another method than deflate"
    if info.file_size > LARGEST_FILE:
        return f"unpacks to more than {LARGEST_FILE // 2**20} MiB"
    return None


def _sequence_of(name: str, benchmark: Benchmark) -> tuple[str | None, str | None]:
    """The sequence that a file is of, and what is wrong with its name."""
    stem, _, suffix = name.rpartition(".")
    lengths = benchmark.lengths
    if suffix == "txt" and stem in lengths:
        return stem, None
    alike = {sequence.casefold(): sequence for sequence in lengths}
    sequence = alike.get(stem.casefold())
    if sequence is not None and suffix.casefold() == "txt":
        return sequence, f"has to be called {sequence}.txt, letter by letter"
    if sequence is not None:
        return sequence, f"is no .txt file; it has to be called {sequence}.txt"
    if stem in benchmark.scenes and benchmark.detectors:
        wanted = ", ".join(f"{stem}-{d}.txt" for d in benchmark.detectors)
        return None, f"does not name its detector; {benchmark.title} takes {wanted}"
    if suffix != "txt":
        return None, "is no result file; leave it out"
    title = stem.partition("-")[0]
    if title in ("MOT15", "MOT16", "MOT17", "MOT20") and title != benchmark.title:
        return None, f"is of another benchmark than {benchmark.title}"
    return None, f"is of no sequence of {benchmark.title}"


def _missing(found: Collection[str], benchmark: Benchmark) -> list[str]:
    """Which sequences have no file: a whole detector, test ones, training ones."""
    absent = [name for name in benchmark.lengths if name not in found]
    if not absent:
        return []
    if len(absent) == len(benchmark.lengths):
        return [f"has no file of {benchmark.title}"]
    sentences = []
    for detector in benchmark.detectors:
        own = [n for n in benchmark.lengths if split_name(n)[1] == detector]
        if set(own) <= set(absent):
            sentences.append(f"lacks all {len(own)} files of detector {detector}")
            absent = [name for name in absent if name not in own]
    for what, names in (("test", benchmark.testing), ("training", benchmark.training)):
        lacking = [name for name in absent if name in names]
        if lacking:
            sentences.append(
                f"lacks {len(lacking)} of {len(names)} {what} sequences: "
                f"{_listed(lacking)}"
            )
    return sentences


def _check_files(
    path: Path,
    archive: zipfile.ZipFile,
    entries: Mapping[str, zipfile.ZipInfo],
    benchmark: Benchmark,
) -> tuple[int, list[Fault], list[str]]:
    """Rows of all files, their faults, and the files without a row."""
    rows, faults, empty = 0, [], []
    with console.progress() as bar:
        for name, info in bar.track(entries.items(), description="checking"):
            location = f"{path}: {_shown(info.filename)}"
            try:
                content = archive.read(info)
            except (zipfile.BadZipFile, zlib.error, EOFError):
                faults.append(Fault(location, "is damaged and cannot be unpacked"))
                continue
            checked = check_rows(content, benchmark.lengths[name], benchmark)
            rows += checked.rows
            if not checked.rows and not checked.faults:
                empty.append(info.filename)
            for fault in checked.faults:
                where = f"{location}, line {fault.line}" if fault.line else location
                faults.append(Fault(where, str(fault)))
    return rows, faults, empty


def _shown(name: str) -> str:
    """A name from a zip, without signs that move a terminal's cursor."""
    return "".join(sign if sign.isprintable() else "?" for sign in name)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    text = ", ".join(names[:_NAMED])
    return f"{text} and {more} more" if more > 0 else text
