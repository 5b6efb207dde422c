"""Where a data set lies under ``--data``, and whose sequences a folder holds."""

import re
from pathlib import Path

from cstrack_bench.errors import InputError

SUBSETS = ("train", "val", "test")

#: Data set -> how its sequences are named.
_NAMES = {
    "mot15": r"TUD-|ETH-|ADL-|AVG-|PETS09|KITTI-|Venice-",
    "mot16": r"MOT16-",
    "mot17": r"MOT17-",
    "mot20": r"MOT20-",
    "synthmot": r"SYN-",
}
DATASETS = tuple(_NAMES)


def find_dataset(root: Path, name: str) -> Path:
    """The folder of a data set: ROOT/NAME in any case, or ROOT itself.

    ROOT itself counts where it holds train/, val/ or test/ and the sequences in them
    are not another known data set's. SynthMOT may lie one level deeper, in a folder
    named by its settings, if there is only one.

    Args:
        root: the value of ``--data``.
        name: such as mot17.

    Raises:
        InputError: not found; the message names what is there.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(
            f"No folder {root} to look for {name} in; set --data or CSTRACK_DATA."
        )
    # The exact name first: on a case-sensitive disk both may be there.
    named = sorted(
        (e for e in root.iterdir() if e.is_dir() and e.name.lower() == name.lower()),
        key=lambda entry: entry.name != name,
    )
    for candidate in (*named, root):
        for folder in (candidate, *_variants(candidate, name)):
            if _has_subset(folder) and owner(folder) in (None, name.lower()):
                return folder
    raise InputError(_not_found(root, name, named))


def owner(folder: Path) -> str | None:
    """The known data set whose sequences a folder's train/, val/ or test/ holds.

    None where they have names of no known data set, or of more than one.
    """
    names = [
        entry.name
        for subset in SUBSETS
        if (folder / subset).is_dir()
        for entry in (folder / subset).iterdir()
        if entry.is_dir()
    ]
    owners = {dataset_of(name) for name in names}
    return owners.pop() if len(owners) == 1 else None


def dataset_of(sequence: str) -> str | None:
    """The known data set that a sequence's name belongs to."""
    for name, pattern in _NAMES.items():
        if re.match(pattern, sequence):
            return name
    return None


def _has_subset(folder: Path) -> bool:
    return any((folder / subset).is_dir() for subset in SUBSETS)


def _variants(folder: Path, name: str) -> list[Path]:
    """SynthMOT's folders by settings, when there is no choice between them."""
    if name.lower() != "synthmot":
        return []
    inner = sorted(e for e in folder.iterdir() if e.is_dir() and _has_subset(e))
    inner = [entry for entry in inner if owner(entry) == "synthmot"]
    if len(inner) > 1:
        listed = ", ".join(str(entry) for entry in inner)
        raise InputError(
            f"{folder} holds several SynthMOTs; give one of them as --data: {listed}."
        )
    return inner


def _not_found(root: Path, name: str, named: list[Path]) -> str:
    for folder in (*named, root):
        if not _has_subset(folder):
            continue
        other = owner(folder)
        if other:
            return (
                f"{folder} holds {other}, not {name}; name that data set, or give "
                f"the root of {name} as --data."
            )
    if named:
        return f"{named[0]} holds none of train/, val/ and test/."
    there = ", ".join(sorted(e.name for e in root.iterdir() if e.is_dir())) or "nothing"
    return (
        f"No {name} under {root}: neither {root / name} nor a train/ in it (there: "
        f"{there}); set --data or CSTRACK_DATA."
    )
