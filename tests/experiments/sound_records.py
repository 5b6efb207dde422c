"""A run's record whose numbers all follow from each other."""

import copy
from typing import Any

from tests.report.fakes import fake_document


def sound_document() -> dict[str, Any]:
    """As its file holds it; a fake run that adds up."""
    document = copy.deepcopy(fake_document(4))
    scores = document["scores"]
    for key in ("IDs", "MT", "PT", "ML", "Frag"):
        each = [sequence[key] for sequence in scores["sequences"].values()]
        scores["overall"][key] = sum(each)
    document["baselines"] = {"iou": copy.deepcopy(scores)}
    return document
