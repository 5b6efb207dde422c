"""Small submissions: two boxes a frame in the first frames of every sequence."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

from cstrack_bench.submission.benchmarks import Benchmark, find_benchmark

MOT17 = find_benchmark("mot17", Path("absent"))
MOT20 = find_benchmark("mot20", Path("absent"))


def rows(frames: int = 3, ids: tuple[int, ...] = (1, 2)) -> str:
    """Rows of a result file that no server refuses."""
    return "".join(
        f"{frame},{i},{10 * i}.5,20,30,60,0.9,-1,-1,-1\n"
        for frame in range(1, frames + 1)
        for i in ids
    )


def contents(benchmark: Benchmark) -> dict[str, bytes]:
    """File name -> content of a submission without a fault."""
    return {f"{name}.txt": rows().encode() for name in benchmark.lengths}


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """A zip of these files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_results(folder: Path, names: list[str], text: str | None = None) -> Path:
    """A folder of result files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.txt").write_text(rows() if text is None else text)
    return folder
