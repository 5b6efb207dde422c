"""From the layouts in which data sets are published to the one that is read here.

Each archive has its own idea of folders: a wrapping one (``CUHKSYSU/``), a pair of
``images/`` and ``labels_with_ids/`` for each sequence (``ETHZ/eth01/``), sequences in
``images/train/`` (MOT17 with JDE's labels), films (Caltech), odgt files (CrowdHuman).
After ``arrange`` a data set's folder holds ``train/`` and ``test/``, or ``images/``,
``labels_with_ids/`` and its lists ``NAME.train`` (REFERENCE 4.6). Files are moved, not
copied, and a second call finds nothing to do.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from cstrack_bench import console
from cstrack_bench.datasets.caltech import extract, frame_of
from cstrack_bench.datasets.crowdhuman import (
    ODGT,
    Identities,
    label_rows,
    picture_of,
    read_odgt,
)
from cstrack_bench.datasets.hieve import HIEVE
from cstrack_bench.datasets.locations import DATASETS, SUBSETS
from cstrack_bench.datasets.published import PublishedList, published_lists
from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.files import write_text
from cstrack_bench.formats.frames import PICTURE_SUFFIXES, natural_key, picture_size
from cstrack_bench.formats.jde_lists import IMAGE_LISTS, IMAGES, LABELS

CROWDHUMAN, CALTECH = "crowdhuman", "caltech"
#: The published lists, which lie in ``image_lists/`` beside the data sets.
LISTS = "image-lists"
_WRAPPED = 3  # folders within folders, at most, before what is looked for


def arrange(folder: Path, name: str, identities: Identities = "none") -> list[str]:
    """Bring a data set that was unpacked into ``folder`` into our layout.

    Args:
        folder: the data set's own; its archives were unpacked into it.
        name: of the data set.
        identities: of CrowdHuman's boxes.

    Returns:
        What was done, as sentences; none where nothing was to do.

    Raises:
        InputError: its files are not what they should be (named).
        CstrackError: the file system refused.
    """
    if not folder.is_dir():
        raise InputError(f"No such folder: {folder}.")
    try:
        if name not in (*DATASETS, HIEVE, LISTS, *IMAGE_LISTS):
            return []
        done = _unwrap(folder)
        if name in DATASETS:
            return done + _lift_subsets(folder)
        if name not in IMAGE_LISTS:
            return done
        if name == CROWDHUMAN:
            done += _crowdhuman(folder, identities)
        done += _lift_pairs(folder, name)
        if name == CALTECH:
            done += _films(folder)
        return done + _lists(folder, name)
    except OSError as error:
        reason = error.strerror or error
        raise CstrackError(f"Cannot arrange {folder}: {reason}.") from error


def _unwrap(folder: Path) -> list[str]:
    """Take what lies in a single folder within the data set's out of it."""
    done = []
    for _ in range(_WRAPPED):
        entries = [e for e in folder.iterdir() if not _is_litter(e)]
        if len(entries) != 1 or not entries[0].is_dir() or _is_known(entries[0]):
            break
        (inner,) = entries
        # Its own name may be that of something in it.
        aside = inner.rename(folder / f".{inner.name}.{os.getpid()}.part")
        for entry in sorted(aside.iterdir()):
            entry.rename(folder / entry.name)
        aside.rmdir()
        done.append(f"took the content of {inner.name}/ out of it")
    return done


def _is_litter(entry: Path) -> bool:
    """What archives and file managers leave behind."""
    return entry.name.startswith(".") or entry.name == "__MACOSX"


def _is_known(entry: Path) -> bool:
    """Whether a folder has a meaning under its own name."""
    known = (*SUBSETS, IMAGES, LABELS, "Images", "videos", "labels", "annotations")
    return entry.name in known or (entry / "seqinfo.ini").is_file()


def _lift_subsets(folder: Path) -> list[str]:
    """``images/train/`` of MOT17 with JDE's labels is its ``train/``."""
    done = []
    for subset in SUBSETS:
        inner = folder / IMAGES / subset
        if inner.is_dir() and not (folder / subset).exists():
            inner.rename(folder / subset)
            done.append(f"moved {IMAGES}/{subset}/ to {subset}/")
    _remove_empty(folder / IMAGES)
    return done


