"""`commonweal lineage`: where a mart or indicator comes from.

Belongs here: printing the path. Does not: deriving it (warehouse.lineage).
"""

from collections.abc import Sequence
from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say, table


@click.command()
@click.argument("name")
@json_option
@click.pass_obj
def lineage(context: Context, name: str, as_json: bool) -> None:
    """Trace NAME (a mart, an indicator, or a column of one) back to what agencies sent.

    Shown are the columns its values come from, the columns that decide which rows
    there are, the deliveries, the link version, and the clauses it rests on.
    """
    from warehouse.lineage import lineage as trace

    with context.hub() as hub:
        payload = trace(hub, name).to_json()
    emit(payload, as_json=as_json, people=lambda: _show(payload))


def _show(payload: dict[str, Any]) -> None:
    say(f"{payload['name']}, link version {payload['link_version'] or '–'}")
    for key, title in (("value_from", "Values come from"), ("rows_from", "Rows are decided by")):
        origins = gathered(payload[key], ("source", "column"), "via")
        table(("source", "column", "via"), origins, title=f"\n{title}")
    deliveries = [[d["source"], d["period"], d["id"], d["sha256"][:16]] for d in payload["deliveries"]]
    table(["source", "period", "delivery", "sha256"], deliveries, title="\nDeliveries")
    clauses = gathered(payload["clauses"], ("document",), "clause")
    table(["document", "clauses"], clauses, title="\nDocuments")


def gathered(rows: Sequence[dict[str, str]], keys: Sequence[str], value: str) -> list[list[str]]:
    """Return one row for each combination of keys, its values joined."""
    found: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        values = found.setdefault(tuple(row[key] for key in keys), [])
        if row[value] not in values:
            values.append(row[value])
    return [[*key, ", ".join(values)] for key, values in found.items()]
