"""``implementation``: the code that ran in public, or what the paper's text says.

``official`` is what every option class has by default. ``paper`` takes the text's side
wherever an option has it: in the network (``models.cstrack_config``), in loss and
schedule (``training.train_config``), and here in what follows the network. The entries
of ``paper/errata.yaml`` that have ``options`` list every such value; their text says
what the paper leaves open, or what no option has (equation 8's normaliser).
"""

import copy
from collections.abc import Mapping

from cstrack_bench.training.train_config import IMPLEMENTATIONS

# The text describes CSTrack's tracker; another one keeps its own settings.
_CSTRACK = "cstrack"
_INFERENCE: dict[str, dict[str, dict[str, object]]] = {
    "official": {},
    "paper": {
        "nms": {"kind": "iou", "score": "objectness"},
        "track": {
            "options": {
                "appearance_limit": 0.7,
                "second_chance": "all",
                "removal": "immediate",
            }
        },
    },
}


def preset(
    implementation: str, section: str, given: Mapping[str, object]
) -> dict[str, object]:
    """What an implementation sets in one section, where nothing else does.

    Args:
        implementation: ``official`` or ``paper``.
        section: ``train``, ``loss``, ``nms``, ``track`` …
        given: what a recipe says about the section; it wins over the preset.
    """
    if section == "track" and given.get("name", _CSTRACK) != _CSTRACK:
        return {}
    for presets in (IMPLEMENTATIONS, _INFERENCE):
        if section in presets[implementation]:
            return copy.deepcopy(dict(presets[implementation][section]))
    return {}
