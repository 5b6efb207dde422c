"""Result files: where in a folder a tracker's ``SEQUENCE.txt`` files lie."""

from pathlib import Path

from cstrack_bench.errors import InputError


def find_result_files(results: Path) -> dict[str, Path]:
    """Sequence name -> result file.

    Args:
        results: one file, a folder of files, or a folder with ``data/`` of them, as the
            official kit has it.

    Raises:
        InputError: it is absent or holds none.
    """
    if results.is_file():
        return {results.stem: results}
    if not results.is_dir():
        raise InputError(f"No such file or folder: {results}.")
    for folder in (results, results / "data"):
        files = {file.stem: file for file in sorted(folder.glob("*.txt"))}
        if files:
            return files
    raise InputError(f"{results} holds no result files (SEQUENCE.txt).")
