"""``cstrack submit``: a server's zip packed and checked, its scores brought in."""

import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cstrack_bench.cli.options import (
    DATA_ROOT,
    RESULTS_ROOT,
    Data,
    Json,
    Results,
    print_json,
)
from cstrack_bench.errors import CstrackError, InputError

if TYPE_CHECKING:
    from cstrack_bench.submission.benchmarks import Benchmark
    from cstrack_bench.submission.zip_check import SubmissionCheck

app = typer.Typer(
    help="Submissions to MOT16, MOT17, MOT20 and HiEve.", no_args_is_help=True
)
Zip = Annotated[Path, typer.Argument(metavar="ZIP", help="The submission.")]
For = Annotated[
    str | None,
    typer.Option(
        "--benchmark", help="mot16, mot17, mot20 or hieve; else its file names tell."
    ),
]


@app.callback()
def submit() -> None:
    """Submissions to MOT16, MOT17, MOT20 and HiEve."""


@app.command()
def pack(
    benchmark: Annotated[
        str,
        typer.Argument(metavar="BENCHMARK", help="mot16, mot17, mot20 or hieve."),
    ],
    run: Annotated[
        Path,
        typer.Option(
            *("--run", "--results"),
            help="Folder or zip of SEQUENCE.txt files, of train and test; or a run's "
            "seed0.json, beside which its tracks are kept.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", help="The zip to write; by default BENCHMARK.zip."),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            "--detector",
            help="DPM, FRCNN or SDP: whose results stand for all three (MOT17).",
        ),
    ] = None,
    data: Data = DATA_ROOT,
    json: Json = False,
) -> None:
    """Pack a tracker's MOT files into the zip that the server takes, and check it."""
    from cstrack_bench.console import err, out
    from cstrack_bench.files import check_writable
    from cstrack_bench.submission.benchmarks import find_benchmark
    from cstrack_bench.submission.packing import (
        choose_sources,
        opened_results,
        pack_submission,
    )

    wanted = find_benchmark(benchmark, data)
    path = output or Path(f"{wanted.name}.zip")
    check_writable(path)
    with opened_results(run) as files:
        sources = choose_sources(files, wanted, detector)
        found = pack_submission(sources, wanted, path)
    if sources.unused:
        err.print(f"left out: {', '.join(sources.unused)}", markup=False)
    if json:
        packed = {"zip": str(path), "written_for_all": sources.copied or None}
        print_json({**packed, **_document(found)})
        return
    if sources.copied and wanted.detectors:
        listed = ", ".join(wanted.detectors)
        err.print(f"the results of {sources.copied} are written for {listed}")
    elif sources.copied and sources.copied != wanted.title:
        err.print(f"the results of {sources.copied} are of the same pictures")
    for remark in found.remarks:
        err.print(remark, markup=False)
    out.print(f"written: {path} · {_facts(found)}", markup=False)


@app.command()
def check(
    path: Zip, benchmark: For = None, data: Data = DATA_ROOT, json: Json = False
) -> None:
    """Replay the server's rules over a zip; exit code 1 where it would be refused."""
    from cstrack_bench.console import out

    found = _checked(path, benchmark, data)
    if json:
        print_json(_document(found))
    else:
        for fault in found.faults:
            out.print(f"{fault.location} {fault.what}.", markup=False)
        for remark in found.remarks:
            out.print(f"remark: {remark}", markup=False)
        if not found.faults:
            out.print(f"{path} · {_facts(found)}: nothing to refuse", markup=False)
    if found.faults:
        count = len(found.faults)
        raise CstrackError(
            f"the {found.benchmark.server} server would refuse {path}: {count} "
            f"fault{'s' if count > 1 else ''}."
        )


@app.command("import")
def import_scores(
    path: Zip,
    name: Annotated[
        str,
        typer.Option(
            "--as", metavar="NAME", help="The tracker; fills its row of Tables VI, VII."
        ),
    ],
    by: Annotated[str, typer.Option("--by", help="Who submitted the zip.")],
    scores: Annotated[
        Path | None,
        typer.Option(
            "--scores", help="What the server returned: JSON, CSV or trackeval's files."
        ),
    ] = None,
    typed: Annotated[
        list[str] | None,
        typer.Option("--score", help="NAME=NUMBER, such as MOTA=74.9; repeatable."),
    ] = None,
    when: Annotated[
        datetime | None,
        typer.Option(
            "--when", formats=["%Y-%m-%d"], help="Day of submission; today by default."
        ),
    ] = None,
    server: Annotated[
        str | None, typer.Option("--server", help="Who scored it, such as Codabench.")
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            "--row", help="TABLE/ROW that it fills, such as table1/5; repeatable."
        ),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep-inconsistent", help="Keep numbers that contradict each other."
        ),
    ] = False,
    benchmark: For = None,
    data: Data = DATA_ROOT,
    ledger: Results = RESULTS_ROOT,
    json: Json = False,
) -> None:
    """Bring in the scores that a server returned for a zip; fills its cells."""
    from cstrack_bench.console import err, out
    from cstrack_bench.report.server_entries import filled_rows
    from cstrack_bench.report.views import write_views
    from cstrack_bench.submission import importing
    from cstrack_bench.submission.returned_scores import parse_scores, read_returned

    if (scores is None) == (not typed):
        raise InputError(
            "Give the scores as a file (--scores) or as --score, not both."
        )
    returned = read_returned(scores) if scores else parse_scores(typed or ())
    found = _checked(path, benchmark, data)
    submitted = importing.Submitted(
        name=name,
        by=by,
        on=(when or datetime.now()).date(),
        server=server or found.benchmark.server,
        fills=tuple(rows or ()),
    )
    written, record = importing.import_scores(
        ledger, submitted, found, returned, scores, keep
    )
    page = write_views(ledger, ledger.resolve().parent / "RESULTS.md")[-1]
    for remark in record.remarks:
        err.print(f"kept although {remark}", markup=False)
    where = ", ".join(filled_rows(record)) or "a list under its table, no row of it"
    err.print(f"written: {written} · {page.name}: {where}", markup=False)
    if json:
        print_json(record.plain())
    else:
        shown = ", ".join(f"{k} {v:.10g}" for k, v in returned.overall.items())
        out.print(f"{name} on {record.dataset} test: {shown}", markup=False)


def _checked(path: Path, name: str | None, data: Path) -> "SubmissionCheck":
    from cstrack_bench.submission.zip_check import check_submission

    return check_submission(path, _benchmark(path, name, data))


def _benchmark(path: Path, name: str | None, data: Path) -> "Benchmark":
    from cstrack_bench.submission.benchmarks import benchmark_of, find_benchmark
    from cstrack_bench.submission.zip_check import NO_ZIP, names_in

    if not path.is_file():
        raise InputError(f"No such file: {path}.")
    if name is None and not zipfile.is_zipfile(path):
        raise CstrackError(f"{path} {NO_ZIP}.")
    found = name or benchmark_of(names_in(path))
    if found is None:
        raise InputError(
            f"Whose submission {path} is does not show in its file names; say it with "
            "--benchmark (mot16, mot17, mot20 or hieve)."
        )
    return find_benchmark(found, data)


def _facts(found: "SubmissionCheck") -> str:
    return (
        f"{found.benchmark.title} · {found.files} files, {found.rows:,} rows · SHA-256 "
        f"{found.sha256}"
    )


def _document(found: "SubmissionCheck") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "benchmark": found.benchmark.name,
        "files": found.files,
        "rows": found.rows,
        "sha256": found.sha256,
        "faults": [asdict(fault) for fault in found.faults],
        "remarks": list(found.remarks),
    }
