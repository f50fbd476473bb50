"""`commonweal agreement check|submit|act`: what arrives, checked before it counts.

Belongs here: checking everything a state writes itself, and putting documents and acts
into place. Does not: any check; documents, contracts, marts and indicators have their own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.agreement_refused import refusal_logged
from pipelines.cli.context import Context
from pipelines.cli.output import details_json, emit, json_option, note, say

if TYPE_CHECKING:
    from data_sharing_agreements.documents import Agreements
    from data_sharing_agreements.errors import ErrorDetail
    from warehouse.deployment import Deployment


@click.command()
@json_option
@click.pass_obj
def check(context: Context, as_json: bool) -> None:
    """Check every document, contract, mart and indicator without a run; every fault at once."""
    from data_sharing_agreements.errors import Invalid

    deployment = context.deployment()
    faults: list[ErrorDetail] = []
    done = {name: _try(load, faults) for name, load in _loads(deployment).items()}
    Invalid.collect(dict.fromkeys(faults))
    agreements = done["agreements"]
    told = _told(agreements)
    payload = {
        "schema": "commonweal/agreement check/1",
        "documents": len(agreements.versions),
        "contracts": len(done["contracts"]),
        "cautions": details_json(told),
        "acts": details_json(agreements.standing.faults),
        "rosters": details_json(agreements.rosters.faults),
    }

    def people() -> None:
        say(f"{payload['documents']} documents and {payload['contracts']} contracts are as they should be,")
        say("and so are marts and indicators.")
        for detail in (*told, *agreements.standing.faults, *agreements.rosters.faults):
            say(f"  Note: {detail.what} [{detail.code}]")

    emit(payload, as_json=as_json, people=people)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def submit(context: Context, file: Path, as_json: bool) -> None:
    """Put a document, or a new version of one, into place after checking it with all others.

    It counts for nothing until the acts it needs are there; `agreement status` names them.
    """
    from data_sharing_agreements.documents.receiving import receive_document

    with refusal_logged(context, "document"):
        path, document = receive_document(context.deployment().agreements_dir, file)
    payload = {
        "schema": "commonweal/agreement submit/1",
        "document": document.id,
        "version": document.version,
        "path": str(path),
    }

    def people() -> None:
        say(f"{document.id}, version {document.version}, is in its place as a draft: {path}")
        note("It counts for nothing yet: `commonweal agreement status` names the acts it needs.")

    emit(payload, as_json=as_json, people=people)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def act(context: Context, file: Path, as_json: bool) -> None:
    """Put an act that arrived into place, if its signature and its moment make it count."""
    from data_sharing_agreements.documents.receiving import read_act, receive_act

    deployment = context.deployment()
    one = read_act(file)
    with refusal_logged(context, "act"):
        path, standing = receive_act(deployment.agreements_dir, agreements_of(deployment), one)
    state = None if standing is None else standing.state(max(deployment.today(), one.day)).value
    payload = {
        "schema": "commonweal/agreement act/1",
        "document": one.document,
        "version": one.version,
        "act": one.act.value,
        "digest": one.digest,
        "state": state,
        "missing": [] if standing is None else [r.words for r in standing.missing],
        "path": str(path),
    }

    def people() -> None:
        say(f"{one.document}, version {one.version}: {one.act} by {one.signatory} counts.")
        if state is not None:
            say(f"It is now {state.replace('_', ' ')}.")
        for words in payload["missing"] if isinstance(payload["missing"], list) else ():
            say(f"  missing: {words}")

    emit(payload, as_json=as_json, people=people)


def agreements_of(deployment: "Deployment") -> "Agreements":
    """Return a deployment's documents with what its home, if there is one, has done to them."""
    from data_sharing_agreements.documents import load_agreements
    from privacy.keys import load_roster

    if not deployment.keys_dir.is_dir():
        return load_agreements(deployment.agreements_dir)
    key = load_roster(deployment.keys_dir).signing_public
    return load_agreements(deployment.agreements_dir, hub_key=key, hub_acts=deployment.hub_acts)


def _loads(deployment: "Deployment") -> dict[str, Callable[[], Any]]:
    """Return what reads each part of what a state writes itself."""
    from warehouse.contracts_loader import load_contracts
    from warehouse.indicators.crosscheck import check_against_marts

    return {
        "agreements": lambda: agreements_of(deployment),
        "contracts": lambda: load_contracts(deployment.contracts_dir, deployment.core_dir),
        "indicators": lambda: check_against_marts(deployment.indicators_dir, deployment.marts_dir),
    }


def _try(load: Callable[[], Any], faults: "list[ErrorDetail]") -> Any:
    from data_sharing_agreements.errors import Invalid

    try:
        return load()
    except Invalid as error:
        faults += error.details
        return None


def _told(agreements: Any) -> "list[ErrorDetail]":
    from data_sharing_agreements.documents.cautions import cautions

    return cautions(agreements)
