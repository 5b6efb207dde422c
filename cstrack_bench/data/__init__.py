"""Sequences, annotations, splits and the synthetic world."""
