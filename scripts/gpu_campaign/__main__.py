"""Run a campaign: see ``scripts/gpu_campaign.sh --help``."""

import argparse
import importlib.util
import sys
from pathlib import Path

# What a campaign imports of the package's needs, or will: better told at once than met
# one by one when time is running.
NEEDED = {
    "torch": "torch",
    "numpy": "numpy",
    "scipy": "scipy",
    "cv2": "opencv-python",
    "PIL": "pillow",
    "pydantic": "pydantic",
    "yaml": "pyyaml",
    "safetensors": "safetensors",
    "rich": "rich",
    "trackeval": "trackeval",
    "pycocotools": "pycocotools",
    "tabulate": "tabulate",
    "matplotlib": "matplotlib",
}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/gpu_campaign.sh",
        description="Make SynthMOT, time the networks, train and measure rows of "
        "Table II; ends by itself within --minutes.",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the results")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with OUT's campaign, with its options",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        help="stated time (default 9; with --tiny 5)",
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), help="default: cuda")
    parser.add_argument(
        "--tiny", action="store_true", help="seconds of everything, for two cores"
    )
    parser.add_argument(
        "--size",
        help="sizes of the models to train, in order (default s,l; with --tiny n)",
    )
    parser.add_argument(
        "--state",
        type=Path,
        help="folder of data, weights and checkpoints, which are large "
        "(default: OUT.state)",
    )
    parser.add_argument("--commit", help="what to record where git cannot tell")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 a step failed, 2 it cannot be run like this."""
    given = parse(arguments)
    missing = [p for m, p in NEEDED.items() if importlib.util.find_spec(m) is None]
    if missing:
        print(
            f"error: {sys.executable} lacks {', '.join(missing)}: install them, or put "
            "their unpacked wheels on PYTHONPATH.",
            file=sys.stderr,
        )
        return 2
    from cstrack_bench.errors import CstrackError
    from gpu_campaign.campaign import run

    try:
        return run(given)
    except CstrackError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
