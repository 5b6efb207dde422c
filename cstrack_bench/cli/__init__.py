"""The command line: parses, calls one function, prints."""

from cstrack_bench.cli.app import main

__all__ = ["main"]
