"""Whether a data set of images is what it should be: lists, labels, pictures."""

from pathlib import Path

from cstrack_bench import console
from cstrack_bench.datasets.arrangement import CROWDHUMAN
from cstrack_bench.datasets.crowdhuman import ODGT
from cstrack_bench.datasets.published import (
    PublishedList,
    never_trained_on,
    published_lists,
    published_mixes,
)
from cstrack_bench.formats.frames import PICTURE_SUFFIXES, natural_key
from cstrack_bench.formats.jde_lists import IMAGES, LABELS
from cstrack_bench.verification.checks import Fault, name_places
from cstrack_bench.verification.findings import SequenceFacts, Verification
from cstrack_bench.verification.label_checks import (
    LabelCount,
    check_apart,
    check_files,
    check_labels,
    check_odgt,
    read_listing,
)

_EVERYTHING = "every labelled picture"


def verify_images(folder: Path, name: str, every_picture: bool) -> Verification:
    """Check lists, labels and pictures of a data set of images.

    Args:
        folder: that holds images/ and labels_with_ids/, or CrowdHuman as published.
        name: of the data set; decides what is missing.
        every_picture: decode all pictures, not a sample.

    Returns:
        What was found; it never raises for bad content.
    """
    result = Verification(name, folder, scored=False)
    if name == CROWDHUMAN:
        _verify_odgt(result)
    if not (folder / LABELS).is_dir() or not (folder / IMAGES).is_dir():
        _say_unarranged(result)
        return result
    lists: dict[str, dict[str, str]] = {}
    for listing in _listings(folder, name):
        paths, faults = read_listing(listing)
        lists[listing.name] = paths
        result.add(faults)
    # Without a list, training takes every picture that has labels.
    used = lists or {
        _EVERYTHING: {p: str(folder / IMAGES / p) for p in _labelled(folder)}
    }
    with console.progress() as bar:
        for listed, paths in bar.track(used.items(), description=f"verifying {name}"):
            _verify_list(result, listed, paths, every_picture)
    _verify_apart(result, used)
    _verify_orphans(result, lists)
    _compare(result, {listed: len(paths) for listed, paths in used.items()})
    return result


def _listings(folder: Path, name: str) -> list[Path]:
    """The lists of a data set, each where training would find it first."""
    published = [row.name for row in published_lists(name)]
    own = [
        f.name for f in sorted(folder.glob("*.train")) + sorted(folder.glob("*.val"))
    ]
    places = (folder, folder.parent, folder.parent / "image_lists")
    found = []
    for listed in dict.fromkeys([*published, *own]):
        there = [place / listed for place in places if (place / listed).is_file()]
        found += there[:1]
    return found


def _verify_list(
    result: Verification, listed: str, paths: dict[str, str], every_picture: bool
) -> None:
    """Pictures and labels of one list; those of a list are named with its line."""
    images, labels = result.folder / IMAGES, result.folder / LABELS
    count = LabelCount()
    absent: list[str] = []
    unlabelled: list[str] = []
    pictures = []
    for path, place in paths.items():
        label = (labels / path).with_suffix(".txt")
        if (images / path).is_file():
            pictures.append(images / path)
        else:
            absent.append(place)
        if label.is_file():
            result.add(check_labels(label, count))
        else:
            unlabelled.append(place)
    # Without any picture these are annotations alone, which is only incomplete.
    if pictures:
        result.add(name_places(absent, "its picture is absent"))
        result.add(check_files(pictures, every_picture))
    result.add(name_places(unlabelled, "its picture has no label file"))
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


def _verify_apart(result: Verification, lists: dict[str, dict[str, str]]) -> None:
    """No picture is trained on that is tested on, or shows what is tested on."""
    never = never_trained_on(result.name)
    for listed, paths in lists.items():
        if not listed.endswith(".train") and listed != _EVERYTHING:
            continue
        for other, held in lists.items():
            if other.endswith((".val", ".test")):
                result.add(check_apart(paths, held))
        tested = [p for path, p in paths.items() if never and never.search(path)]
        result.add(
            name_places(tested, "trains on a picture of a part that is tested on")
        )


