"""Every table of the documentation is whole: each row has as many cells as its head."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def cells(line: str) -> int:
    """Count the cells of a row; a bar after a backslash divides nothing."""
    return len(re.findall(r"(?<!\\)\|", line)) - 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_row_is_torn(page: Path) -> None:
    width, fenced, torn = 0, False, []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fenced ^= line.startswith("```")
        if fenced or not line.startswith("|"):
            width = 0
            continue
        width = width or cells(line)
        if cells(line) != width:
            torn.append(number)
    assert not torn
