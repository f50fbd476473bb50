"""Certificates: what was done with an ending, signed, as JSON and as a page.

Belongs here: bringing the facts together, writing, reading and checking the files.
Does not: doing any of it, or the signature itself (`data_sharing_agreements.ends`).

A certificate says no more than is true: what was searched, what was found, which
backups can still be read, and what nobody can prove.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_sharing_agreements.ends import CANNOT_PROVE, Scope, is_genuine, signed_certificate
from data_sharing_agreements.errors import IntegrityFault, UsageFault
from data_sharing_agreements.pages import render
from data_sharing_agreements.registry.ends import Ending
from data_sharing_agreements.store.clock import text_of, utc_now
from warehouse.ends.review import FACT
from warehouse.hub import Hub

HOW = {
    Scope.DSA: "Every store that held the source was rewritten without it, under a new key.",
    Scope.DELIVERY: "Every store that held the delivery was rewritten without it, under a new key.",
    Scope.RECORDS: "Every store that held the records was rewritten without them, under a new key.",
    Scope.PROJECT: "The project's keys were destroyed, and its files removed.",
}


def directory(hub: Hub) -> Path:
    """Return where the home keeps certificates."""
    return hub.deployment.certificates


def write_certificate(hub: Hub, ending: Ending) -> dict[str, Any]:
    """Sign and write an ending's certificate; one that is there already is returned as it is.

    The log's entry and root stand in it, so that it cannot be dated back.
    """
    path = directory(hub) / f"{ending.id}.json"
    if path.exists():
        return read_certificate(path)
    summary = {
        "certificate": ending.id,
        "scope": ending.kind,
        "document": ending.document,
        "purge": ending.id,
    }
    index = hub.log.append("certificate", summary, ((ending.document, ending.clause),))
    size = index + 1
    body = {
        "id": ending.id,
        "deployment": hub.deployment.name,
        **_what(ending),
        **_how(hub, ending),
        "cannot_prove": list(CANNOT_PROVE),
        "log": {"entry": index, "size": size, "root": hub.log.root_at(size)},
    }
    certificate = signed_certificate(body, hub.keys.signer())
    path.parent.mkdir(mode=0o700, exist_ok=True)
    page = certificate_html(hub.deployment.title, certificate)
    _write(path.with_suffix(".html"), page)
    _write(path, json.dumps(certificate, indent=1, sort_keys=True) + "\n")
    return certificate


def _what(ending: Ending) -> dict[str, Any]:
    return {
        "scope": ending.kind,
        "subject": ending.subject,
        "source": ending.source or None,
        "document": ending.document,
        "document_version": ending.document_version,
        "clause": ending.clause,
        "begun_at": ending.begun_at,
        "certified_at": text_of(utc_now()),
        "reason": ending.facts.get("reason"),
    }


def _how(hub: Hub, ending: Ending) -> dict[str, Any]:
    facts = ending.facts
    rewritten = facts.get("rewritten", {})
    destroyed = {name: done["key_destroyed"] for name, done in rewritten.items()}
    projects = {project for project, _ in facts.get("marts", ())} | ({ending.subject} - {ending.document})
    return {
        "how": HOW[ending.kind],
        "went": facts.get("goes", {}),
        "deliveries": facts.get("deliveries", []),
        "stores_rewritten": {name: done["left_out"] for name, done in sorted(rewritten.items())},
        "keys_destroyed": {**destroyed, **facts.get("keys", {})},
        "marts_retracted": [{"project": p, "version": v} for p, v in facts.get("marts", ())],
        "marts_made_anew": facts.get("marts_made_anew", []),
        "review_files_removed": facts.get(FACT, []),
        "indicators_resting_on_retracted_marts": facts.get("indicators", []),
        "landing": facts.get("landing"),
        "searched": facts.get("searched"),
        "backups_readable": _backups(hub, ending),
        "recipients": _attested(hub, projects),
    }


def _backups(hub: Hub, ending: Ending) -> list[dict[str, Any]]:
    """Return the backups made before the end of the ending; who has keys of their time can read them."""
    return [
        {"id": b.id, "taken_at": b.taken_at, "kept_until": b.kept_until, "keys_copied_with_it": b.with_keys}
        for b in hub.registry.copies.backups()
        if ending.ended_at is None or b.taken_at <= ending.ended_at
    ]


def _attested(hub: Hub, projects: set[str]) -> list[dict[str, Any]]:
    """Return each project's recipients' attestations; a project without one says so."""
    found = []
    for project in sorted(projects & set(hub.agreements.projects())):
        said = [
            {"by": a.attested_by, "statement": a.statement, "file_sha256": a.sha256, "at": a.at}
            for a in hub.registry.copies.attestations(project)
        ]
        found.append({"project": project, "attested": said})
    return found


def certificate_html(title: str, certificate: Mapping[str, Any]) -> str:
    """Return a certificate as one page that loads nothing.

    Args:
        title: What pages call the state.
        certificate: The certificate.
    """
    return render("warehouse.ends", "certificate.html.j2", state=title, c=certificate)


def read_certificate(path: Path) -> dict[str, Any]:
    """Read a certificate file, as it is.

    Raises:
        UsageFault: There is none, or it is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict) or "signature" not in content:
        raise UsageFault.of(
            "no-certificate",
            "There is no certificate at the place given.",
            why="A certificate is a signed JSON file that the hub wrote when something ended.",
            next="See `commonweal certificate list`.",
        )
    return content


def check_certificate(hub: Hub, certificate: Mapping[str, Any]) -> None:
    """Raise unless a certificate is this hub's, unaltered, and stands in its log.

    Raises:
        IntegrityFault: It does not.
    """
    log = certificate.get("log")
    size = log.get("size") if isinstance(log, dict) else None
    known = isinstance(size, int) and 0 < size <= hub.log.size
    in_log = known and hub.log.root_at(size) == certificate["log"].get("root")
    if not is_genuine(certificate, hub.keys.public_key()) or not in_log:
        raise IntegrityFault.of(
            "certificate-false",
            "The certificate is not what this hub signed, or its log does not hold it.",
            why="A certificate counts by the hub's signature and by its place in the log.",
            next="Ask for the certificate again, and verify the log against a kept checkpoint.",
        )


def _write(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.chmod(0o600)
    new.replace(path)
