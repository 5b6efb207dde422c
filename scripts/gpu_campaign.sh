#!/usr/bin/env bash
# Everything that wants a GPU, in one go that ends within nine minutes: speed of the
# networks and as many full-size rows of Table II as fit. Nothing is fetched.
#     scripts/gpu_campaign.sh OUT              a new campaign
#     scripts/gpu_campaign.sh --resume OUT     goes on with the next rows
# PYTHON names an interpreter that has the package's dependencies; it need not have the
# package itself. --help tells the rest.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
[ -x "$(command -v "$python")" ] || python=python3
export PYTHONPATH="$root:$root/scripts${PYTHONPATH:+:$PYTHONPATH}"
# Painting, reading and association have a process each; a thread pool in every one of
# them would have them all wait.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} OPENBLAS_NUM_THREADS=1
exec "$python" -m gpu_campaign "$@"