def _lift_pairs(folder: Path, name: str) -> list[str]:
    """Gather ``eth01/images/`` and ``eth01/labels_with_ids/`` as ``images/eth01/`` …

    Folders that only wrap (``Caltech/data/``) are not kept.
    """
    wraps = {"data", *IMAGE_LISTS[name]}
    holders = {f.parent for kind in (IMAGES, LABELS) for f in _below(folder, kind)}
    done = []
    for holder in sorted(holders - {folder}):
        parts = holder.relative_to(folder).parts
        place = Path(*(p for p in parts if simple_name(p) not in wraps))
        for kind in (IMAGES, LABELS):
            if (holder / kind).is_dir():
                _merge(holder / kind, folder / kind / place)
        done.append(f"moved the pictures and labels of {'/'.join(parts)}/")
        for count in range(len(parts), 0, -1):
            _remove_empty(folder.joinpath(*parts[:count]))
    return done


def simple_name(name: str) -> str:
    """A folder's name without case, hyphens and the like, to compare it by."""
    return "".join(c for c in name.lower() if c.isalnum())


def _below(folder: Path, name: str) -> Iterator[Path]:
    """Folders of a name, not deep, and never within one of pictures or labels."""
    for root, folders, _ in os.walk(folder):
        if name in folders:
            yield Path(root) / name
        deep = len(Path(root).relative_to(folder).parts) >= _WRAPPED
        skipped = {IMAGES, LABELS}
        folders[:] = [] if deep else [f for f in folders if f not in skipped]


def _merge(source: Path, target: Path) -> None:
    """Move a folder's content into another, file by file where both have a folder.

    Raises:
        InputError: both have a file of one name.
    """
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        return
    for entry in sorted(source.iterdir()):
        there = target / entry.name
        if entry.is_dir():
            _merge(entry, there)
        elif there.exists():
            raise InputError(f"{entry} and {there} are in each other's place.")
        else:
            entry.rename(there)
    _remove_empty(source)


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(not _is_litter(e) for e in folder.iterdir()):
        shutil.rmtree(folder)


def _crowdhuman(folder: Path, identities: Identities) -> list[str]:
    """``Images/`` becomes ``images/``; odgt files become labels and lists."""
    done = []
    if (folder / "Images").is_dir() and not _same(folder / "Images", folder / IMAGES):
        _merge(folder / "Images", folder / IMAGES)
        done.append(f"moved Images/ to {IMAGES}/")
    first = 1
    for subset, name in ODGT.items():
        found = folder / name
        listing = folder / f"{CROWDHUMAN}.{subset}"
        if not found.is_file() or not (folder / IMAGES).is_dir():
            continue
        images = list(read_odgt(found))
        boxes = sum(len(image.boxes) for image in images)
        if not listing.is_file():
            paths, number = [], first
            with console.progress() as bar:
                for image in bar.track(images, description=f"labels of {name}"):
                    picture = picture_of(folder / IMAGES, subset, image.name)
                    rows = label_rows(image, picture_size(picture), identities, number)
                    path = picture.relative_to(folder / IMAGES)
                    write_text((folder / LABELS / path).with_suffix(".txt"), rows)
                    paths.append(f"{CROWDHUMAN}/{IMAGES}/{path.as_posix()}\n")
                    number += len(image.boxes)
            # The list last: it says that the labels are whole.
            write_text(listing, "".join(paths))
            done.append(f"wrote labels of {len(images)} pictures from {name}")
        first += boxes
    return done


def _same(one: Path, other: Path) -> bool:
    """Whether both are one folder, as on a disk that ignores case."""
    return other.exists() and one.samefile(other)


