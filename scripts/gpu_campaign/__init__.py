"""Speed and full-size rows of Table II, on a GPU, within a stated time."""
