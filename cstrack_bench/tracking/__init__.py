"""From detections to tracks: NumPy and SciPy alone."""
