"""Checks of data sets in JDE's layout: lists, and the pictures that those name."""

import collections.abc as abc
import re
from pathlib import Path

from cstrack_bench import console
from cstrack_bench.errors import InputError
from cstrack_bench.formats.frames import PICTURE_SUFFIXES
from cstrack_bench.formats.jde_lists import (
    IMAGES,
    LABELS,
    PublishedList,
    find_list,
    labelled_pictures,
    read_list,
)
from cstrack_bench.verification.faults import Fault, fault_of, name_locations
from cstrack_bench.verification.findings import SequenceFacts, Verification
from cstrack_bench.verification.label_checks import LabelCount, check_labels
from cstrack_bench.verification.picture_checks import check_picture_files

_EVERYTHING = "every labelled picture"

#: Path of each picture, relative to ``images/`` -> where its list names it.
Listed = dict[str, str]


def check_lists(
    result: Verification,
    published: abc.Sequence[PublishedList],
    never: str | None,
    every_picture: bool,
) -> None:
    """Check lists, labels and pictures of a data set of images.

    Args:
        result: of the data set; its folder holds images/ and labels_with_ids/. What is
            found is added to it.
        published: the lists, as they were published.
        never: regular expression that the path of a picture matches which is tested
            on, or shows what is tested on; None where there is none.
        every_picture: decode all pictures, not a sample.
    """
    folder, name = result.folder, result.name
    lists: dict[str, Listed] = {}
    for file in _list_files(folder, published):
        paths, faults = _read_paths(file)
        lists[file.name] = paths
        result.add(faults)
    # Without a list, training takes every picture that has labels.
    used = lists or {
        _EVERYTHING: {p: str(folder / IMAGES / p) for p in labelled_pictures(folder)}
    }
    with console.progress() as bar:
        for listed, paths in bar.track(used.items(), description=f"verifying {name}"):
            _check_list(result, listed, paths, every_picture)
    _check_apart(result, never, used)
    _check_orphans(result, lists)
    _compare(result, published, {listed: len(paths) for listed, paths in used.items()})


def _list_files(folder: Path, published: abc.Iterable[PublishedList]) -> list[Path]:
    """The lists of a data set, each where training would find it first."""
    own = sorted(folder.glob("*.train")) + sorted(folder.glob("*.val"))
    names = [*(row.name for row in published), *(file.name for file in own)]
    found = (find_list(folder, name) for name in dict.fromkeys(names))
    return [file for file in found if file is not None]


def _read_paths(file: Path) -> tuple[Listed, list[Fault]]:
    """The pictures of a list, and what is wrong with its lines."""
    paths: Listed = {}
    faults = []
    try:
        lines = read_list(file)
    except InputError as error:
        return {}, [fault_of(error, file)]
    for line in lines:
        location = f"{file}, line {line.number}"
        if line.path is None:
            faults.append(Fault(location, f"has no {IMAGES}/ in its path"))
            continue
        if line.path in paths:
            faults.append(Fault(location, f"{line.path} is in the list already"))
        paths.setdefault(line.path, location)
    return paths, faults


def _check_list(
    result: Verification, listed: str, paths: Listed, every_picture: bool
) -> None:
    """Pictures and labels of one list; those of a list are named with its line."""
    images, labels = result.folder / IMAGES, result.folder / LABELS
    count = LabelCount()
    absent: list[str] = []
    unlabelled: list[str] = []
    pictures = []
    for path, location in paths.items():
        label = (labels / path).with_suffix(".txt")
        if (images / path).is_file():
            pictures.append(images / path)
        else:
            absent.append(location)
        if label.is_file():
            result.add(check_labels(label, count))
        else:
            unlabelled.append(location)
    # Without any picture these are annotations alone, which is only incomplete.
    if pictures:
        result.add(name_locations(absent, "its picture is absent"))
        result.add(check_picture_files(pictures, every_picture))
    result.add(name_locations(unlabelled, "its picture has no label file"))
    faults, remarks = count.judge()
    result.add(faults)
    result.remarks.extend(remarks)
    subset = listed.rpartition(".")[2] if "." in listed else "train"
    result.sequences.append(
        SequenceFacts(
            subset=subset,
            name=listed,
            frames=len(paths),
            pictures=bool(pictures),
            boxes=count.boxes,
            identities=len(count.identities),
        )
    )


def _check_apart(
    result: Verification, never: str | None, lists: dict[str, Listed]
) -> None:
    """No picture is trained on that is tested on, or shows what is tested on."""
    for listed, paths in lists.items():
        if not listed.endswith(".train") and listed != _EVERYTHING:
            continue
        for other, held in lists.items():
            if other.endswith((".val", ".test")):
                result.add(_in_both(paths, held))
        tested = [
            location
            for path, location in paths.items()
            if never and re.search(never, path)
        ]
        result.add(
            name_locations(tested, "trains on a picture of a part that is tested on")
        )


def _in_both(train: Listed, held: Listed) -> list[Fault]:
    """Pictures of a training list that are tested on as well."""
    return [
        Fault(train[path], f"trains on {path}, which is tested on ({held[path]})")
        for path in sorted(train.keys() & held.keys())
    ]


def _check_orphans(result: Verification, lists: dict[str, Listed]) -> None:
    """Labels without a picture, where no list has named it already."""
    listed = {
        str(Path(path).with_suffix("")) for paths in lists.values() for path in paths
    }
    images, labels = result.folder / IMAGES, result.folder / LABELS
    stems = {
        picture.relative_to(images).with_suffix("").as_posix()
        for picture in images.rglob("*")
        if picture.suffix.lower() in PICTURE_SUFFIXES
    }
    orphans = [
        str(label)
        for label in sorted(labels.rglob("*.txt"))
        for stem in [label.relative_to(labels).with_suffix("").as_posix()]
        if stem not in stems and stem not in listed and label.stat().st_size
    ]
    if not orphans:
        return
    if lists:
        # The test parts of Caltech and others have labels too.
        result.missing.append(
            f"pictures of {len(orphans)} label files that no list names"
        )
    else:
        result.add(name_locations(orphans, "its picture is absent"))


def _compare(
    result: Verification,
    published: abc.Iterable[PublishedList],
    found: dict[str, int],
) -> None:
    """Set the lists against the published ones."""
    for row in published:
        mixes = " and ".join(row.mixes)
        use = f", needed for Table IV's {mixes}" if mixes else ""
        if row.name not in found:
            what = f"the list {row.name} of {row.images:,} pictures{use}"
            result.missing.append(what)
        elif found[row.name] > row.images:
            what = (
                f"names {found[row.name]:,} pictures; as published it is {row.images:,}"
            )
            result.add([Fault(str(result.folder / row.name), what)])
        elif found[row.name] < row.images:
            result.missing.append(
                f"{row.images - found[row.name]:,} of the {row.images:,} pictures of "
                f"{row.name}{use}"
            )
    unseen = [row.name for row in result.sequences if not row.pictures]
    if unseen:
        result.missing.append(f"pictures of {', '.join(unseen)}")

    whole = [row for row in published if row.trains]
    everything = found.get(_EVERYTHING, 0)
    if whole and everything > whole[0].images:
        what = (
            f"has no list {whole[0].name}, so all of its {everything:,} labelled "
            f"pictures would be trained on, as published {whole[0].images:,} (cstrack "
            "download image-lists)"
        )
        result.add([Fault(str(result.folder), what)])
