"""JSON documents on disk: one way to write them, one way to read and check them."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from cstrack_bench.errors import InputError
from cstrack_bench.files import write_text


class Document(BaseModel):
    """What a file, or a part of it, holds: known fields of known types, finite numbers.

    A field that is ``None`` by default is left out of the file where it is ``None``.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )

    def plain(self) -> dict[str, Any]:  # what JSON can hold
        """Plain values, as they stand in the file."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


Read = TypeVar("Read", bound=Document)


def read_document(path: Path, kind: type[Read], what: str, mend: str) -> Read:
    """Read a file that ``write_document`` wrote.

    Args:
        path: of the file.
        kind: what it should hold.
        what: what messages call it, such as ``a run's record``.
        mend: what to do about a file that is not, such as ``delete it``.

    Raises:
        InputError: it cannot be read or holds something else (names the first field).
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        reason = f"{field}: {first['msg']}" if field else first["msg"]
        reason = " ".join(reason.split())
        raise InputError(f"{path} is not {what} ({reason}); {mend}.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"{path} is not {what} ({reason}); {mend}.") from error


def write_document(path: Path, document: Document) -> Path:
    """Write a document atomically; returns its path.

    Raises:
        CstrackError: the file system refused.
    """
    text = document.model_dump_json(indent=1, by_alias=True, exclude_none=True)
    write_text(path, text + "\n")
    return path
