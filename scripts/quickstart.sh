#!/usr/bin/env bash
# From nothing to a measured Table II: installs into .venv, makes SynthMOT, trains and
# measures six rows on the CPU. Arguments go to `cstrack reproduce table2`.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
exec .venv/bin/cstrack reproduce table2 --profile twin \
    --data quickstart/data --results quickstart/results "$@"
