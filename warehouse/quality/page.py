"""The quality page of a source: one self-contained HTML file, counts and no values.

Belongs here: keeping the results of each delivery as JSON, and drawing them.
Does not: running checks (`suite`), or any link to another host.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data_sharing_agreements.pages import render
from warehouse.contracts_model import Contract
from warehouse.quality.results import CheckResult


def save_results(
    directory: Path,
    delivery: Mapping[str, Any],
    rules: Sequence[Mapping[str, Any]],
    checks: Sequence[CheckResult],
) -> Path:
    """Keep one delivery's results as JSON below a source's directory of reports.

    Args:
        directory: Of the source's results.
        delivery: Its id, period, version, state and counts of rows.
        rules: Broken rules: rule, table, column, rows, action.
        checks: The suite's results.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{delivery['period']}-{delivery['id']}.json"
    content = {"delivery": dict(delivery), "rules": list(rules), "checks": [asdict(c) for c in checks]}
    path.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
    return path


def load_results(directory: Path) -> list[dict[str, Any]]:
    """Return the kept results of a source's deliveries, the newest period and version first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(directory.glob("*.json"))]
    return sorted(found, key=lambda r: (r["delivery"]["period"], r["delivery"]["version"]), reverse=True)


def write_page(path: Path, contract: Contract, results: Sequence[Mapping[str, Any]]) -> Path:
    """Draw a source's quality page.

    Args:
        path: Where it goes.
        contract: The source's contract.
        results: From `load_results`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    page = render(
        "warehouse.quality", "page.html.j2", contract=contract, results=results, home="../index.html"
    )
    path.write_text(page, encoding="utf-8")
    return path
