"""Data sets: where each lies, how it is read, split, mixed and evaluated."""
