#!/usr/bin/env bash
# Makes the invented town's files, once, on which two engines are compared (about a minute; 0.5 GB).
# Without them that test says why it skips.
cd "$(dirname "$0")/.."
.venv/bin/python -m benchmarks.simulated >/dev/null \
  || echo "the invented town could not be made: the test that needs it will skip" >&2
exit 0
