"""Packing: a tracker's MOT files become the zip that a server takes.

MOT17 wants the results of each sequence three times, once for each public detector. A
tracker with its own detector has one result for the three, which is then written under
all three names (docs/submit.md#mot17).
"""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from cstrack_bench.errors import InputError
from cstrack_bench.files import replacing
from cstrack_bench.formats.mot_files import read_tracks, write_tracks
from cstrack_bench.formats.result_files import find_result_files
from cstrack_bench.submission.benchmarks import Benchmark, split_name
from cstrack_bench.submission.zip_check import (
    LARGEST_FILE,
    SubmissionCheck,
    check_submission,
)

# MOT16 and MOT17 have the same pictures under two names.
_SAME_PICTURES = {"MOT16": "MOT17", "MOT17": "MOT16"}
# The tracks of a run, beside its record ``seed0.json``.
_KEPT = ".tracks.zip"
# A zip's own least date: equal results make an equal file.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Sources:
    """Which result file is written for each sequence.

    Attributes:
        files: sequence -> the file that its results come from.
        copied: for whose boxes (``SDP``) or under which name (``MOT17``) the results
            were found that stand for others too; empty where each has its own.
        unused: files of no sequence, by name.
    """

    files: dict[str, Path]
    copied: str
    unused: tuple[str, ...]


@contextmanager
def opened_results(results: Path) -> Iterator[dict[str, Path]]:
    """Stem -> result file, of a folder or of a zip unpacked for the time being.

    Args:
        results: a folder of ``SEQUENCE.txt`` files, a zip with such, or the record of a
            run, beside which its tracks are kept.

    Raises:
        InputError: it is absent, holds none, or one name twice.
    """
    if results.suffix == ".json":
        kept = results.with_name(f"{results.stem}{_KEPT}")
        if not kept.is_file():
            raise InputError(f"No tracks are kept beside {results} ({kept.name}).")
        results = kept
    if results.is_file() and zipfile.is_zipfile(results):
        with tempfile.TemporaryDirectory() as folder:
            yield _unpacked(results, Path(folder))
    elif results.is_file():
        raise InputError(f"{results} is neither a folder of result files nor a zip.")
    else:
        yield find_result_files(results)


def _unpacked(results: Path, folder: Path) -> dict[str, Path]:
    """The text files of a zip, of the folder in it that lies highest.

    A run's tracks have those of other trackers on the same boxes in folders below.
    """
    files: dict[str, Path] = {}
    with zipfile.ZipFile(results) as archive:
        members = [
            (PurePosixPath(info.filename), info)
            for info in archive.infolist()
            if info.filename.endswith(".txt") and "__MACOSX" not in info.filename
        ]
        depth = min((len(name.parts) for name, _ in members), default=0)
        for name, info in members:
            if len(name.parts) > depth:
                continue
            if name.stem in files:
                raise InputError(f"{results} has {name.name} more than once.")
            if info.file_size > LARGEST_FILE:
                raise InputError(
                    f"{info.filename} in {results} unpacks to more than "
                    f"{LARGEST_FILE // 2**20} MiB."
                )
            files[name.stem] = folder / name.name
            try:
                files[name.stem].write_bytes(archive.read(info))
            except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
                raise InputError(
                    f"{info.filename} in {results} cannot be unpacked: {error}."
                ) from error
    if not files:
        raise InputError(f"{results} holds no result files (SEQUENCE.txt).")
    return files


