"""The page of all pages: what there is in the home's reports, grouped, each by its own title.

Belongs here: finding and linking, and the page of words they all lead to. Does not: making any other page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from data_sharing_agreements.glossary import PLACE, words_html
from data_sharing_agreements.pages import render
from warehouse.hub import Hub
from warehouse.oversight.duties import duties_of

INDEX = "index.html"
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_HEAD = 4_000

GROUPS: tuple[tuple[str, str, str], ...] = (
    ("", "Results", "Indicators against target and trajectory."),
    ("register", "Register", "What is shared, with whom, until when. Public."),
    ("governance", "Governance", "What the board is told. Names people who can read names."),
    ("marts", "Codebooks", "What each table means, where it comes from, how good it is."),
    ("linkage", "Linkage", "Who is who, by what evidence, and how often that is wrong."),
    ("lineage", "Lineage", "From a figure back to the file and the clause."),
    ("quality", "Quality of deliveries", "What arrived, what was refused, by which rule."),
    ("words", "Words", "What the words on these pages mean."),
)
"""(first directory, heading, what is there), in the order shown; others come last."""


def write_index(hub: Hub) -> Path:
    """Write `index.html` over everything in the reports directory, and the page of the words."""
    root = hub.deployment.reports
    words = hub.reports(*PLACE.split("/"))
    words.write_text(words_html(hub.deployment.title), encoding="utf-8")
    found = list(_pages(root))
    known = {directory for directory, _, _ in GROUPS}
    groups = [(heading, said, [p for p in found if p[0] == first]) for first, heading, said in GROUPS]
    groups.append(("Others", "", [p for p in found if p[0] not in known]))
    page = render(
        "warehouse.oversight",
        "index.html.j2",
        title=hub.deployment.title,
        notice=duties_of(hub).words,
        groups=[
            {"heading": heading, "words": said, "pages": [{"path": p[1], "title": p[2]} for p in pages]}
            for heading, said, pages in groups
            if pages
        ],
    )
    path = root / INDEX
    path.write_text(page, encoding="utf-8")
    return path


def _pages(root: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (first directory, path below the root, title) of every page, by path."""
    for path in sorted(root.rglob("*.html")):
        below = path.relative_to(root)
        if str(below) != INDEX:
            yield below.parts[0] if len(below.parts) > 1 else "", below.as_posix(), _title(path)


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        found = _TITLE.search(file.read(_HEAD))
    return unescape(found[1]).strip() if found else path.stem
