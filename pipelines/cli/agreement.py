"""`commonweal agreement`: documents, where each stands, what is missing, what changed.

Belongs here: the group and what looks at documents. Does not: taking documents and acts
in (`agreement_intake.py`), exporting them (`agreement_export.py`), or any rule.
"""

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.agreement_export import export
from pipelines.cli.agreement_intake import act, agreements_of, check, submit
from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say, table

if TYPE_CHECKING:
    from data_sharing_agreements.documents import Agreements
    from data_sharing_agreements.lifecycle import Standing
    from data_sharing_agreements.models import Document


@click.group()
def agreement() -> None:
    """The agreements: where each stands, what is missing, what changed."""


agreement.add_command(export)
agreement.add_command(check)
agreement.add_command(submit)
agreement.add_command(act)


@agreement.command("list")
@json_option
@click.pass_obj
def list_verb(context: Context, as_json: bool) -> None:
    """List every version of every document and its state today."""
    agreements, on = _load(context)
    rows = [_line(agreements, document, on) for document in agreements.versions]
    payload = {"schema": "commonweal/agreement list/1", "on": on.isoformat(), "documents": rows}

    def people() -> None:
        columns = ("document", "version", "state", "start", "expiry", "missing")
        table(columns, [[row[c] for c in columns] for row in rows], apart=False)

    emit(payload, as_json=as_json, people=people)


@agreement.command()
@click.argument("name", metavar="ID")
@click.option("--version", type=int, help="A version; by default the one that governs today.")
@json_option
@click.pass_obj
def show(context: Context, name: str, version: int | None, as_json: bool) -> None:
    """Show a document: its summary, its parties, every clause."""
    from data_sharing_agreements.reading import digest

    agreements, on = _load(context)
    document = _find(agreements, name, version, on)
    body = document.model_dump(mode="json", exclude_unset=True)
    payload = {
        "schema": "commonweal/agreement show/1",
        "sha256": digest(document),
        **_line(agreements, document, on),
        "body": body,
    }

    def people() -> None:
        import yaml

        say(f"{document.id}, version {document.version}: {payload['state']} on {on}")
        say(f"SHA-256 of its canonical bytes: {payload['sha256']}")
        say()
        say(yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100).rstrip())

    emit(payload, as_json=as_json, people=people)


@agreement.command()
@click.argument("name", metavar="ID")
@click.option("--version", type=int, help="A version; by default the one that governs today.")
@json_option
@click.pass_obj
def status(context: Context, name: str, version: int | None, as_json: bool) -> None:
    """Say where a document stands: its state, what is missing, when that changes next."""
    agreements, on = _load(context)
    document = _find(agreements, name, version, on)
    standing = agreements.standing[(document.id, document.version)]
    payload = _status(standing, on)
    emit(payload, as_json=as_json, people=lambda: _show_status(payload))


@agreement.command()
@click.argument("name", metavar="ID")
@click.option("--from", "before", type=int, help="The earlier version; by default the one before.")
@click.option("--to", "after", type=int, help="The later version; by default the newest.")
@json_option
@click.pass_obj
def diff(context: Context, name: str, before: int | None, after: int | None, as_json: bool) -> None:
    """Say in words what one version says otherwise than another, clause by clause."""
    from data_sharing_agreements.documents.difference import difference
    from data_sharing_agreements.errors import UsageFault

    agreements, on = _load(context)
    numbers = sorted(d.version for d in agreements.versions if d.id == name)
    later = _find(agreements, name, after if after is not None else max(numbers, default=None), on)
    earlier = before if before is not None else max((n for n in numbers if n < later.version), default=None)
    if earlier is None:
        raise UsageFault.of(
            "no-version-before",
            f"{name} has no version before version {later.version}.",
            why="A difference is between two versions.",
            next="Keep earlier versions beside the newest, as ID@version.yaml.",
            document=name,
        )
    changes = difference(_find(agreements, name, earlier, on), later)
    payload = {
        "schema": "commonweal/agreement diff/1",
        "document": name,
        "from": earlier,
        "to": later.version,
        "changes": [{"clause": c.clause, "before": c.before, "after": c.after} for c in changes],
    }

    def people() -> None:
        say(f"{name}: version {later.version} against version {earlier}, {len(changes)} clauses differ.")
        for change in changes:
            say(f"  {change.words}")

    emit(payload, as_json=as_json, people=people)


