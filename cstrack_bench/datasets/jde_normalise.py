"""From published archives to JDE's layout: gathering pictures, writing lists."""

import collections.abc as abc
import re
from pathlib import Path

from cstrack_bench.datasets.folder_moves import below, merge, remove_empty
from cstrack_bench.files import write_text
from cstrack_bench.formats.frames import PICTURE_SUFFIXES
from cstrack_bench.formats.jde_lists import (
    IMAGES,
    LABELS,
    ListLine,
    PublishedList,
    find_list,
    read_list,
)
from cstrack_bench.formats.names import natural_key, simple_name


def lift_pairs(folder: Path, names: abc.Iterable[str]) -> list[str]:
    """Gather ``eth01/images/`` and ``eth01/labels_with_ids/`` as ``images/eth01/`` …

    Args:
        folder: of the data set.
        names: simple ones of the data set; folders of these names, and ``data``, only
            wrap and are not kept.

    Returns:
        What was done, as sentences.
    """
    wrapping = {"data", *names}
    pairs = {f.parent for kind in (IMAGES, LABELS) for f in below(folder, kind)}
    done = []
    for pair in sorted(pairs - {folder}):
        parts = pair.relative_to(folder).parts
        kept = Path(*(p for p in parts if simple_name(p) not in wrapping))
        for kind in (IMAGES, LABELS):
            if (pair / kind).is_dir():
                merge(pair / kind, folder / kind / kept)
        done.append(f"moved the pictures and labels of {'/'.join(parts)}/")
        for count in range(len(parts), 0, -1):
            remove_empty(folder.joinpath(*parts[:count]))
    return done


def write_lists(
    folder: Path, name: str, lists: abc.Iterable[PublishedList]
) -> list[str]:
    """Write the lists of a data set beside its images.

    A published list that lies in the data set's folder, beside it or in
    ``image_lists/`` beside it decides what is in it, and its paths are brought to what
    they are called here; where there is none, the pictures' folders decide.

    Args:
        folder: of the data set.
        name: of the data set.
        lists: as published.

    Returns:
        What was done, as sentences.
    """
    if not (folder / IMAGES).is_dir() or not (folder / LABELS).is_dir():
        return []
    pictures = _labelled(folder)
    done = []
    for published in lists:
        target = folder / published.name
        source = _published_list(folder, published)
        chosen = _by_folder(pictures, published)
        if source is not None:
            listed = _renamed(read_list(source), pictures)
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
    # The published lists have no picture without a person in it.
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


def _published_list(folder: Path, published: PublishedList) -> Path | None:
    if not published.official:
        return find_list(folder, published.name)
    own = folder / published.name
    return own if own.is_file() else None


def _by_folder(pictures: dict[str, str], published: PublishedList) -> list[str]:
    if published.split is None:
        return []
    pattern = re.compile(published.split)
    return [path for path in pictures.values() if pattern.search(path)]


def _names(listing: Path, chosen: list[str]) -> bool:
    """Whether a list names these pictures already."""
    return _renamed(read_list(listing), {}) == chosen


def _renamed(lines: abc.Iterable[ListLine], pictures: dict[str, str]) -> list[str]:
    """The pictures of a published list, as they are called here.

    One that is not here keeps its name, so that verification finds it missing.
    """
    chosen = []
    for line in lines:
        if line.path is None:
            continue
        inside = Path(line.path)
        # ETHZ/eth01/images/a.png is images/eth01/a.png here.
        moved = Path(*line.folders, inside)
        known = (path.with_suffix("").as_posix() for path in (moved, inside))
        stem = next((s for s in known if s in pictures), None)
        chosen.append(pictures[stem] if stem else line.path)
    return chosen
