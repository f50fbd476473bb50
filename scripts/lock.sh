#!/usr/bin/env bash
# Makes the lock files anew: hashed, for every platform, without registry addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
args=(--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q)
$uv pip compile "${args[@]}" pyproject.toml -o requirements/run.txt
$uv pip compile "${args[@]}" pyproject.toml --extra dev -o requirements/dev.txt -c requirements/run.txt
echo "uv==$($uv --version | cut -d' ' -f2)" | $uv pip compile "${args[@]}" - -o requirements/uv.txt
echo "pseudopeople==1.3.1" | $uv pip compile "${args[@]}" - -o requirements/simulator.txt
