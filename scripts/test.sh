#!/usr/bin/env bash
# Everything a change must pass: lint, format, types, layers, tests.
# Arguments go to pytest, such as: scripts/test.sh -m slow
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh dev,docs,export
export OMP_NUM_THREADS=1
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/lint-imports
# A process a core; the order of tests is nothing that any of them may lean on.
.venv/bin/pytest -n auto --dist worksteal "$@"
