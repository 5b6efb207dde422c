"""From a name of the catalogue to files in their place: fetch, check, unpack."""
