"""``cstrack download``: data sets and checkpoints, from a name to verified files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench.cli.options import DATA_ROOT, Data, Json, print_json
from cstrack_bench.errors import CstrackError, InputError

if TYPE_CHECKING:
    from cstrack_bench.datasets.catalogue_item import CatalogueItem
    from cstrack_bench.download.download_item import DownloadOptions, DownloadResult
    from cstrack_bench.download.item_state import ItemState

_STATES = {
    "here": "here",
    "incomplete": "not whole",
    "begun": "begun",
    "absent": "",
}


def download(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME...", help="Such as mot17 or cstrack-weights."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--list", help="Show the catalogue; with NAME, part of it.")
    ] = False,
    from_file: Annotated[
        list[Path] | None,
        typer.Option(
            "--from-file", help="A file downloaded by hand, or a folder; repeatable."
        ),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option("--mirror", help="URL of a folder with NAME/FILE, tried first."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Also where it is; sets that aside.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the archives after unpacking.")
    ] = False,
    data: Data = DATA_ROOT,
    json: Json = False,
) -> None:
    """Fetch data sets and weights: resume, check, unpack, install."""
    from cstrack_bench.download.catalogue import find_item, load_catalogue

    items = [find_item(name) for name in names or ()]
    if everything:
        _list(items or list(load_catalogue().values()), data, json)
        return
    if not items:
        raise InputError("Name what to download; cstrack download --list shows it all.")
    if from_file and len(items) > 1:
        raise InputError("--from-file is for one NAME at a time.")
    from cstrack_bench.download.download_item import DownloadOptions

    options = DownloadOptions(tuple(from_file or ()), mirror, fresh, keep)
    _download(list({item.name: item for item in items}.values()), data, options, json)


def _download(
    items: "list[CatalogueItem]", root: Path, options: "DownloadOptions", json: bool
) -> None:
    """Download one after the other; what fails does not hold up the rest."""
    from cstrack_bench.console import err
    from cstrack_bench.download.download_item import download as fetch

    results, failures = [], {}
    for item in items:
        try:
            result = fetch(item, root, options)
        except InputError:
            raise
        except CstrackError as error:
            failures[item.name] = error
            if len(items) > 1:
                err.print(f"error: {error}", markup=False)
            continue
        results.append(result)
        if not json:
            _print(result, item)
    if json:
        print_json(
            {
                "items": [_result_row(result) for result in results],
                "failed": {name: str(error) for name, error in failures.items()},
            }
        )
    if len(items) == 1 and failures:
        raise next(iter(failures.values()))
    if failures:
        raise CstrackError(
            f"{len(failures)} of {len(items)} could not be downloaded: "
            f"{', '.join(failures)}."
        )


def _print(result: "DownloadResult", item: "CatalogueItem") -> None:
    from cstrack_bench.console import out

    words = "is there already" if result.done == "here" else "downloaded"
    out.print(f"{result.name} {words}: {result.path}", markup=False)
    for remark in result.remarks:
        out.print(f"  {remark}", markup=False)
    if item.kind == "data" and item.expects.images is not None:
        out.print(f"  to check it: cstrack verify {result.name}", markup=False)


def _result_row(result: "DownloadResult") -> dict[str, object]:
    return {
        "name": result.name,
        "place": str(result.path),
        "done": result.done,
        "remarks": result.remarks,
    }


def _list(items: "list[CatalogueItem]", root: Path, json: bool) -> None:
    from cstrack_bench.download.item_state import item_state

    states = [(item, item_state(item, root)) for item in items]
    if json:
        print_json({"items": [_row(item, state) for item, state in states]})
        return
    from rich import box
    from rich.table import Table

    from cstrack_bench.cli.wide import print_wide
    from cstrack_bench.console import out

    title = f"What can be downloaded to {root}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("name", "what", "licence", "size", "state", "tables", "from"):
        table.add_column(heading)
    for item, state in states:
        cells = (
            *(item.name, item.title, item.licence, _size(item), _state(state)),
            *(", ".join(map(str, item.tables)) or "–", ", ".join(_sites(item))),
        )
        table.add_row(*cells)
    print_wide(table)
    for item in items:
        if item.register:
            out.print(f"{item.name}: {item.register}; see {item.page}", markup=False)
    out.print("cstrack download NAME; a file that you have: --from-file FILE")


def _size(item: "CatalogueItem") -> str:
    from cstrack_bench.download.http import format_size

    if item.size is None:
        return "not stated"
    exact = all(file.bytes for file in item.ways[0])
    return ("" if exact else "≈ ") + format_size(item.size)


def _state(state: "ItemState") -> str:
    from cstrack_bench.download.http import format_size

    words = _STATES[state.state] or "–"
    return f"{words}, {format_size(state.fetched)}" if state.state == "begun" else words


def _sites(item: "CatalogueItem") -> list[str]:
    """The servers that have it, in the order of trying; registration where none."""
    from cstrack_bench.download.sources import site

    sources = [s for way in item.ways for file in way for s in file.sources]
    return list(dict.fromkeys(map(site, sources))) or ["registration"]


def _row(item: "CatalogueItem", state: "ItemState") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "name": item.name,
        "kind": item.kind,
        "title": item.title,
        "licence": item.licence,
        "page": item.page,
        "register": item.register,
        "use": item.use,
        "tables": list(item.tables),
        "bytes_about": item.size,
        "expects": asdict(item.expects),
        "ways": [[asdict(file) for file in way] for way in item.ways],
        "state": state.state,
        "place": str(state.path),
        "fetched": state.fetched,
    }
