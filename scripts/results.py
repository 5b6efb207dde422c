#!/usr/bin/env python
"""Write RESULTS.md and the CSV tables again from the runs under results/."""

import argparse
import sys
from pathlib import Path

from cstrack_bench.errors import CstrackError
from cstrack_bench.report.views import write_views

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Regenerate every view; 0 done, else the exit code of the error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--output", type=Path, default=ROOT / "RESULTS.md")
    arguments = parser.parse_args()
    try:
        for path in write_views(arguments.results, arguments.output):
            print(f"written: {path}")
    except CstrackError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
