"""`commonweal agreement export`: a document for other programs to read.

Belongs here: choosing the format and where it goes. Does not: making it
(data_sharing_agreements.documents.odrl).
"""

import json
from pathlib import Path

import click

from pipelines.cli.context import Context
from pipelines.cli.output import emit, json_option, note, say

FORMATS = ("odrl", "json")


@click.command()
@click.argument("name", metavar="ID")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="odrl",
    help="odrl: a policy of ODRL 2.2 in JSON-LD; json: the clauses as they were signed.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write a file instead.")
@json_option
@click.pass_obj
def export(context: Context, name: str, form: str, out: Path | None, as_json: bool) -> None:
    """Say the document ID in a format other programs read.

    A policy holds what is permitted to whom, what is forbidden, what must be done, and
    every obligation the engine would apply, each with the clause it comes from.
    """
    from data_sharing_agreements.documents import load_agreements
    from data_sharing_agreements.documents.odrl import named, policy

    agreements = load_agreements(context.deployment().agreements_dir)
    document = named(agreements, name)
    clauses = document.model_dump(mode="json", exclude_unset=True)
    body = policy(agreements, name) if form == "odrl" else clauses
    text = json.dumps(body, indent=2, ensure_ascii=False)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
        note(f"{document.id}, version {document.version}, is written to {out}.")
    payload = {
        "schema": "commonweal/agreement export/1",
        "document": document.id,
        "version": document.version,
        "format": form,
        "path": None if out is None else str(out),
        "body": None if out is not None else body,
    }
    emit(payload, as_json=as_json, people=lambda: None if out is not None else say(text))
