"""From tracks to metrics."""
