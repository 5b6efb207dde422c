#!/usr/bin/env bash
# Make .venv with the package in it: scripts/setup.sh [EXTRAS], such as dev.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "error: Python 3.11 or newer is needed; set PYTHON to one." >&2
    exit 2
fi
extras=${1:-}
wanted=$(cat pyproject.toml constraints.txt | sha256sum | cut -d' ' -f1)-$extras
if [ "$(cat .venv/.installed 2>/dev/null)" != "$wanted" ]; then
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        -c constraints.txt -e ".${extras:+[$extras]}"
    echo "$wanted" >.venv/.installed
fi
# OpenCV's window system libraries are missing on bare servers.
if ! .venv/bin/python -c 'import cv2' 2>/dev/null; then
    echo "error: OpenCV does not load: apt install libgl1 libglib2.0-0" >&2
    exit 1
fi
