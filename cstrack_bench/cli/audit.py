"""``cstrack audit``: do the printed numbers, and ours, obey their own arithmetic?"""

from typing import TYPE_CHECKING

from cstrack_bench.cli.options import RESULTS_ROOT, Json, Results, print_json
from cstrack_bench.errors import CstrackError
from cstrack_bench.files import check_results

if TYPE_CHECKING:
    from cstrack_bench.experiments.record_arithmetic import RecordAudit
    from cstrack_bench.paper.audit import Audit, Finding


def audit(results: Results = RESULTS_ROOT, json: Json = False) -> None:
    """Check the paper's tables, its text and our records by arithmetic; needs no data.

    Known slips of the paper are listed with their erratum. Anything else fails.
    """
    from cstrack_bench.experiments.record_arithmetic import audit_records
    from cstrack_bench.paper.audit import audit_print

    # Without any records print alone is checked; a folder that was named has to be one.
    if results != RESULTS_ROOT or results.exists():
        check_results(results)
    printed, records = audit_print(), audit_records(results)
    if json:
        print_json(_document(printed, records))
    else:
        _print(printed, records)
    new = len(printed.new) + len(records.findings)
    if new:
        noun = "thing is" if new == 1 else "things are"
        raise CstrackError(f"{new} {noun} wrong that no erratum explains.")


def _document(printed: "Audit", records: "RecordAudit") -> dict[str, object]:
    from dataclasses import asdict

    def rows(findings: "tuple[Finding, ...]") -> list[dict[str, object]]:
        return [{**asdict(f.check), "erratum": f.erratum} for f in findings]

    return {
        "checks": printed.checks,
        "known": rows(printed.known),
        "new": rows(printed.new),
        "unchecked": list(printed.unchecked),
        "records": records.records,
        "record_findings": [asdict(finding) for finding in records.findings],
    }


def _print(printed: "Audit", records: "RecordAudit") -> None:

    from cstrack_bench.console import out
    from cstrack_bench.paper.audit import RULES
    from cstrack_bench.paper.errata import load_errata

    explaining = {finding.erratum for finding in printed.known}
    for erratum in load_errata():
        if erratum.id not in explaining:
            continue
        out.print(f"known  {erratum.where} ({erratum.id})")
        for finding in printed.known:
            if finding.erratum == erratum.id:
                out.print(f"         {_line(finding)}")
    for finding in printed.new:
        out.print(f"NEW    {_line(finding)}")
        out.print(f"         {RULES[finding.check.rule]}")
        if finding.check.where:
            out.print(f"         {finding.check.where}")
    for wrong in records.findings:
        if wrong.number:
            text = f"{wrong.record}: {wrong.number} is {wrong.found}, not "
            out.print(f"NEW    {text}{wrong.implied}")
        else:
            out.print(f"NEW    {wrong.found}")
    out.print(
        f"{printed.checks} checks of print: {len(printed.known)} disagreements that "
        f"{len(explaining)} errata explain, {len(printed.new)} new; no equation ties "
        f"{len(printed.unchecked)} printed numbers to others (--json lists them)"
    )
    noun = "record" if records.records == 1 else "records"
    wrong_numbers = len(records.findings) or "nothing"
    out.print(f"{records.records} {noun} of ours: {wrong_numbers} wrong")


def _line(finding: "Finding") -> str:
    """``table6/13/MOTA  printed 64.4, implied 64.51  (with FP, FN, IDSW)``."""
    from cstrack_bench.paper.cell_checks import other_cells

    check = finding.check
    text = f"{check.cells[0]}  printed {check.printed}, implied {check.implied}"
    others = other_cells(check.cells)
    return text + (f"  (with {', '.join(others)})" if others else "")
