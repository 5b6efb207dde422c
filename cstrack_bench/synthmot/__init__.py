"""SynthMOT: a synthetic street with pedestrians, in MOTChallenge's layout."""
