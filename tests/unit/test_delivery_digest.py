"""The digest of a delivery is what its agency can make of the files it sent, as docs/lineage.md says."""

import re
import subprocess
from pathlib import Path

from warehouse.contracts_model import FilePattern
from warehouse.ingest.discovery import Arrival, ArrivedFile
from warehouse.readers.scan import digest_file

ROOT = Path(__file__).resolve().parents[2]


def test_the_command_of_the_page_makes_the_digest(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^sha256sum FILES.*$", page, re.MULTILINE)
    names = ["b.csv", "A.csv", "a_2.csv"]
    files = []
    for name in names:
        (tmp_path / name).write_text(f"content of {name}\n", encoding="utf-8")
        sha256, size = digest_file(tmp_path / name)
        files.append(ArrivedFile(tmp_path / name, f"below/{name}", FilePattern(name, ()), sha256, size))
    said = subprocess.run(
        ["/bin/sh", "-c", command.replace("FILES", " ".join(names))],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.split()[0] == Arrival("s", "2023", tmp_path, tuple(files)).sha256
