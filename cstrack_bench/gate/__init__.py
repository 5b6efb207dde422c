"""The gate of metrics: numbers of this code held against a baseline, for CI."""