def _films(folder: Path) -> list[str]:
    """Take the pictures that have labels out of Caltech's films."""
    films = {(f.parent.name, f.stem): f for f in folder.rglob("*.seq")}
    labels = folder / LABELS
    if not films or not labels.is_dir():
        return []
    wanted: dict[Path, dict[int, Path]] = {}
    for label in sorted(labels.rglob("*.txt")):
        stem = label.relative_to(labels).with_suffix("")
        found = frame_of(stem.as_posix())
        film = films.get((found.set, found.film)) if found else None
        if found and film:
            picture = folder / IMAGES / f"{stem.as_posix()}.jpg"
            if not any(
                picture.with_suffix(s).is_file() for s in PICTURE_SUFFIXES - {".jpg"}
            ):
                wanted.setdefault(film, {})[found.number] = picture
    with console.progress() as bar:
        tasks = bar.track(wanted.items(), description="pictures of films")
        written = sum(extract(film, pictures) for film, pictures in tasks)
    return [f"took {written} pictures out of {len(wanted)} films"] if written else []


def _lists(folder: Path, name: str) -> list[str]:
    """Write the lists of a data set beside its images.

    A published list that lies in the data set's folder, beside it or in
    ``image_lists/`` beside it decides what is in it, and its paths are brought to what
    they are called here; where there is none, the pictures' folders decide.
    """
    if not (folder / IMAGES).is_dir() or not (folder / LABELS).is_dir():
        return []
    pictures = _labelled(folder)
    done = []
    for published in published_lists(name):
        target = folder / published.name
        source = _find_list(folder, published)
        chosen = _by_folder(pictures, published)
        if source is not None:
            listed = _renamed(source, pictures)
            # A list made from folders grows with what comes later.
            grown = source == target and len(listed) < min(
                len(chosen), published.images
            )
            chosen = chosen if grown else listed
        lines = "".join(f"{name}/{IMAGES}/{path}\n" for path in chosen)
        if chosen and not (target.is_file() and _names(target, chosen)):
            write_text(target, lines)
            done.append(f"wrote {published.name} of {len(chosen)} pictures")
    return done


def _labelled(folder: Path) -> dict[str, str]:
    """Path without suffix, of each picture with a label file -> its path."""
    labels = folder / LABELS
    # The published lists have no picture without anybody in it.
    stems = {
        f.relative_to(labels).with_suffix("").as_posix()
        for f in labels.rglob("*.txt")
        if f.stat().st_size
    }
    found = {}
    for picture in (folder / IMAGES).rglob("*"):
        stem = picture.relative_to(folder / IMAGES).with_suffix("").as_posix()
        known = picture.suffix.lower() in PICTURE_SUFFIXES and stem in stems
        if known and not picture.name.startswith("."):
            found[stem] = picture.relative_to(folder / IMAGES).as_posix()
    return dict(sorted(found.items(), key=lambda item: natural_key(item[0])))


def _find_list(folder: Path, published: PublishedList) -> Path | None:
    places = [folder, folder.parent, folder.parent / "image_lists"]
    for place in places[: 1 if published.official else None]:
        if (place / published.name).is_file():
            return place / published.name
    return None


def _by_folder(pictures: dict[str, str], published: PublishedList) -> list[str]:
    if published.split is None:
        return []
    pattern = re.compile(published.split)
    return [path for path in pictures.values() if pattern.search(path)]


def _names(listing: Path, chosen: list[str]) -> bool:
    """Whether a list names these pictures already."""
    return _renamed(listing, {}) == chosen


def _renamed(source: Path, pictures: dict[str, str]) -> list[str]:
    """The pictures of a published list, as they are called here.

    One that is not here keeps its name, so that verification finds it missing.
    """
    chosen = []
    for line in source.read_text(encoding="utf-8").splitlines():
        parts = PurePosixPath(line.strip().replace("\\", "/")).parts
        if IMAGES not in parts:
            continue
        at = parts.index(IMAGES)
        inside = PurePosixPath(*parts[at + 1 :])
        # ETHZ/eth01/images/a.png is images/eth01/a.png here.
        moved = PurePosixPath(*parts[1:at], *parts[at + 1 :])
        known = (str(path.with_suffix("")) for path in (moved, inside))
        stem = next((s for s in known if s in pictures), None)
        chosen.append(pictures[stem] if stem else str(inside))
    return chosen
