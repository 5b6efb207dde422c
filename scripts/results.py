#!/usr/bin/env python
"""Write RESULTS.md and the CSV tables again from the runs under results/."""

import argparse
import sys
from pathlib import Path

from cstrack_bench.errors import CstrackError
from cstrack_bench.files import write_text
from cstrack_bench.report.markdown import find_tables, results_markdown
from cstrack_bench.report.tables import write_csv

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Regenerate every view; 0 done, else the exit code of the error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--output", type=Path, default=ROOT / "RESULTS.md")
    arguments = parser.parse_args()
    try:
        tables = find_tables(arguments.results)
        for table, path in tables:
            write_csv(table, path)
            print(f"written: {path}")
        write_text(arguments.output, results_markdown([table for table, _ in tables]))
        print(f"written: {arguments.output}")
    except CstrackError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
