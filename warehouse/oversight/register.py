"""The public register of a deployment, written to a directory.

Belongs here: bringing documents, registry and link quality together, and the files.
Does not: what may be public (`data_sharing_agreements.register`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from data_sharing_agreements.register import Setting, register, register_html
from warehouse.hub import Hub
from warehouse.oversight.duties import duties_of
from warehouse.oversight.linkage import link_quality
from warehouse.oversight.open_data import open_data_of


def write_register(hub: Hub, directory: Path) -> dict[str, Any]:
    """Write `index.html`, `register.json` and `algorithm.json`, and return what the register says.

    Args:
        hub: The hub; no store is opened.
        directory: Made if it does not exist.
    """
    today = hub.deployment.today()
    setting = Setting(
        title=hub.deployment.title,
        on=today,
        duties=duties_of(hub),
        quality=link_quality(hub),
        purpose=hub.deployment.link_purpose,
        open_data=open_data_of(hub),
    )
    content = register(hub.gate.current(), hub.registry, setting)
    directory.mkdir(parents=True, exist_ok=True)
    page = register_html(content)
    (directory / "register.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    record = content["algorithm"]
    (directory / "algorithm.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (directory / "index.html").write_text(page, encoding="utf-8")
    return content
