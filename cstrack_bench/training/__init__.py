"""Targets, losses, schedule and the training loop."""
