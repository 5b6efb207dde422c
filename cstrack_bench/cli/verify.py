"""``cstrack verify``: is a data set on disk what it should be?"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench.cli.options import DATA_ROOT, Data, Json, print_json
from cstrack_bench.errors import CstrackError, InputError

if TYPE_CHECKING:
    from cstrack_bench.verification.dataset_checks import Verification


class Images(StrEnum):
    """How many pictures are decoded."""

    SAMPLE = "sample"
    ALL = "all"


def verify(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="mot15, mot16, mot17, mot20, hieve, caltech, citypersons, cuhk-sysu, "
            "prw, eth, crowdhuman, synthmot, or a folder of such a layout.",
        ),
    ],
    data: Data = DATA_ROOT,
    images: Annotated[
        Images, typer.Option("--images", help="Decode a sample of pictures, or all.")
    ] = Images.SAMPLE,
    complete: Annotated[
        bool, typer.Option("--complete", help="Fail where anything is missing.")
    ] = False,
    json: Json = False,
) -> None:
    """Check layout, pictures, labels, ids, splits; ground truth scores 100."""
    from cstrack_bench.evaluation.self_check import benchmark_of, imperfections
    from cstrack_bench.verification.dataset_checks import verify as verify_dataset

    folder, name = _locate(name, data)
    found = verify_dataset(
        folder,
        name,
        every_picture=images is Images.ALL,
        measure=lambda parts: imperfections(parts, benchmark_of(parts, name)),
    )
    if json:
        print_json(_document(found))
    else:
        _print(found)
    if found.problems:
        raise CstrackError(f"{len(found.problems)} things are wrong in {folder}.")
    if complete and found.missing:
        raise CstrackError(f"{folder} is sound, but not complete.")


def _locate(name: str, data: Path) -> tuple[Path, str]:
    """The folder that NAME stands for, and the data set that it is."""
    from cstrack_bench.datasets.hieve import HIEVE, find_hieve
    from cstrack_bench.datasets.locations import DATASETS, find_dataset
    from cstrack_bench.errors import nearest
    from cstrack_bench.formats.jde_lists import IMAGE_LISTS

    path = Path(name)
    if name.lower() in DATASETS:
        return find_dataset(data, name.lower()), name.lower()
    if name.lower() == HIEVE:
        return find_hieve(data), HIEVE
    if name.lower() in IMAGE_LISTS:
        return _image_folder(data, name.lower()), name.lower()
    if path.is_dir():
        return path, _dataset_in(path)
    try:
        return find_dataset(data, name), name
    except InputError as error:
        hint = nearest(name, (*DATASETS, HIEVE, *IMAGE_LISTS))
        raise InputError(f"{str(error).rstrip('.')}; {hint}.") from None


def _image_folder(data: Path, name: str) -> Path:
    """The folder of a data set of images, in our layout or as it was published.

    Raises:
        InputError: none of its names is below the root.
    """
    from cstrack_bench.datasets.arrangement import simple_name
    from cstrack_bench.formats.jde_lists import IMAGE_LISTS, IMAGES, LABELS

    below = sorted(data.iterdir()) if data.is_dir() else []
    named = [
        entry
        for entry in below
        if entry.is_dir() and simple_name(entry.name) in IMAGE_LISTS[name]
    ]
    for folder in named:
        if (folder / IMAGES).is_dir() and (folder / LABELS).is_dir():
            return folder
    if named:
        return named[0]
    raise InputError(
        f"No {name} under {data}; cstrack download {name} fetches it, or give the "
        "root of the data sets as --data."
    )


def _dataset_in(path: Path) -> str:
    """What a folder that is named holds, by its sequences or by its own name.

    Raises:
        InputError: it has the layout of no data set.
    """
    from cstrack_bench.datasets.arrangement import simple_name
    from cstrack_bench.datasets.hieve import HIEVE
    from cstrack_bench.datasets.locations import SUBSETS, owner
    from cstrack_bench.formats.jde_lists import IMAGE_LISTS, LABELS

    own = path.resolve().name
    if simple_name(own) in (HIEVE, "hie20"):
        return HIEVE
    if any((path / subset).is_dir() for subset in SUBSETS):
        return owner(path) or own
    for name, folders in IMAGE_LISTS.items():
        if simple_name(own) in folders:
            return name
    if (path / LABELS).is_dir():
        return own
    raise InputError(f"{path} holds none of train/, val/ and test/.")


def _document(found: "Verification") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "dataset": found.name,
        "folder": str(found.folder),
        "sound": not found.problems,
        "complete": not found.problems and not found.missing,
        "problems": [asdict(problem) for problem in found.problems],
        "missing": found.missing,
        "remarks": found.remarks,
        "splits": found.splits,
        "sequences": [asdict(facts) for facts in found.sequences],
    }


def _print(found: "Verification") -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from cstrack_bench.cli.wide import print_wide
    from cstrack_bench.console import out

    title = escape(f"{found.name} in {found.folder}")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("", "name", "frames", "pictures", "boxes", "identities"):
        table.add_column(heading, justify="left" if len(heading) in (0, 4) else "right")
    for row in found.sequences:
        boxes, people = row.boxes, row.identities
        table.add_row(
            row.subset,
            row.name,
            f"{row.frames:,}",
            "yes" if row.pictures else "none",
            "–" if boxes is None else f"{boxes:,}",
            "–" if people is None else f"{people:,}",
        )
    print_wide(table)
    for split, facts in found.splits.items():
        out.print(
            f"{split:15} train {facts['train']} ({facts['train_frames']:,} frames)  "
            f"val {facts['val']} ({facts['val_frames']:,} frames)"
        )
    for remark in found.remarks:
        out.print(f"note     {escape(remark)}")
    for missing in found.missing:
        out.print(f"missing  {escape(missing)}")
    for problem in found.problems:
        out.print(f"wrong    {escape(problem.place)}: {escape(problem.what)}")
    for mend in sorted({problem.mend for problem in found.problems}):
        out.print(f"mend     {escape(mend)}")
    if not found.problems:
        scored = sum(row.boxes is not None for row in found.sequences)
        ending = ""
        if found.scored:
            ending = (
                f"; ground truth against itself 100 / 100 / 100 on {scored} sequences "
                "(HOTA / MOTA / IDF1)"
            )
        out.print(f"sound: what is there is as it should be{ending}")
