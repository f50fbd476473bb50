"""A page printed to PDF by the chromium of this machine.

Belongs here: finding it, and asking it to print. Does not: the page.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from data_sharing_agreements.errors import UsageFault

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 120


def print_pdf(page: Path, pdf: Path) -> None:
    """Print a self-contained page to a PDF. Nothing is fetched: every host is mapped to nowhere.

    Raises:
        UsageFault: There is no browser to print with, or it did not print.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise _unprinted("There is no browser here that prints a page to PDF.")
    pdf.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"),
            *(f"--user-data-dir={profile}", "--no-pdf-header-footer", f"--print-to-pdf={pdf.resolve()}"),
            page.resolve().as_uri(),
        ]
        try:
            subprocess.run(words, capture_output=True, check=False, timeout=_SECONDS)  # noqa: S603 - ours
        except subprocess.TimeoutExpired:
            raise _unprinted("The browser did not finish printing.") from None
    if not pdf.is_file():
        raise _unprinted("The browser did not print the page.")


def _unprinted(what: str) -> UsageFault:
    return UsageFault.of(
        "no-pdf",
        what,
        why="The PDF is the page as chromium prints it; the page itself is there.",
        next="Install chromium (on Debian: scripts/system-packages.sh), or print the page from a browser.",
    )
