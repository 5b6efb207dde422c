#!/usr/bin/env python
"""Make the pictures of the documentation: what commands print, as SVG.

    python scripts/docs_pictures.py [NAME …]

Every command is run, in a temporary folder that begins with the committed results, and
what it prints goes into ``docs/pictures/`` as it is. Table II comes from the committed
records; where those are of other code its rows would be trained, which takes half an
hour. The boxes that are tracked are the ground truth of a SynthMOT sequence.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from cstrack_bench.files import write_text
from cstrack_bench.formats.mot_files import read_annotations

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
# Of fonts that rich has fetched from another site.
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.S)


@dataclass(frozen=True)
class Scene:
    """Commands whose output is one picture.

    Attributes:
        title: over the picture.
        commands: as typed.
        width: columns of the terminal.
        lines: how many lines of each output to show; what is left out is counted.
    """

    title: str
    commands: tuple[str, ...]
    width: int = 100
    lines: int | None = None


SCENES = {
    "table2": Scene(
        "Table II on SynthMOT, three seeds",
        ("cstrack reproduce table2 --profile twin --seeds 3",),
        width=132,
        lines=16,
    ),
    "dry-run": Scene(
        "What would be done",
        (
            "cstrack reproduce table2 --profile twin --rows 4,5 --seeds 2 "
            "--results elsewhere --dry-run",
        ),
    ),
    "track": Scene(
        "Track, then score",
        (
            "cstrack track SYN-test-01 --detections boxes.txt --tracker bytetrack "
            "--output tracks/SYN-test-01.txt",
            "cstrack evaluate tracks/ --dataset synthmot --sequences SYN-test-01 "
            "--crosscheck",
        ),
        width=124,
    ),
    "error": Scene(
        "Wrong use is one sentence",
        (
            "cstrack reproduce table2 --profile twin --set train.epoch=5",
            "cstrack evaluate tracks/ --dataset mot17",
        ),
    ),
}


def main() -> int:
    """Write the pictures; 0 done, 1 where a command fails that should not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="some of the pictures")
    names = parser.parse_args().names or list(SCENES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "results", folder / "results")
        for picture in names:
            if picture == "track":
                prepare_sequence(folder)
            content = terminal(SCENES[picture], folder)
            write_text(PICTURES / f"{picture}.svg", content)
            print(f"written: docs/pictures/{picture}.svg")
    shutil.copyfile(ROOT / "results" / "twin" / "street.jpg", PICTURES / "street.jpg")
    return 0


def prepare_sequence(folder: Path) -> None:
    """Have ``SYN-test-01`` in a folder, and its visible people as ``boxes.txt``."""
    run("cstrack reproduce table2 --profile twin --rows 1", folder)  # makes SynthMOT
    (sequence,) = (folder / "data").glob("synthmot/*/test/SYN-test-01")
    (folder / "SYN-test-01").symlink_to(sequence)
    truth = read_annotations(sequence / "gt" / "gt.txt")
    rows = []
    for index in np.flatnonzero((truth.classes == 1) & (truth.visibility > 0.3)):
        x1, y1, x2, y2 = truth.boxes[index]
        box = f"{x1:.1f},{y1:.1f},{x2 - x1:.1f},{y2 - y1:.1f}"
        score = f"{truth.visibility[index]:.2f}"
        rows.append(f"{truth.frames[index] + 1},-1,{box},{score}\n")
    (folder / "boxes.txt").write_text("".join(rows), encoding="utf-8")


def run(command: str, folder: Path, width: int = 100) -> str:
    """What a command prints: its results, or where it fails its error."""
    program, *arguments = command.split()
    assert program == "cstrack", f"no command of this program: {command}"
    environment = {"PYTHONPATH": str(ROOT), **os.environ}
    environment |= {"COLUMNS": str(width), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "cstrack_bench", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else done.stdout


def terminal(scene: Scene, folder: Path) -> str:
    """A picture of a terminal, as SVG that fetches nothing."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=scene.width, file=nowhere)
        for command in scene.commands:
            console.print(Text(f"$ {command}", style="bold"))
            lines = run(command, folder, scene.width).rstrip().splitlines()
            shown = lines[: scene.lines]
            console.print(Text("\n".join(shown)))
            if len(lines) > len(shown):
                left_out = f"… {len(lines) - len(shown)} more lines"
                console.print(Text(left_out, style="dim"))
            console.print()
        svg = console.export_svg(title=scene.title, theme=SVG_EXPORT_THEME)
    svg = FONTS.sub("", svg)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


if __name__ == "__main__":
    sys.exit(main())
