"""`commonweal query` and `table`: asking a mart, as who has signed in.

Belongs here: options and the printed rows. Does not: what may be asked
(warehouse.query).
"""

from collections.abc import Callable, Sequence
from typing import Any

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, note, records, table

WIDEST = 8
"""Columns that stand side by side; more are printed one below the other."""


@click.command()
@click.option("--project", required=True, help="The licensed project.")
@click.argument("sql")
@json_option
@click.pass_obj
def query(context: Context, project: str, sql: str, as_json: bool) -> None:
    """Run one SELECT on a project's mart, if its license is one of rows.

    The statement reads that mart only, and every question is written to the log.
    """
    from pipelines.session import signed_in
    from warehouse.query import query as ask
    from warehouse.query.projects import check_project

    with context.hub() as hub:
        check_project(hub, project)
        payload = ask(hub, project=project, actor=signed_in(hub).name, sql=sql).to_json()
    emit(payload, as_json=as_json, people=_shower(payload))


@click.command("table")
@click.option("--project", required=True, help="The licensed project.")
@click.option("--rows", required=True, help="Dimensions down the side, separated by commas.")
@click.option("--columns", default="", help="Dimensions across, separated by commas.")
@click.option("--measure", required=True, help="A declared measure of the mart.")
@json_option
@click.pass_obj
def table_verb(context: Context, project: str, rows: str, columns: str, measure: str, as_json: bool) -> None:
    """Build a table of aggregates, if the project's license is one of aggregates.

    Small cells are withheld, and so are those that would give them away. The same
    question gets the same answer, and each one spends from the project's budget.
    """
    from pipelines.session import signed_in
    from warehouse.query import table as build
    from warehouse.query.projects import check_project

    with context.hub() as hub:
        check_project(hub, project)
        answer = build(
            hub,
            project=project,
            actor=signed_in(hub).name,
            rows=_names(rows),
            columns=_names(columns),
            measure=measure,
        )
        payload = answer.to_json()
    emit(payload, as_json=as_json, people=_shower(payload))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _shower(payload: dict[str, Any]) -> Callable[[], None]:
    def show() -> None:
        names = [column["name"] for column in payload["columns"]]
        if len(names) > WIDEST:
            records(names, payload["rows"])
        else:
            table(names, payload["rows"], apart=False)
        if payload["withheld"]:
            note(f"Withheld: {payload['withheld']}")
        if not payload["separation_of_duties"]["met"]:
            note("Separation of duties was not met where this was made; more with --json.")
        for text in attributions(payload["obligations"]):
            note(text)
        note(f"Bound by: {duties(payload['obligations'])}. Sources, documents and clauses: --json.")

    return show


def attributions(obligations: Sequence[dict[str, Any]]) -> list[str]:
    """Return the texts that whatever is made of an answer must carry."""
    return [str(duty["value"]) for duty in obligations if duty["rule"] == "attribution"]


def duties(obligations: Sequence[dict[str, Any]]) -> str:
    """Return all that binds an answer in one line: each rule once with each of its values.

    Attributions stand above in full; which source a value is about is left to the JSON.
    """
    short: dict[str, dict[str, None]] = {}
    for duty in obligations:
        if duty["rule"] != "attribution":
            short.setdefault(duty["rule"], {})[_value(duty["value"])] = None
    said = (f"{rule.replace('_', ' ')} {' and '.join(values)}" for rule, values in short.items())
    return "; ".join(said) or "nothing"


def _value(value: Any) -> str:
    """Write the value of an obligation: a share of the largest few, or a day or kind of one source."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, dict):
        return str(value).replace("_", " ")
    if "share" in value:
        return f"{value['share']:.0%} by the largest {value['n']}"
    return str(value.get("day", value.get("kind"))).replace("_", " ")
