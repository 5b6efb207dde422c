"""How a system's boxes are suppressed as published."""

from cstrack_bench.detection.nms import NmsConfig
from cstrack_bench.systems.system import AnySystem


def published_nms(system: AnySystem, confidence: float | None = None) -> NmsConfig:
    """The thresholds that a system brings along (docs/reference.md#nms).

    This stands apart from the systems: how boxes are suppressed trains no network.

    Args:
        system: of the registry, or a user's.
        confidence: another least score; None keeps the published one.

    Raises:
        InputError: the system, or the caller, gives a threshold that cannot be.
    """
    options = dict(system.settings.get("nms", {}))
    if confidence is not None:
        options["confidence"] = confidence
    return NmsConfig(**options)  # type: ignore[arg-type]
