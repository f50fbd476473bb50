"""The pages a run writes, opened in a real browser: they show what they should and fetch nothing.

Each page is one file. Chromium opens it with every host mapped to nowhere; what a reader would see is read
from the page as the browser has it, and a screenshot is taken to see that it is not blank.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
FETCHES = re.compile(
    r"""(?:src|href)\s*=\s*["']?(?!#|data:)[a-z]*:?//|url\(\s*["']?https?:|@import""", re.IGNORECASE
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="there is no chromium; scripts/system-packages.sh installs it"
    ),
]


def browse(*words: str, profile: Path) -> bytes:
    """Run chromium without a window, without its own traffic, and return what it prints."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars", f"--user-data-dir={profile}"),
            *words,
        ],
        capture_output=True,
        check=True,
        timeout=300,
    )
    return done.stdout


PAGES = (
    ("scorecard.html", "Returns to homelessness within six months"),
    ("linkage/index.html", "How often it is wrong"),
    ("linkage/splink.html", "Unlinkable records"),
    ("words/index.html", "blocking key"),
    ("quality/com_hmis.html", "Quarantined"),
    ("marts/results/tanf_leavers.html", "Adults leaving TANF"),
    ("marts/tanf-leavers/leaver_earnings.html", "What binds its users"),
    ("register/index.html", "What this system cannot prevent"),
    ("index.html", "Quality of deliveries"),
)


@pytest.mark.parametrize(("page", "words"), PAGES, ids=[name for name, _ in PAGES])
def test_a_page_shows_its_content_and_fetches_nothing(
    page: str, words: str, finished: tuple[Path, dict], tmp_path: Path
) -> None:
    path, picture = finished[0] / "reports" / page, tmp_path / "page.png"
    assert not FETCHES.search(path.read_text(encoding="utf-8"))
    asked = ("--dump-dom", f"--screenshot={picture}", "--window-size=1100,1400")
    shown = browse(*asked, path.as_uri(), profile=tmp_path / "profile").decode()
    assert words in shown
    assert "undefined" not in shown
    assert "{{" not in shown
    assert picture.stat().st_size > 20_000, "a blank page compresses to almost nothing"


def test_the_scorecard_has_a_table_beside_every_chart(finished: tuple[Path, dict], tmp_path: Path) -> None:
    path = finished[0] / "reports" / "scorecard.html"
    shown = browse("--dump-dom", path.as_uri(), profile=tmp_path / "profile").decode()
    charts, tables = shown.count("<svg"), shown.count("<table")
    assert charts >= 3
    assert tables >= charts


LINK = re.compile(r'<a href="([^"#:]*)(?:#([^"]*))?"')


def test_every_link_leads_somewhere(finished: tuple[Path, dict]) -> None:
    """Between pages and within one: from a figure to its lineage, from a page's foot to the words."""
    reports = finished[0] / "reports"
    for page, _ in PAGES:
        found = LINK.findall((reports / page).read_text(encoding="utf-8"))
        for target, place in found:
            path = (reports / page).parent / target if target else reports / page
            assert path.is_file(), f"{page} leads to {target}"
            assert not place or f'id="{place}"' in path.read_text(encoding="utf-8"), (
                f"{page}: {target}#{place}"
            )
    scorecard = (reports / "scorecard.html").read_text(encoding="utf-8")
    assert scorecard.count("Where this figure comes from") >= 3


WIDTH = """<body><iframe id="f" src="{page}" style="width:{width}px;height:9000px;border:0"></iframe><script>
document.getElementById("f").onload = function () {{
  const d = this.contentDocument; d.querySelectorAll("details").forEach(x => x.open = true);
  document.title = "wide " + d.documentElement.scrollWidth;
}};
</script>"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("page", ["linkage/index.html", "register/index.html", "scorecard.html"])
def test_nothing_of_a_page_is_wider_than_its_window(
    page: str, width: int, finished: tuple[Path, dict], tmp_path: Path
) -> None:
    """On a telephone as on a desk, all that can be folded open; wide tables move by themselves."""
    frame = tmp_path / "frame.html"
    frame.write_text(
        WIDTH.format(page=(finished[0] / "reports" / page).as_uri(), width=width), encoding="utf-8"
    )
    words = ("--allow-file-access-from-files", "--window-size=1400,9000", "--virtual-time-budget=5000")
    shown = browse("--dump-dom", *words, frame.as_uri(), profile=tmp_path / "profile").decode()
    found = re.search(r"wide (\d+)", shown)
    assert found, "the page was measured"
    assert int(found[1]) <= width
