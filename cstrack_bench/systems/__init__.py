"""The systems: a network with its loss, its training images and how it detects."""
