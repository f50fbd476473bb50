"""Link: the spine, from identifiers in the vault to persons.

Belongs here: asking permission for the sources that take part, handing linkage
its connection, saying what came of it. Does not: linkage.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.admission import Admission
from assets.fairness import knows_people
from assets.metadata import plain_schema, row_count
from assets.names import LINK, POOL, RESTRICTED, SPINE, content_key
from assets.workplace import Workplace
from data_sharing_agreements.cells import smallest_cell
from data_sharing_agreements.decisions import Decision, Request
from data_sharing_agreements.ends import BEFORE, Scope
from data_sharing_agreements.errors import ErrorDetail, Refused
from data_sharing_agreements.restrictions import own_spine_sources
from linkage.engines.choice import engine_named
from linkage.increment.chance import Wish
from linkage.increment.due import limits_of
from linkage.model import read_model
from linkage.predict import Engine
from linkage.review.outcomes import bring_in
from linkage.run import LinkOutcome, link
from linkage.spine import latest_model
from privacy.keys import run_key
from warehouse.contracts_model import Contracts
from warehouse.encoded.key import agency_key
from warehouse.hub import Hub
from warehouse.opener import Session, Store
from warehouse.restrictions.own_spine import ask_for_spine, linking, own_spines
from warehouse.restrictions.relations import permit_encodings, permit_identities, restrict, spine_use
from warehouse.sealing import seal
from warehouse.steps import StepResult

_SCHEMA = (
    ("record_key", "BIGINT", "Random key of a source's record"),
    ("person_key", "BIGINT", "Random key of the person it belongs to, stable between versions"),
)


def link_asset(contracts: Contracts) -> dg.AssetsDefinition:
    """Return the asset of the spine."""

    @dg.asset(
        name=SPINE,
        deps=[RESTRICTED, *(content_key(source) for source in contracts.sources)],
        group_name=LINK,
        description="Which records belong to one person: record key to person key, versioned.\n\n"
        "Splink sees encodings made under a key that exists for one run; names stay in the vault.",
        owners=["team:data-office"],
        kinds={"duckdb", "splink"},
        tags={"sensitivity": "sensitive"},
        metadata=plain_schema(_SCHEMA),
        pool=POOL,
    )
    def spine(workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:  # type: ignore[type-arg] # Dagster reads the plain class
        with workplace.working("link"):
            outcome = make_spine(workplace, core_follows=True)
        if outcome is None:
            return dg.MaterializeResult(metadata=row_count(0) | plain_schema(_SCHEMA))
        return dg.MaterializeResult(
            metadata=row_count(outcome.records)
            | plain_schema(_SCHEMA)
            | {"version": outcome.version, "persons": outcome.persons, "skipped": outcome.skipped}
        )

    return spine


def make_spine(workplace: Workplace, *, core_follows: bool = False) -> LinkOutcome | None:
    """Link every source whose agreement permits it, and write down what came of it.

    Then the projects whose sources no lasting spine may hold, each in a spine of its own.

    Args:
        workplace: Where, and for whom.
        core_follows: Whether core is made next: then the report is written after it, with errors
            by people's attributes, and need not be written here.

    Returns:
        What came of the statewide spine; None while no delivery has ever been accepted.

    Raises:
        Refused: The agreements do not permit to link the sources that are left.
    """
    hub = workplace.hub
    settings = hub.deployment
    start = time.perf_counter()
    if not hub.registry.deliveries.current():
        workplace.record(StepResult("link", status="skipped"))
        return None
    sources = permitted_sources(workplace)
    admission = Admission(hub, sources)
    with hub.opener.session(write=[Store.vault(), Store.warehouse()]) as session, session.guard():
        restricted = restrict(session, hub, spine_use(hub))
        permit_identities(session)
        permit_encodings(session)
        seal(session)
        bring_in(session.raw, hub.registry.reviews.outcomes())
        outcome = link(
            session.raw,
            sources=sources,
            run_key=run_key(),
            restricted=restricted + purged_records(hub),
            seed=settings.link_seed,
            progress=workplace.progress,
            report_dir=None if core_follows and knows_people(session) else hub.reports("linkage"),
            told=True,
            smallest=smallest_cell(hub.agreements),
            model=admission.settings,
            admit=admission,
            agency_key=agency_key(hub),
            one_id=_one_id(hub, sources),
            wish=wish_of(workplace, admission),
            engine=_engine(hub, session),
        )
        model = latest_model(session.raw)
    _register(hub, outcome, model, admission)
    workplace.record(
        StepResult(
            "link",
            rows_in=outcome.records,
            rows_out=outcome.persons,
            seconds=time.perf_counter() - start,
            status="skipped" if outcome.skipped else "done",
        )
    )
    for project in own_spines(hub):
        make_own_spine(workplace, project)
    return outcome


def wish_of(workplace: Workplace, admission: Admission) -> Wish:
    """Everything is linked again where somebody asked for it, or the standing model may be used no more."""
    limits = limits_of(workplace.hub.deployment.full_link)
    if workplace.full_link:
        return Wish(True, limits)
    return Wish(admission.must_judge, limits, why="unapproved")


def purged_records(hub: Hub) -> str:
    """Return what in a spine's input hash speaks of records that were purged one by one.

    Their delivery stands as before, so that nothing else would have linkage begin anew.
    """
    done = [e.id for e in hub.registry.ends.all() if e.kind is Scope.RECORDS and e.state not in BEFORE]
    return "".join(f" purged {one}" for one in done)


def make_own_spine(workplace: Workplace, project: str) -> LinkOutcome | None:
    """Link a project's sources in a spine of its own, and write down what came of it.

    Returns:
        What came of it; None where the license does not permit it, or no delivery of its
        sources has been accepted.
    """
    hub = workplace.hub
    sources = sorted(hub.agreements.on(hub.gate.today()).dul_for(project).sources)
    if not any(hub.registry.deliveries.current(source) for source in sources):
        return None
    start = time.perf_counter()
    try:
        ask_for_spine(hub, project)
    except Refused as refusal:
        workplace.record(StepResult("link", project, status="refused", errors=refusal.details))
        return None
    with linking(hub, project) as (session, restricted):
        seal(session)
        outcome = link(
            session.raw,
            sources=sources,
            run_key=run_key(),
            restricted=restricted + purged_records(hub),
            seed=hub.deployment.link_seed,
            progress=workplace.progress,
            model=read_model(hub.deployment.link_model),
            agency_key=agency_key(hub),
            one_id=_one_id(hub, sources),
            engine=_engine(hub, session),
        )
    workplace.record(
        StepResult(
            "link",
            project,
            rows_in=outcome.records,
            rows_out=outcome.persons,
            seconds=time.perf_counter() - start,
            status="skipped" if outcome.skipped else "done",
        )
    )
    return outcome


def _one_id(hub: Hub, sources: Sequence[str]) -> tuple[str, ...]:
    """Return the sources whose contract says that a person has one id in a period."""
    contracts = (contract for contract in hub.contracts if contract.source in sources)
    return tuple(contract.source for contract in contracts if any(table.one_id for table in contract.tables))


def _engine(hub: Hub, session: Session) -> Engine:
    """Return the engine the deployment links with; what it spills goes with the session."""
    chosen = hub.deployment
    return engine_named(chosen.link_engine, session.spill, chosen.memory_limit, chosen.threads)


def _register(hub: Hub, outcome: LinkOutcome, model: Mapping[str, Any], admission: Admission) -> None:
    """Record the version; again, if a run died between writing the spine and recording it."""
    hub.registry.link_versions.add(
        outcome.version,
        outcome.model,
        {name: value for name, value in model.items() if name.endswith("threshold")},
        outcome.input_hash,
        outcome.records,
        outcome.persons,
        {"pairs": outcome.pairs, **admission.counts},
    )
    if admission.judged is not None:
        hub.registry.link_models.used(admission.judged.digest, outcome.version)


def permitted_sources(workplace: Workplace) -> tuple[str, ...]:
    """Return the sources that may be linked; each that may not is written down as refused.

    Raises:
        Refused: None may, or not with one another.
    """
    hub = workplace.hub
    apart = own_spine_sources(hub.agreements)
    named = hub.deployment.link_sources or hub.contracts.sources
    wanted = tuple(source for source in named if source not in apart)
    if hub.gate.ask(_request(workplace, *wanted)).permitted:
        return wanted
    answers = {source: hub.gate.ask(_request(workplace, source)) for source in wanted}
    for source, decision in answers.items():
        if not decision.permitted:
            workplace.record(StepResult("link", source, status="refused", errors=_why(source, decision)))
    left = tuple(source for source, decision in answers.items() if decision.permitted)
    hub.gate.require(_request(workplace, *left))
    return left


def _request(workplace: Workplace, *sources: str) -> Request:
    return Request("link", purpose=workplace.hub.deployment.link_purpose, sources=frozenset(sources))


def _why(source: str, decision: Decision) -> tuple[ErrorDetail, ...]:
    return tuple(
        ErrorDetail(
            reason.code,
            reason.text,
            why="What no agreement in force permits is refused.",
            next=f"Renew or amend {reason.document}; until then {source} is left out of the spine.",
            source=source,
            document=reason.document,
            clause=reason.clause,
        )
        for reason in decision.reasons
    )
