"""``cstrack verify``: is a data set on disk what it should be?"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench.cli.options import DATA_ROOT, Data, Json, print_json
from cstrack_bench.errors import CstrackError

if TYPE_CHECKING:
    from cstrack_bench.datasets.dataset import Dataset
    from cstrack_bench.verification.findings import Verification


class Images(StrEnum):
    """How many pictures are decoded."""

    SAMPLE = "sample"
    ALL = "all"


def verify(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A data set, such as mot17 or crowdhuman (cstrack doctor lists them); "
            "one of yours as package.module:NAME or FILE.py:NAME; or a folder.",
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
    from cstrack_bench.evaluation.self_check import imperfections

    dataset, folder = _locate(name, data)
    found = dataset.verify(
        folder,
        every_picture=images is Images.ALL,
        measure=lambda sequences: imperfections(sequences, dataset),
    )
    if json:
        print_json(_document(found))
    else:
        _print(found)
    if found.problems:
        raise CstrackError(f"{len(found.problems)} things are wrong in {folder}.")
    if complete and found.missing:
        raise CstrackError(f"{folder} is sound, but not complete.")


def _locate(name: str, data: Path) -> "tuple[Dataset, Path]":
    """The data set that NAME stands for, and its folder."""
    from cstrack_bench.datasets.dataset_registry import (
        dataset_in,
        dataset_names,
        find_dataset,
    )

    path = Path(name)
    if path.is_dir() and name.lower() not in dataset_names():
        return dataset_in(path), path
    dataset = find_dataset(name)
    return dataset, dataset.find(data)


def _document(found: "Verification") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "dataset": found.name,
        "folder": str(found.folder),
        "sound": not found.problems,
        "complete": not found.problems and not found.missing,
        "problems": [
            {"place": problem.location, "what": problem.what, "mend": problem.mend}
            for problem in found.problems
        ],
        "missing": found.missing,
        "remarks": found.remarks,
        "splits": {name: asdict(facts) for name, facts in found.splits.items()},
        "sequences": [asdict(facts) for facts in found.sequences],
    }


def _print(found: "Verification") -> None:
    from rich import box
    from rich.table import Table

    from cstrack_bench.cli.wide import print_wide
    from cstrack_bench.console import out

    title = f"{found.name} in {found.folder}"
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
            f"{split:15} train {facts.train} ({facts.train_frames:,} frames)  "
            f"val {facts.val} ({facts.val_frames:,} frames)"
        )
    for remark in found.remarks:
        out.print(f"note     {remark}")
    for missing in found.missing:
        out.print(f"missing  {missing}")
    for problem in found.problems:
        out.print(f"wrong    {problem.location}: {problem.what}")
    for mend in sorted({problem.mend for problem in found.problems}):
        out.print(f"mend     {mend}")
    if not found.problems:
        scored = sum(row.boxes is not None for row in found.sequences)
        ending = ""
        if found.scored:
            ending = (
                f"; ground truth against itself 100 / 100 / 100 on {scored} sequences "
                "(HOTA / MOTA / IDF1)"
            )
        out.print(f"sound: what is there is as it should be{ending}")
