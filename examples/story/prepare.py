"""Make a copy of the state of Evergreen in which the story of docs/story.md can happen.

Belongs here: copying documents, and writing the demonstration keys of those who sign.
Does not: anything the story itself does; that is all on the command line.

    python examples/story/prepare.py DIRECTORY
"""

import shutil
import sys
from pathlib import Path

import yaml

from data_sharing_agreements.lifecycle.demonstration import write_key

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "data_sharing_agreements/documents",
    "warehouse/contracts",
    "warehouse/core",
    "warehouse/marts",
    "warehouse/indicators",
)


def prepare(directory: Path) -> None:
    """Copy Evergreen's documents, the proposal and everybody's key into a new directory."""
    if directory.exists():
        sys.exit(f"{directory} is there already. Next: name another directory, or remove it first.")
    only_data = shutil.ignore_patterns("*.py", "__pycache__")
    for part in PARTS:
        shutil.copytree(ROOT / part, directory / part, ignore=only_data)
    shutil.copyfile(ROOT / "commonweal.toml", directory / "commonweal.toml")
    for name in ("DUL-2026-003.yaml", "destruction.yaml", "compare.py"):
        shutil.copyfile(Path(__file__).parent / name, directory / name)
    shutil.copytree(Path(__file__).parent / "marts", directory / "proposed_marts")
    keys = directory / "keys"
    keys.mkdir()
    roster = yaml.safe_load((directory / PARTS[0] / "signatories.yaml").read_text(encoding="utf-8"))
    for entry in roster["signatories"]:
        write_key(entry["id"], keys / f"{entry['id']}.pem")


if __name__ == "__main__":
    prepare(Path(sys.argv[1]))
