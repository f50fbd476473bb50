"""`commonweal restrict`: signing a notice of restrictions offline, and what was taken in.

Belongs here: options, the key file, printing. Does not: notices or the list
(warehouse.restrictions); no record is ever shown, and no count that is small.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.keys import private_key
from pipelines.cli.output import emit, json_option, say, table


@click.group()
def restrict() -> None:
    """Restrictions of single records: consent, opt-out, sealed, expunged, confidential addresses."""


@restrict.command()
@click.argument("entries", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="CSV")
@click.option("--source", required=True, help="The source whose records they are.")
@click.option("--as", "signatory", required=True, help="Your id in the roster of signatories.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="Your private key, as `sign` uses it.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the notice goes.")
@click.option("--sequence", type=int, help="Number of the notice, greater than the last. Default: the time.")
@json_option
@click.pass_obj
def sign(
    context: Context,
    entries: Path,
    source: str,
    signatory: str,
    key: Path,
    out: Path,
    sequence: int | None,
    as_json: bool,
) -> None:
    """Make a signed notice from a CSV, on any machine that has the contracts; no home is needed.

    The CSV has the columns of the source's record id, and kind; also act, scope, from,
    until, bars and basis, where they are not set, record, today and nothing.
    """
    from data_sharing_agreements.errors import UsageFault
    from data_sharing_agreements.store.clock import text_of
    from warehouse.contracts_loader import load_contracts
    from warehouse.restrictions.notice import new_notice, read_list

    deployment = context.deployment()
    contracts = load_contracts(deployment.contracts_dir, deployment.core_dir)
    if source not in contracts.by_source:
        raise UsageFault.of(
            "unknown-source",
            "There is no source of this name.",
            why="Sources are those with a contract.",
            next=f"Use one of {', '.join(contracts.sources)}.",
        )
    now = datetime.now(UTC)
    notice = new_notice(
        source,
        read_list(entries, contracts[source]),
        private_key(key),
        signatory=signatory,
        sequence=sequence or int(now.strftime("%Y%m%d%H%M%S")),
        at=text_of(now),
    )
    out.write_text(notice.to_text(), encoding="utf-8")
    payload = {
        "schema": "commonweal/restrict sign/1",
        "source": source,
        "notice": notice.notice_id,
        "sequence": notice.sequence,
        "kinds": list(notice.kinds),
        "entries": len(notice.entries),
        "file": str(out),
    }
    emit(payload, as_json=as_json, people=lambda: _show_signed(payload))


@restrict.command()
@json_option
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """Show which notices were applied, and how many records stand restricted, small counts withheld."""
    from warehouse.restrictions.status import restriction_status

    with context.held_hub("restrict status") as hub:
        payload = {"schema": "commonweal/restrict status/1", **restriction_status(hub)}
    emit(payload, as_json=as_json, people=lambda: _show(payload))


def _show_signed(payload: dict[str, Any]) -> None:
    say(f"Signed notice {payload['notice']} of {payload['source']}: {', '.join(payload['kinds'])}.")
    say(f"Put {payload['file']} into restrictions/ of the landing directory.")


def _show(payload: dict[str, Any]) -> None:
    if not payload["notices"]:
        say("No notice of restrictions has come.")
        return
    columns = ("source", "notice", "sequence", "signatory", "state")
    table(columns, [[notice[c] for c in columns] for notice in payload["notices"]], apart=False)
    rows = [[s["source"], s["kind"], s["records"], s["awaited"]] for s in payload["standing"]]
    table(("source", "kind", "records", "not yet delivered"), rows, title="Standing today")
    withheld = [[w["source"], w["rows"]] for w in payload["withheld"]]
    table(("source", "rows"), withheld, title="Delivered again and not taken in")
    say(f"– is a count from 1 to under {payload['smallest']}, which is not told.")
