"""Systems: a network, its loss, what it is trained on and how it finds boxes."""