@agreement.command()
@click.argument("name", metavar="ID", required=False)
@json_option
@click.pass_obj
def acts(context: Context, name: str | None, as_json: bool) -> None:
    """List the acts on a document, or on all, and those that do not count and why."""
    agreements, _ = _load(context)
    filed = [f.act for f in agreements.acts if name in (None, f.act.document)]
    faults = [f for s in agreements.standing.values() for f in s.faults if name in (None, f.document)]
    rows = [
        {
            "document": one.document,
            "version": one.version,
            "act": one.act.value,
            "signatory": one.signatory,
            "at": one.at,
            "effective": one.effective.isoformat() if one.effective else None,
            "ground": one.ground,
            "digest": one.digest,
        }
        for one in filed
    ]
    payload = {
        "schema": "commonweal/agreement acts/1",
        "acts": rows,
        "faults": [{"code": f.code, "what": f.what, "document": f.document} for f in faults],
    }

    def people() -> None:
        columns = ("document", "version", "act", "signatory", "at", "digest")
        cells = [[str(row[c])[:12] if c == "digest" else row[c] for c in columns] for row in rows]
        table(columns, cells, apart=False)
        for fault in faults:
            say(f"Does not count: {fault.what} [{fault.code}]")

    emit(payload, as_json=as_json, people=people)


def _load(context: Context) -> "tuple[Agreements, date]":
    deployment = context.deployment()
    return agreements_of(deployment), deployment.today()


def _find(agreements: "Agreements", name: str, version: int | None, on: date) -> "Document":
    """Return a version of a document.

    Raises:
        UsageFault: There is none of that name or version.
    """
    from data_sharing_agreements.errors import UsageFault

    wanted = agreements.on(on).documents() if version is None else agreements.versions
    for document in wanted:
        if document.id == name and version in (None, document.version):
            return document
    names = ", ".join(dict.fromkeys(d.id for d in agreements.versions))
    raise UsageFault.of(
        "no-such-document",
        "There is no such document, or not in this version.",
        why=f"These are there: {names}.",
        next="Give the id of one of them; `commonweal agreement list` shows their versions.",
    )


def _line(agreements: "Agreements", document: "Document", on: date) -> dict[str, Any]:
    standing = agreements.standing[(document.id, document.version)]
    return {
        "document": document.id,
        "version": document.version,
        "title": document.title,
        "state": standing.state(on).value,
        "start": document.term.start.isoformat(),
        "expiry": document.term.expiry.isoformat(),
        "missing": len(standing.missing_on(on)),
    }


def _status(standing: "Standing", on: date) -> dict[str, Any]:
    coming = standing.next_change(on)
    reason = standing.why_not(on)
    return {
        "schema": "commonweal/agreement status/1",
        "document": standing.document,
        "version": standing.version,
        "on": on.isoformat(),
        "state": standing.state(on).value,
        "in_force": reason is None,
        "why_not": None if reason is None else reason.text,
        "missing": [
            {
                "act": r.act.value,
                "party": r.party,
                "offices": sorted(r.offices),
                "document": r.document,
                "clause": r.clause,
            }
            for r in standing.missing_on(on)
        ],
        "approvals": [
            {
                "act": a.act.act.value,
                "party": a.requirement.party,
                "signatory": a.signatory,
                "on": a.act.day.isoformat(),
            }
            for a in standing.approvals
        ],
        "life": [
            {"on": s.day.isoformat(), "state": s.state.value, "by": s.by, "through": s.trigger.value}
            for s in standing.steps
            if s.day <= on
        ],
        "objections": [
            {"party": o.party, "on": o.day.isoformat(), "ground": o.ground} for o in standing.objections
        ],
        "next": None if coming is None else {"on": coming.day.isoformat(), "state": coming.state.value},
        "faults": [{"code": f.code, "what": f.what} for f in standing.faults],
    }


def _show_status(payload: dict[str, Any]) -> None:
    state = payload["state"].replace("_", " ")
    say(f"{payload['document']}, version {payload['version']}: {state} on {payload['on']}")
    if payload["why_not"]:
        say(payload["why_not"])
    for one in payload["missing"]:
        offices = " or ".join(one["offices"]) or "nobody named"
        asked = f"asked for by {one['document']}, {one['clause']}"
        say(f"  missing: {one['act']} by {one['party']} ({offices}), {asked}")
    for one in payload["life"]:
        by = f" by {one['by']}" if one["by"] else ""
        say(
            f"  {one['on']}  {one['state'].replace('_', ' ')}, through {one['through'].replace('_', ' ')}{by}"
        )
    for one in payload["objections"]:
        say(f"  {one['on']}  {one['party']} objects: {one['ground'] or 'no ground given'}")
    if payload["next"]:
        say(f"Next: {payload['next']['state'].replace('_', ' ')} on {payload['next']['on']}")
    for fault in payload["faults"]:
        say(f"Does not count: {fault['what']} [{fault['code']}]")
