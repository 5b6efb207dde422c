"""The processor that a number was measured on."""

import platform
from pathlib import Path


def processor_name() -> str:
    """Its model name, or its architecture where the system does not say."""
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
