"""Write docs/findings.md again, after runs of profile twin."""

from pathlib import Path

from cstrack_bench.files import write_text
from cstrack_bench.report.views import findings

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "findings.md"

if __name__ == "__main__":
    write_text(PAGE, findings(ROOT / "results"))
    print(PAGE)
