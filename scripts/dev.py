"""Open Dagster's pages on the demonstration's home, made first if it is not there.

Belongs here: starting `dagster dev` with the right environment. Does not:
anything a production service would need.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from demo import call, extracts_of, not_another_state, parse, synth_words


def main() -> None:
    """Make Evergreen if need be, then become `dagster dev`."""
    options = parse()
    home = Path(options.home).resolve()
    out = extracts_of(options.home)
    if not (out / "landing").is_dir():
        not_another_state(options)
        call(*synth_words(options))
    call("--config", options.config, "--home", options.home, "init")
    environment = os.environ | {
        "COMMONWEAL_CONFIG": str(Path(options.config).resolve()),
        "COMMONWEAL_HOME": str(home),
        "COMMONWEAL_LANDING": str((out / "landing").resolve()),
        "DAGSTER_HOME": str(home / "dagster"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    dagster = Path(sys.executable).with_name("dagster")
    os.execve(str(dagster), [str(dagster), "dev", "-w", "workspace.yaml"], environment)


if __name__ == "__main__":
    main()
