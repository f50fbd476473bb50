"""The demonstration: from agency files to indicators, with the commands a user would type.

Belongs here: the order of the commands and what to do next. Does not: any work
of its own; each line printed after `$` can be typed.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from pathlib import Path

COMMONWEAL = Path(sys.executable).with_name("commonweal")


def extracts_of(home: str) -> Path:
    """Where the synthetic state of a home lies: beside it, so that another size is another state."""
    return Path(".evergreen") if home == ".commonweal" else Path(f"{home.rstrip('/')}-extracts")


def not_another_state(options: argparse.Namespace) -> None:
    """Stop before the files of one synthetic state would be taken for corrections of another's."""
    kept = Path(options.home) / "demonstration.txt"
    size = f"{options.people} people, {options.months} months, seed {options.seed}"
    if kept.exists() and kept.read_text(encoding="utf-8") != size:
        print(
            f"{options.home} holds the synthetic state of {kept.read_text(encoding='utf-8')}; this would be "
            f"another, of {size}.\nNext: give it a home of its own, for example "
            f"`make run PEOPLE={options.people} HOME_DIR=.another`, or `make clean` first.",
            file=sys.stderr,
        )
        sys.exit(2)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(size, encoding="utf-8")


def call(*words: str) -> None:
    """Show a command, run it, and stop with its exit code if it fails."""
    print(f"\n$ commonweal {shlex.join(words)}", flush=True)
    done = subprocess.run([str(COMMONWEAL), *words], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def synth_words(options: argparse.Namespace) -> list[str]:
    """Return the command that makes the synthetic state."""
    return [
        "synth",
        *("--people", str(options.people), "--seed", str(options.seed)),
        *("--months", str(options.months), "--out", str(extracts_of(options.home))),
    ]


def parse() -> argparse.Namespace:
    """Return the demonstration's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="commonweal.toml")
    parser.add_argument("--home", default=".commonweal")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seed", type=int, default=2023)
    return parser.parse_args()


def main() -> None:
    """Run the demonstration."""
    options = parse()
    where = ("--config", options.config, "--home", options.home)
    start, out = time.monotonic(), extracts_of(options.home)
    not_another_state(options)
    call(*synth_words(options))
    call(*where, "init")
    call(*where, "run", "--landing", str(out / "landing"))
    call(*where, "evaluate", "--truth", str(out / "truth" / "records.csv"))
    call(*where, "indicators")
    call(*where, "log", "verify")
    print(
        f"""
Done in {time.monotonic() - start:.0f} seconds. What to do next:

  researchers   commonweal login researcher        (password in {options.home}/accounts.txt)
                commonweal query --project tanf-leavers "SELECT count(*) FROM leaver_earnings"
  the board     commonweal lineage tanf_leavers_employed
                commonweal log show
  the team      make dev                           (Dagster's pages on the same home)
                commonweal status

  reports       {options.home}/reports/
  marts         {options.home}/marts/              (encrypted; opened by `commonweal query` and `table`)
"""
    )


if __name__ == "__main__":
    main()