def _verify_orphans(result: Verification, lists: dict[str, dict[str, str]]) -> None:
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
        result.add(name_places(orphans, "its picture is absent"))


def _compare(result: Verification, found: dict[str, int]) -> None:
    """Set the lists against the published ones."""
    for row in published_lists(result.name):
        use = _use(row)
        if row.name not in found:
            what = f"the list {row.name} of {row.images:,} pictures{use}"
            result.missing.append(what)
        elif found[row.name] > row.images:
            what = (
                f"names {found[row.name]:,} pictures; as published it is {row.images:,}"
            )
            place = str(result.folder / row.name)
            result.add([Fault(place, what)])
        elif found[row.name] < row.images:
            result.missing.append(
                f"{row.images - found[row.name]:,} of the {row.images:,} pictures of "
                f"{row.name}{use}"
            )
    unseen = [row.name for row in result.sequences if not row.pictures]
    if unseen:
        result.missing.append(f"pictures of {', '.join(unseen)}")

    whole = [row for row in published_lists(result.name) if row.trains]
    everything = found.get(_EVERYTHING, 0)
    if whole and everything > whole[0].images:
        what = (
            f"has no list {whole[0].name}, so all of its {everything:,} labelled "
            f"pictures would be trained on, as published {whole[0].images:,} (cstrack "
            "download image-lists)"
        )
        result.add([Fault(str(result.folder), what)])


def _use(row: PublishedList) -> str:
    mixes = [n for n, mix in published_mixes().items() if row.name in mix.lists]
    return f", needed for Table IV's {' and '.join(mixes)}" if mixes else ""


def _verify_odgt(result: Verification) -> None:
    """CrowdHuman's own annotations, wherever its pictures lie."""
    folder = result.folder
    images = folder / (IMAGES if (folder / IMAGES).is_dir() else "Images")
    count = LabelCount()
    names: dict[str, str] = {}
    for subset, file in ODGT.items():
        if not (folder / file).is_file():
            result.missing.append(f"{file}, the annotations of its {subset} part")
            continue
        faults, pictures = check_odgt(folder / file, subset, images, count, names)
        result.add(faults)
        published = {row.name: row.images for row in published_lists(CROWDHUMAN)}
        most = published[f"{CROWDHUMAN}.{subset}"]
        if pictures > most:
            what = f"has {pictures:,} pictures; as published it has {most:,}"
            result.add([Fault(str(folder / file), what)])
    faults, remarks = count.judge()
    result.add(faults)
    result.remarks.extend(remarks)


def _say_unarranged(result: Verification) -> None:
    """A folder that is not in our layout: nothing at all, or as it was published."""
    folder, name = result.folder, result.name
    inner = [f for f in folder.rglob("*") if f.name in (IMAGES, LABELS, "Images")]
    films = any(folder.rglob("*.seq"))
    if inner or films or any((folder / file).is_file() for file in ODGT.values()):
        result.missing.append(
            f"{IMAGES}/ and {LABELS}/ beside each other: cstrack download {name} makes "
            "them of what is there"
        )
    else:
        result.add([Fault(str(folder), f"holds neither {IMAGES}/ nor {LABELS}/")])


def _labelled(folder: Path) -> list[str]:
    """Pictures that have a label file, in the order in which they are trained on."""
    images, labels = folder / IMAGES, folder / LABELS
    found = [
        picture.relative_to(images).as_posix()
        for picture in images.rglob("*")
        if picture.suffix.lower() in PICTURE_SUFFIXES
        and not picture.name.startswith(".")
        and (labels / picture.relative_to(images)).with_suffix(".txt").is_file()
    ]
    return sorted(found, key=natural_key)
