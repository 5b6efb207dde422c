"""The zip archives of PyTorch 1.6 and later, through PyTorch's own safe loader.

``torch.load(weights_only=True)`` builds containers, tensors and objects of allowed
classes alone. Here a stub is allowed instead of every class that the file names,
so that a module which was pickled whole comes out as records. This needs PyTorch 2.6:
it takes stubs under the names of a file and says what those are; earlier ones have a
hole through which a file runs code (CVE-2025-32434).
"""

import io
import pickle
import zipfile
from pathlib import Path

import torch

from cstrack_bench.checkpoints.limits import check_cost
from cstrack_bench.checkpoints.pickle_records import RefusedError, printable, stub

MAX_PICKLE_BYTES = 64 << 20  # YOLOv5 l needs 0.2 MB
MAX_ENTRIES = 100_000
# PyTorch refuses these whatever is allowed, in a message that does not name them.
_NEVER_ALLOWED = ("sys.", "os.", "posix.", "nt.")


def read_archive(path: Path) -> object:
    """The document in an archive; its tensors are views of the file.

    Raises:
        RefusedError: it asks for more than a checkpoint needs.
        Exception: whatever zipfile and PyTorch raise at damaged or hostile files.
    """
    _check(path)
    names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    for name in names:
        if name.startswith(_NEVER_ALLOWED):
            raise RefusedError(f"it names {printable(name)}, which no checkpoint needs")
    try:
        with torch.serialization.safe_globals([(stub(name), name) for name in names]):
            # Mapped: else the memory of a storage for which the file claims too much
            # reaches beyond what was read of it (in 2.8; 2.13 refuses such a file).
            document: object = torch.load(
                path, map_location="cpu", weights_only=True, mmap=True
            )
    except pickle.UnpicklingError as error:
        raise RefusedError("PyTorch's loader of weights finds it unsafe") from error
    return document


def storage_sizes(path: Path) -> set[int]:
    """Bytes of the memories that an archive holds for its tensors."""
    with zipfile.ZipFile(path) as archive:
        return {e.file_size for e in archive.infolist() if "/data/" in e.filename}


def _check(path: Path) -> None:
    """Refuse what unpacks to, or claims, or costs, more than the file is."""
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise RefusedError(f"it has {len(entries)} entries")
        # torch.save never compresses, so what does may unpack to anything.
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise RefusedError("its entries are compressed, as torch.save's never are")
        if sum(max(e.file_size, e.compress_size) for e in entries) > size:
            raise RefusedError("its entries claim more than the file holds")
        sizes = {entry.filename: entry.file_size for entry in entries}
        pickles = [name for name in sizes if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise RefusedError("it is an archive, but not one that torch.save wrote")
        if sizes[pickles[0]] > MAX_PICKLE_BYTES:
            raise RefusedError("its pickle is far larger than any checkpoint's")
        check_cost(io.BytesIO(archive.read(pickles[0])))
