"""`commonweal quarantine report`: how many rows were refused, and by which rules.

Belongs here: printing. Does not: reading the quarantine (warehouse.ingest), or
any value of a refused row.
"""

from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, say, table


@click.group()
def quarantine() -> None:
    """Rows that broke a rule of their contract."""


@quarantine.command()
@click.argument("source")
@json_option
@click.pass_obj
def report(context: Context, source: str, as_json: bool) -> None:
    """Count SOURCE's quarantined rows by delivery, table and rule. No value is shown; it is logged."""
    from warehouse.ingest.quarantine import quarantine_report

    with context.held_hub("quarantine report") as hub:
        found = quarantine_report(hub, source)
    payload = {"schema": "commonweal/quarantine report/1", "source": source, "rules": found}
    emit(payload, as_json=as_json, people=lambda: _show(payload))


def _show(payload: dict[str, Any]) -> None:
    if not payload["rules"]:
        say(f"No row of {payload['source']} is in quarantine.")
        return
    columns = list(payload["rules"][0])
    table(columns, [[rule[c] for c in columns] for rule in payload["rules"]])
