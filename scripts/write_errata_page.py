"""Write docs/errata.md again, after a change of cstrack_bench/paper/errata.yaml."""

from pathlib import Path

from cstrack_bench.files import write_text
from cstrack_bench.paper.errata_page import errata_page

PAGE = Path(__file__).resolve().parents[1] / "docs" / "errata.md"

if __name__ == "__main__":
    write_text(PAGE, errata_page())
    print(PAGE)
