#!/usr/bin/env bash
# From nothing to a measured pair of Table II, with REN (row 4) and without (row 5):
# installs into .venv, makes SynthMOT, trains and measures both on the CPU. Arguments go
# to `cstrack reproduce table2` in the place of `--rows 4,5`.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
[ $# -gt 0 ] || set -- --rows 4,5
exec .venv/bin/cstrack reproduce table2 --profile twin \
    --data quickstart/data --results quickstart/results "$@"
