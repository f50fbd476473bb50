"""`commonweal hold …` and `certificate …`: what stops an end, and what is left of one.

Belongs here: options and what is printed. Does not: ending anything (`ends.py`).
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say, table

_KINDS = ("document", "source", "project")
_REASONS = ("litigation", "investigation", "audit", "records-request", "incident", "other")


@click.group()
def hold() -> None:
    """Legal holds: while one stands, nothing of its subject is destroyed."""


@hold.command("set")
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("subject")
@click.option("--reason", type=click.Choice(_REASONS), required=True, help="Why, as a code.")
@json_option
@click.pass_obj
def hold_set(context: Context, kind: str, subject: str, reason: str, as_json: bool) -> None:
    """Set a hold on a document, a source or a project, as whoever is signed in."""
    from data_sharing_agreements.ends import HoldKind, HoldReason
    from data_sharing_agreements.holding import check_may_hold
    from pipelines.session import signed_in
    from warehouse.ends.plan import check_subject

    with context.hub() as hub:
        account = signed_in(hub)
        check_subject(hub, HoldKind(kind), subject)
        check_may_hold(hub.agreements, subject, account)
        made = hub.registry.ends.set_hold(HoldKind(kind), subject, HoldReason(reason), account.name)
    payload = {"schema": "commonweal/hold/1", **asdict(made)}
    emit(payload, as_json=as_json, people=lambda: say(f"Hold {made.id} lies on the {kind} {subject}."))


@hold.command("lift")
@click.argument("hold_id")
@json_option
@click.pass_obj
def hold_lift(context: Context, hold_id: str, as_json: bool) -> None:
    """Lift a hold: the board may, and the party that set it."""
    from data_sharing_agreements.holding import check_may_lift
    from pipelines.session import signed_in

    with context.hub() as hub:
        account, known = signed_in(hub), hub.registry.ends.hold(hold_id)
        setter = hub.registry.accounts.get(known.set_by)
        check_may_lift(hub.agreements, known.subject, account, setter)
        lifted = hub.registry.ends.lift_hold(hold_id, account.name)
    payload = {"schema": "commonweal/hold/1", **asdict(lifted)}
    emit(payload, as_json=as_json, people=lambda: say(f"Hold {hold_id} is lifted."))


@hold.command("list")
@json_option
@click.pass_obj
def hold_list(context: Context, as_json: bool) -> None:
    """List the holds that stand, and those that were lifted."""
    with context.hub() as hub:
        holds = [asdict(one) for one in hub.registry.ends.holds(lifted=True)]
    payload = {"schema": "commonweal/hold/1", "holds": holds}
    emit(payload, as_json=as_json, people=lambda: _show_holds(holds))


def _show_holds(holds: list[dict[str, Any]]) -> None:
    names = ("id", "kind", "subject", "reason", "set_by", "set_at", "lifted_by")
    table([n.replace("_", " ") for n in names], [[one[n] for n in names] for one in holds], apart=False)
    if not holds:
        say("No legal hold was ever set.")


@click.group()
def certificate() -> None:
    """Certificates of what was destroyed, signed by the hub."""


@certificate.command("list")
@json_option
@click.pass_obj
def certificate_list(context: Context, as_json: bool) -> None:
    """List every ending and its certificate."""
    with context.hub() as hub:
        endings = hub.registry.ends.all()
    found = [
        {
            "id": e.id,
            "scope": e.kind,
            "subject": e.subject,
            "document": e.document,
            "state": e.state,
            "begun_at": e.begun_at,
            "ended_at": e.ended_at,
        }
        for e in endings
    ]
    payload = {"schema": "commonweal/certificate-list/1", "endings": found}
    emit(payload, as_json=as_json, people=lambda: _show_list(found))


def _show_list(found: list[dict[str, Any]]) -> None:
    names = ("id", "scope", "subject", "document", "state", "ended_at")
    table([n.replace("_", " ") for n in names], [[one[n] for n in names] for one in found], apart=False)
    if not found:
        say("Nothing has ended yet.")


@certificate.command("show")
@click.argument("certificate_id")
@json_option
@click.pass_obj
def certificate_show(context: Context, certificate_id: str, as_json: bool) -> None:
    """Show one certificate; the page beside it says the same for reading and printing."""
    from warehouse.ends.certificate import directory, read_certificate

    with context.hub() as hub:
        known = hub.registry.ends.get(certificate_id)
        path = directory(hub) / f"{known.id}.json"
        content = read_certificate(path)
    emit(content, as_json=as_json, people=lambda: show_certificate(content, path))


def show_certificate(content: dict[str, Any], path: Path) -> None:
    """Print a certificate for people: what was done, searched and found, and what it cannot prove."""
    say(f"Certificate {content['id']} of {content['deployment']}")
    say(f"{content['how']}")
    say(f"Under {content['document']} version {content['document_version']}, clause {content['clause']}.")
    for line in (*_went(content), *_rested(content), *_searched(content["searched"])):
        say(line)
    for store, key in content["keys_destroyed"].items():
        say(f"Key destroyed: {key} of {store}")
    for backup in content["backups_readable"]:
        until = backup["kept_until"] or "no day was given"
        say(f"Backup {backup['id']} of {backup['taken_at'][:10]} can still be read, kept until: {until}")
    for recipient in content["recipients"]:
        said = [attested["by"] for attested in recipient["attested"]]
        say(f"Recipients of {recipient['project']} who attested: {', '.join(said) or 'none'}")
    say("What it cannot prove:")
    for line in content["cannot_prove"]:
        say(f"  {line}")
    say(f"Log entry {content['log']['entry']}, root {content['log']['root'][:16]}…")
    say(f"Page: {path.with_suffix('.html')}")


def _went(content: dict[str, Any]) -> Iterator[str]:
    """Yield when, what and how many rows; small numbers are withheld in the certificate already."""
    yield f"Ended: {content['subject']} ({content['scope']})"
    yield f"Begun {_minute(content['begun_at'])}, certified {_minute(content.get('certified_at'))}"
    names = {"delivery": "Deliveries", "record": "Records", "person": "Persons of whom nothing is left"}
    for name, count in content["went"].items():
        yield f"{names[name]}: {_count(count)}"
    for store, tables in content["stores_rewritten"].items():
        for name, count in tables.items():
            yield f"Rows left out of {store} {name}: {_count(count)}"
        if not tables:
            yield f"Rewritten: {store}; it held nothing of it"
    if landing := content["landing"]:
        yield f"Files as sent: {landing['removed']:,} removed, {landing['elsewhere']:,} in other directories"


def _rested(content: dict[str, Any]) -> Iterator[str]:
    for words, marts in (("retracted", "marts_retracted"), ("made anew", "marts_made_anew")):
        for mart in content[marts]:
            yield f"Mart {words}: {mart['project']} version {mart['version']}"
    for name in content.get("review_files_removed", ()):
        yield f"Removed from review: {name}"
    for name in content["indicators_resting_on_retracted_marts"]:
        yield f"Figures that rest on destroyed data, and say so: {name}"


def _searched(searched: dict[str, Any] | None) -> Iterator[str]:
    """Yield what was searched afterwards and what was found; a project's search has places alone."""
    if searched is None:
        return
    found = list(searched.get("found", ()))
    if "stores" in searched:
        stores, files = searched["stores"], searched["files"]
        found += [*stores["found"], *files["found"]]
        texts = f"{stores['texts_searched_for']:,} ids and values"
        yield f"Searched: {len(stores['stores'])} stores for {texts}; {files['files']:,} files; the registry"
        yield f"Left out of the search, because rows that stay hold them by right: {searched['excused']:,}"
    yield f"STILL FOUND in {', '.join(found)}" if found else "Searched afterwards: nothing was found."


def _minute(moment: str | None) -> str:
    return f"{moment[:16].replace('T', ' at ')} UTC" if moment else "at a time not recorded"


def _count(count: dict[str, Any]) -> str:
    return "fewer than may be shown" if count["suppressed"] else f"{count['rows']:,}"


@certificate.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def certificate_verify(context: Context, file: Path, as_json: bool) -> None:
    """Check a certificate against the hub's key and its log."""
    from warehouse.ends.certificate import check_certificate, read_certificate

    with context.hub() as hub:
        content = read_certificate(file)
        check_certificate(hub, content)
    payload = {"schema": "commonweal/certificate-verify/1", "ok": True, "id": content["id"]}
    emit(payload, as_json=as_json, people=lambda: say(f"Certificate {content['id']} holds."))
