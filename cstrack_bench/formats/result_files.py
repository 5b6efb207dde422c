"""Result files: where in a folder a tracker's ``SEQUENCE.txt`` files lie."""

from collections.abc import Collection, Iterable
from pathlib import Path

from cstrack_bench.errors import InputError
from cstrack_bench.files import check_regular

_SUFFIX = ".txt"
_SHOWN = 5


def find_result_files(results: Path, names: Collection[str] = ()) -> dict[str, Path]:
    """Sequence name -> result file.

    Args:
        results: one file, a folder of files, or a folder with ``data/`` of them, as the
            official kit has it; either may lie one folder deeper, as in a zip.
        names: of the sequences that are asked for. Of several folders that with the
            most of them is taken, and a file's name in another case is theirs; by
            default the first folder with any such file.

    Raises:
        InputError: it is absent, holds none, or has them in several folders.
    """
    if not results.exists():
        raise InputError(f"No such file or folder: {results}.")
    if not results.is_dir():
        check_regular(results)
        return {results.stem: results}
    near = _filled((results, results / "data"), names)
    below = sorted(entry for entry in results.iterdir() if entry.is_dir())
    if not any(_matches(files, names) for files in near.values()):
        deeper = _filled((f for d in below for f in (d, d / "data")), names)
        found = {f: files for f, files in deeper.items() if _matches(files, names)}
        if len(found) > 1:
            listed = ", ".join(str(folder) for folder in found)
            raise InputError(f"{results} has results in several folders: {listed}.")
        near = found or near
    if near:
        return max(near.values(), key=lambda files: _matches(files, names))
    there = sorted(e.name for e in results.iterdir() if not e.name.startswith("."))
    listed = ", ".join(there[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
    hint = f"; it has {listed}" if there else ""
    raise InputError(f"{results} holds no result files (SEQUENCE.txt){hint}.")


def _matches(files: dict[str, Path], names: Collection[str]) -> int:
    """How many of the names have a file; where none are asked for, how many files."""
    return len(set(names) & files.keys()) if names else len(files)


def _filled(
    folders: Iterable[Path], names: Collection[str]
) -> dict[Path, dict[str, Path]]:
    """The result files of each folder that has any."""
    found = {folder: _files(folder, names) for folder in folders}
    return {folder: files for folder, files in found.items() if files}


def _files(folder: Path, names: Collection[str]) -> dict[str, Path]:
    exact = set(names)
    small = {name.casefold(): name for name in names}
    files: dict[str, Path] = {}
    for file in sorted(folder.glob(f"*{_SUFFIX}")):
        # macOS archives leave a twin of each file named ._NAME.txt.
        if file.name.startswith("."):
            continue
        known = file.stem in exact or not names
        name = file.stem if known else small.get(file.stem.casefold(), file.stem)
        if file.stem == name or name not in files:
            files[name] = file
    return files
