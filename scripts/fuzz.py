"""Fuzz the parsers: mutated files must be read or refused in one sentence.

``python scripts/fuzz.py mot seqinfo --seconds 60 --seed 1``. A finding is any exception
but a ``CstrackError``, any warning, and any input that takes longer than 5 seconds. Its
file is kept in ``--keep`` (by default ``fuzz-findings/``), and the exit code is 1.
"""

import argparse
import io
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cstrack_bench.checkpoints.reading import read_state_dict
from cstrack_bench.download.catalogue import load_weights
from cstrack_bench.errors import CstrackError
from cstrack_bench.experiments.recipes import load_recipe
from cstrack_bench.formats.detection_files import read_detection_file
from cstrack_bench.formats.detection_forms import DetectionFormat
from cstrack_bench.formats.hieve_labels import HieveGroundTruth
from cstrack_bench.formats.mot_files import read_annotations, read_tracks
from cstrack_bench.formats.seqinfo import read_seqinfo

SLOWEST = 5.0
#: What breaks readers of text; each is put in somewhere.
TOKENS = [
    *(b"-1", b"0", b"1e19", b"1e309", b"nan", b"inf", b"1_0", b"9" * 40, b"-0.0", b"."),
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b",,", b"  ", b"\x1b[31m"),
    *(b"{", b"[", b"]", b"}", b": ", b"- ", b"*a", b"&a ", b"!!binary ", b"null", b"~"),
    *(b"<a>", b"</a>", b"&b;", b"<!ENTITY b 'c'>", b"extends: mine", b"=", b"%(x)s"),
]


@dataclass(frozen=True)
class Target:
    """A parser and well-formed inputs of it.

    Attributes:
        name: of the file that it reads.
        seeds: what is mutated.
        read: the parser, given the folder of the file.
    """

    name: str
    seeds: tuple[bytes, ...]
    read: Callable[[Path], object]


def _mot(folder: Path) -> None:
    file = folder / "a.txt"
    for read in (read_tracks, read_annotations):
        _try(lambda read=read: read(file))  # type: ignore[misc]
    for form in DetectionFormat:
        _try(lambda form=form: read_detection_file(file, form, (64, 48)))  # type: ignore[misc]


def _try(call: Callable[[], object]) -> None:
    try:
        call()
    except CstrackError:
        return


def _checkpoint() -> bytes:
    buffer = io.BytesIO()
    torch.save({"model": {"a.weight": torch.zeros(3, 2), "b": torch.ones(4)}}, buffer)
    return buffer.getvalue()


_RECIPE = Path(__file__).resolve().parents[1] / "recipes" / "table2.yaml"
_INFO = (
    b"[Sequence]\nname=A\nimDir=img1\nframeRate=30000/1001 ; rate\nseqLength=3\n"
    b"imWidth=64\nimHeight=48\nimExt=.png\n"
)
_XML = (
    b"<a><object><id>1</id><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax>"
    b"<ymax>9</ymax></bndbox></object></a>"
)
TARGETS = {
    "mot": Target(
        "a.txt",
        (
            b"1,1,10,20,30,40,1,1,0.5\n2,1,11,20,30,40,1,1,1\n1,2,50,20,30,40,0,7,1\n",
            b"1,-1,10,20,30,40,0.9\n1,-1,50,20,30,40,0.3\n2,-1,10,20,30,40,0.9\n",
            b"1 1 10 20 30 40 1 -1 -1 -1\n\n2 1 1.5 20 30 40 1 4.48 5.50 0\n",
            b'[{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}]',
        ),
        _mot,
    ),
    "seqinfo": Target(
        "seqinfo.ini", (_INFO,), lambda f: read_seqinfo(f / "seqinfo.ini")
    ),
    "recipe": Target(
        "mine.yaml",
        (
            b"extends: table2\nrows:\n  71: {name: mine, model: {ren: none}}\n",
            b"extends: table2\ntrain: {epochs: 2}\n"
            b"profiles:\n  twin: {nms: {iou: 0.5}}\n"
            b"rows:\n  71: {data: {mix: [{dataset: a, step: 2}]}}\n  72: {}\n",
            _RECIPE.read_bytes(),
        ),
        lambda folder: load_recipe("mine", folder).runs("smoke"),
    ),
    "catalogue": Target(
        "w.yaml",
        (
            b"a:\n  title: A\n  page: https://example.org/a\n  licence: MIT\n"
            b"  files: [{name: a.pt, bytes: 3, sha256: '00'}]\n",
        ),
        lambda folder: load_weights(folder / "w.yaml"),
    ),
    "checkpoint": Target(
        "w.pt", (_checkpoint(),), lambda folder: read_state_dict(folder / "w.pt")
    ),
    "hieve": Target("f_1.xml", (_XML,), lambda folder: HieveGroundTruth(folder).read()),
}


def mutate(seed: bytes, rng: random.Random) -> bytes:
    """A few random changes: bytes, cut, repeated, or put in from ``TOKENS``."""
    data = bytearray(seed)
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(data))
        end = min(len(data), at + rng.randint(0, 12))
        kind = rng.randrange(6)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] = rng.randrange(256)
        elif kind == 1:
            del data[at:end]
        elif kind == 2:
            data[at:at] = data[at:end] * rng.choice((1, 3, 200))
        elif kind == 3:
            data[at:end] = rng.choice(TOKENS)
        elif kind == 4:
            data[at:at] = rng.choice(TOKENS)
        else:
            del data[at:]
    return bytes(data)


def fuzz(name: str, seconds: float, seed: int, keep: Path) -> int:
    """Mutate the inputs of one target for a time; how many findings there were."""
    target = TARGETS[name]
    rng = random.Random(f"{name} {seed}")
    found: set[str] = set()
    tried = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / target.name
        end = time.process_time() + seconds
        while time.process_time() < end:
            data = mutate(rng.choice(target.seeds), rng)
            file.write_bytes(data)
            tried += 1
            start = time.process_time()
            why = ""
            try:
                load_weights.cache_clear()
                target.read(Path(folder))
            except CstrackError as error:
                if "\n" in str(error).strip():
                    why = f"a sentence of several lines: {error!r}"
            except Exception as error:
                line = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(line.filename).name}:{line.lineno}"
                why = f"{type(error).__name__} at {where}"
            if time.process_time() - start > SLOWEST:
                why = why or "slow"
            if why and why[:80] not in found:
                found.add(why[:80])
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{name}-{len(found)}-{target.name}").write_bytes(data)
                print(f"{name}: {why}: {data[:200]!r}")
    print(
        f"{name}: {tried} inputs in {seconds:.0f} s of processor time, "
        f"{len(found)} findings"
    )
    return len(found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz the targets that are named; 1 where anything was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", help=", ".join(TARGETS), default=[])
    parser.add_argument("--seconds", type=float, default=120.0, help="of each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    given = parser.parse_args(arguments)
    warnings.simplefilter("error")
    names = given.targets or list(TARGETS)
    return int(sum(fuzz(n, given.seconds, given.seed, given.keep) for n in names) > 0)


if __name__ == "__main__":
    sys.exit(main())