def choose_sources(
    files: Mapping[str, Path], benchmark: Benchmark, detector: str | None = None
) -> Sources:
    """Find the results of every sequence of a benchmark.

    Args:
        files: stem -> file.
        benchmark: that is submitted to.
        detector: whose results are written for all three, where there are several;
            MOT17 alone.

    Raises:
        InputError: results are missing, or more than one could be meant (says what is
            there).
    """
    if detector is not None and detector not in ("DPM", "FRCNN", "SDP"):
        raise InputError(f"--detector takes DPM, FRCNN or SDP, not {detector!r}.")
    if detector is None and benchmark.lengths.keys() <= files.keys():
        chosen = {name: files[name] for name in benchmark.lengths}
        return Sources(chosen, "", _unused(files, chosen))
    variants = {scene: _variants(scene, files) for scene in benchmark.scenes}
    _check_complete(variants, benchmark, files)
    kinds = set.intersection(*(set(found) for found in variants.values()))
    if detector is not None:
        kinds = {kind for kind in kinds if kind.endswith(detector)}
    elif {kind for found in variants.values() for kind in found} != kinds:
        raise InputError(_ambiguous(variants, benchmark))
    own = {kind for kind in kinds if kind.startswith(benchmark.title)}
    kinds = own or kinds
    if len(kinds) != 1:
        raise InputError(_ambiguous(variants, benchmark))
    kind = kinds.pop()
    chosen = {
        name: variants[scene][kind]
        for scene, names in benchmark.scenes.items()
        for name in names
    }
    return Sources(chosen, kind, _unused(files, chosen))


def _unused(files: Mapping[str, Path], chosen: Mapping[str, Path]) -> tuple[str, ...]:
    used = set(chosen.values())
    return tuple(sorted(stem for stem, file in files.items() if file not in used))


def _variants(scene: str, files: Mapping[str, Path]) -> dict[str, Path]:
    """Results of the same frames: ``MOT17``, ``MOT17-SDP``, ``MOT16`` … -> file."""
    title, _, number = scene.partition("-")
    titles = {title, _SAME_PICTURES.get(title, title)}
    found = {}
    for stem, file in files.items():
        base, detector = split_name(stem)
        own, _, rest = base.partition("-")
        if (stem == scene) or (own in titles and rest == number):
            found[own + (f"-{detector}" if detector else "")] = file
    return found


def _check_complete(
    variants: Mapping[str, Mapping[str, Path]],
    benchmark: Benchmark,
    files: Mapping[str, Path],
) -> None:
    absent = [scene for scene, found in variants.items() if not found]
    if not absent:
        return
    there = ", ".join(sorted(files)[:6]) + (" …" if len(files) > 6 else "")
    wanted = "train and test" if benchmark.training else "test"
    raise InputError(
        f"{benchmark.title} takes results of all of {wanted}; {len(absent)} of "
        f"{len(variants)} sequences have none: {', '.join(absent)} (there: {there})."
    )


def _ambiguous(variants: Mapping[str, Mapping[str, Path]], benchmark: Benchmark) -> str:
    counts: dict[str, int] = {}
    for found in variants.values():
        for kind in found:
            counts[kind] = counts.get(kind, 0) + 1
    listed = ", ".join(f"{count} of {kind}" for kind, count in sorted(counts.items()))
    return (
        f"Which results stand for the {len(variants)} sequences of {benchmark.title} "
        f"is not clear (there: {listed}); name one with --detector, or give a folder "
        "with one set."
    )


def pack_submission(
    sources: Sources, benchmark: Benchmark, output: Path
) -> SubmissionCheck:
    """Write the zip of a submission: checked, or not at all.

    Rows are sorted and have ten columns, whatever the results had; equal results give
    an equal zip.

    Args:
        sources: the results.
        benchmark: that it is for.
        output: the zip.

    Returns:
        What the check found: no faults.

    Raises:
        InputError: results that are malformed or that the server would refuse.
        CstrackError: the file system refused.
    """
    texts: dict[Path, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "tracks.txt"
        for file in dict.fromkeys(sources.files.values()):
            table = read_tracks(file)
            if benchmark.ending:
                # The format has no scores: the seventh column is 1 in every row.
                table = replace(table, scores=np.ones(len(table)))
            write_tracks(scratch, table)
            texts[file] = scratch.read_bytes()
    with replacing(output) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:
            for name, file in sorted(sources.files.items()):
                info = zipfile.ZipInfo(f"{name}.txt", _NO_DATE)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.create_system = 3  # the same on every system
                info.external_attr = 0o644 << 16
                archive.writestr(info, texts[file])
        found = check_submission(temporary, benchmark)
        if found.faults:
            first, more = found.faults[0], len(found.faults) - 1
            where = first.location.replace(str(temporary), output.name)
            rest = f" ({more} more)" if more else ""
            raise InputError(f"{where}: {first.what}{rest}; nothing was written.")
    return found
