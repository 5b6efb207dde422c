"""Checks of data sets on disk, and what they find."""
