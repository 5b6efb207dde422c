"""From a name of the catalogue to installed files: download, check, unpack."""
