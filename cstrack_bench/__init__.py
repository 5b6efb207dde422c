"""Benchmark and reproduction suite for CSTrack, the one-shot multi-object tracker."""

__version__ = "0.2.0"
