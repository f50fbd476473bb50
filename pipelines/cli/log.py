"""`commonweal log`: the record of every decision, for anyone to check.

Belongs here: the group, and what looks at the log or signs it. Does not: files for
others to check, and witnesses (`log_files.py`), or the log and its proofs.
"""

from pathlib import Path
from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.log_files import check_place, compare, cosign, export, prove, verifier, witness
from pipelines.cli.output import emit, json_option, note, say, table

FEW = 4
"""Documents from so many on are counted, not listed."""

HASH = 64
"""Characters of a SHA-256, of which a line shows the first."""

LONGEST = 40
"""Characters of a value that a line of the log shows."""


@click.group()
def log() -> None:
    """The log of decisions."""


@log.command()
@click.option(
    "--checkpoint",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A checkpoint someone kept; may be given several times.",
)
@json_option
@click.pass_obj
def verify(context: Context, files: tuple[Path, ...], as_json: bool) -> int:
    """Check every entry, the tree, the signatures, and every checkpoint at hand.

    The checkpoints of the home are always checked. One that an agency kept
    elsewhere proves more: give it with --checkpoint.
    """
    from pipelines.logbook import verify_log

    report = verify_log(context.existing(), files)
    payload = report.to_json()
    emit(payload, as_json=as_json, people=lambda: _show_verified(payload))
    if report.ok:
        return 0
    if not as_json:
        note("Integrity (exit 6): the log is not what it was. Keep this home as it is and tell the board.")
    return 6


def _show_verified(payload: dict[str, Any]) -> None:
    word = "verifies" if payload["ok"] else "does NOT verify"
    say(f"The log {word}: {payload['size']:,} entries, {payload['checkpoints']} checkpoints.")
    say(f"Root {payload['root']}")
    if payload["unsigned"]:
        say(f"{payload['unsigned']:,} entries were made since the last checkpoint.")
    if payload["unwitnessed"]:
        say(f"{payload['unwitnessed']:,} entries are not covered by the witnesses' cosignatures yet.")
    table(["entry", "fault"], [[fault["index"], fault["kind"]] for fault in payload["faults"]])


@log.command()
@click.option("-n", "--last", default=20, show_default=True, help="How many entries, newest last.")
@click.option("--kind", help="Only entries of this kind, such as decision, act, delivery, query.")
@click.option("--document", help="Only entries that rest on this document, or speak of it.")
@click.option("--since", default="", help="Only entries from this day or time on (2026-09-01).")
@json_option
@click.pass_obj
def show(
    context: Context, last: int, kind: str | None, document: str | None, since: str, as_json: bool
) -> None:
    """Show the newest entries: what was decided, under which clauses, and who has witnessed it."""
    from data_sharing_agreements.publication import witnessed_size

    _must_be_known(kind, since)
    with context.hub() as hub:
        entries = hub.log.show(last, kind=kind, document=document, since=since)
        witnessed = witnessed_size(hub.agreements, hub.log, hub.deployment.today())
    for entry in entries:
        entry["witnessed"] = None if witnessed is None else entry["index"] < witnessed
    payload = {"schema": "commonweal/log show/1", "witnessed_size": witnessed, "entries": entries}
    emit(payload, as_json=as_json, people=lambda: _show_entries(entries, witnessed))


def _must_be_known(kind: str | None, since: str) -> None:
    """Raise where nothing could ever be found: another kind, or something that is no day."""
    from datetime import datetime

    from data_sharing_agreements.errors import UsageFault
    from data_sharing_agreements.log.kinds import KINDS

    if kind is not None and kind not in KINDS:
        raise UsageFault.of(
            "no-such-kind",
            f"The log has no entries of the kind {kind!r}.",
            why="Each entry is of one kind.",
            next=f"Take one of {', '.join(sorted(KINDS))}.",
        )
    try:
        datetime.fromisoformat(since or "2026-09-01")
    except ValueError:
        raise UsageFault.of(
            "no-such-day",
            "What was given as `--since` is neither a day nor a time.",
            why="Entries have the time of their writing, in UTC.",
            next="Write it as 2026-09-01 or 2026-09-01T08:00.",
        ) from None


def _show_entries(entries: list[dict[str, Any]], witnessed: int | None) -> None:
    rows = [
        [
            f"{e['index']}{'*' if e['witnessed'] is False else ''}",
            str(e["at"])[:19],
            e["kind"],
            _body(e),
            _documents(e),
        ]
        for e in entries
    ]
    table(["entry", "at", "kind", "what", "rests on"], rows)
    if witnessed is not None and any(e["witnessed"] is False for e in entries):
        say(f"* Not witnessed yet: the witnesses vouch for the first {witnessed:,} entries.")
    say("Every clause, and the whole of each entry: --json.")


def _body(entry: dict[str, Any]) -> str:
    summary = entry.get("summary")
    if summary is None:
        return "(erased)"
    if request := summary.get("request"):
        about = request.get("project") or ", ".join(request.get("sources") or ())
        asked = f"{request.get('verb')} {about}"
        if actor := request.get("actor"):
            asked = f"{actor} asked to {asked}"
        reasons = [reason["text"] for reason in summary.get("reasons") or ()]
        return f"{asked}: permitted" if summary.get("permitted") else f"{asked}: refused. {' '.join(reasons)}"
    shown = {key: _short(value) for key, value in summary.items()}
    return ", ".join(f"{key} {value}" for key, value in shown.items() if value)


def _short(value: object) -> str:
    """Return a value that fits into a line; nothing for what is only in the JSON."""
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return ""
    if isinstance(value, str) and len(value) == HASH and value.isalnum():
        return f"{value[:12]}…"
    if isinstance(value, list):
        return " ".join(str(part) for part in value)[:LONGEST]
    return str(value)[:LONGEST] if isinstance(value, str | int | bool) else ""


def _documents(entry: dict[str, Any]) -> str:
    """Return what an entry rests on: each reason's clause if it was refused, else the nearest document."""
    summary = entry.get("summary") or {}
    if reasons := summary.get("reasons"):
        return ", ".join(dict.fromkeys(f"{r['document']} {r['clause']}" for r in reasons))
    clauses = entry.get("clauses") or ()
    documents = sorted(dict.fromkeys(clause["document"] for clause in clauses), key=_nearness)
    if len(documents) < FEW:
        return ", ".join(documents)
    return f"{documents[0]} and {len(documents) - 1} more ({len(clauses)} clauses)"


def _nearness(document: str) -> tuple[int, str]:
    """Order documents from the one project's license to the law."""
    kinds = ("DUL-", "DSA-", "EMOU-")
    return next((i for i, kind in enumerate(kinds) if document.startswith(kind)), len(kinds)), document


@log.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@json_option
@click.pass_obj
def checkpoint(context: Context, out: Path, as_json: bool) -> None:
    """Write a signed checkpoint to a file, to be kept where the operator cannot change it."""
    check_place(out)
    with context.hub() as hub:
        signed = hub.log.checkpoint(out)
    payload = {"schema": "commonweal/log checkpoint/1", "path": str(out), "checkpoint": signed}
    emit(
        payload,
        as_json=as_json,
        people=lambda: say(f"Wrote {out}: {signed['size']:,} entries, root {signed['root']}"),
    )


for command in (prove, export, compare, cosign, witness, verifier):
    log.add_command(command)
