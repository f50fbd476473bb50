"""Ingestion: every pending delivery from landing to vault, warehouse and quarantine.

Belongs here: the order of the steps, and what is recorded of each delivery. Does
not: the steps themselves (readers, checks, split, quality).

A delivery may be killed at any moment. Staging is thrown away and made again; each
store is written in one transaction that starts by removing what the delivery wrote
before; the registry says last that it stands, and vault and warehouse then follow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from data_sharing_agreements.decisions import Request
from data_sharing_agreements.documents import Agreements
from data_sharing_agreements.errors import Held, Refused
from data_sharing_agreements.registry import Delivery, DeliveryState
from warehouse.contracts_model import Contract
from warehouse.encoded.intake import encoding_faults, write_encodings
from warehouse.encoded.manifest import data_files, manifest_faults
from warehouse.hub import Hub
from warehouse.ingest.checks import Checked, check_tables, faults_at_the_end, faults_past_tolerance
from warehouse.ingest.content import ensure_content
from warehouse.ingest.delivery_rules import (
    Profile,
    changes,
    outside_period,
    period_bounds,
    profile_tables,
)
from warehouse.ingest.discovery import check_source, delivery_files, overtaken
from warehouse.ingest.messages import detail_of
from warehouse.ingest.split import write_content, write_quarantine, write_vault
from warehouse.ingest.standing import make_standing, stores_agree
from warehouse.ingest.text_scan import identifiers_in_text
from warehouse.opener import Session, Store
from warehouse.quality.page import load_results, save_results, write_page
from warehouse.quality.results import CheckResult
from warehouse.readers.stage import stage_delivery
from warehouse.readers.staged import DeliveryFile, Fault
from warehouse.restrictions.withhold import withhold
from warehouse.steps import StepResult

STEP = "ingest"
Progress = Callable[[str], None]


@dataclass
class _Work:
    """One delivery on its way: what was found so far."""

    delivery: Delivery
    contract: Contract
    files: list[DeliveryFile]
    checked: list[Checked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)

    @property
    def rows_in(self) -> int:
        return sum(one.rows_in for one in self.checked)

    @property
    def rows_out(self) -> int:
        return sum(one.accepted for one in self.checked)


def ingest_pending(hub: Hub, source: str | None = None, progress: Progress | None = None) -> list[StepResult]:
    """Take in every delivery that waits.

    Args:
        hub: Opened with the splitter's keys.
        source: One source; all if not given.
        progress: Told in a few words what is being done.

    Returns:
        One result for each delivery, or one with status `skipped` for a source
        without any. A source's fault does not stop the others.

    Raises:
        UsageFault: There is no such source.
        IntegrityFault: A store is not what it should be.
    """
    if source is not None:
        check_source(hub, source)
    hub.gate.keep()
    sources = hub.contracts.sources if source is None else (source,)
    results: list[StepResult] = []
    for name in sources:
        results += _ingest_source(hub, hub.contracts[name], progress or _silent)
    return results


def _silent(message: str) -> None:
    """Tell nobody."""


def _ingest_source(hub: Hub, contract: Contract, progress: Progress) -> list[StepResult]:
    deliveries = hub.registry.deliveries
    waiting, standing = deliveries.pending(contract.source), deliveries.current(contract.source)
    if not waiting and stores_agree(hub.opener, contract.source, standing):
        return [StepResult(STEP, contract.source, status="skipped")]
    _sweep(hub)
    results = []
    with hub.opener.session(write=[Store.vault(), Store.warehouse(), Store.quarantine()]) as session:
        ensure_content(session, hub.contracts)
        make_standing(session, contract.source, standing)
        for delivery in waiting:
            if later := overtaken(hub, delivery, waiting):
                deliveries.supersede(delivery.id, later.id)
                continue
            progress(f"ingest {contract.source} {delivery.period}")
            results.append(_ingest_delivery(hub, session, contract, delivery))
    write_page(
        hub.reports("quality", f"{contract.source}.html"), contract, load_results(_results(hub, contract))
    )
    return results or [StepResult(STEP, contract.source, status="skipped")]


def _sweep(hub: Hub) -> None:
    """Destroy staging stores that a killed run left behind."""
    kept = {name.removeprefix("staging/") for name in hub.keys.stores() if name.startswith("staging/")}
    for delivery_id in kept | set(hub.opener.leftovers("staging")):
        hub.opener.destroy(Store.staging(delivery_id))


def _ingest_delivery(hub: Hub, session: Session, contract: Contract, delivery: Delivery) -> StepResult:
    started = time.perf_counter()
    fields = ingest_fields(contract, hub.agreements.on(hub.gate.today()))
    try:
        hub.gate.require(ingest_request(contract, fields, delivery.period))
    except Refused as refusal:
        hub.registry.deliveries.update(delivery.id, state=DeliveryState.REFUSED)
        return StepResult(
            STEP,
            contract.source,
            delivery.period,
            seconds=time.perf_counter() - started,
            status="refused",
            errors=refusal.details,
        )
    work = _Work(delivery, contract, delivery_files(hub, contract, delivery))
    if work.files:
        _take(hub, session, work, fields)
    else:
        work.faults = [Fault("not-here")]
    return _record(hub, session, work, started)


def ingest_request(contract: Contract, fields: frozenset[str], period: str = "") -> Request:
    """Ask to take in a source's fields, of the days a delivery's period says."""
    bounds = period_bounds(period)
    days = None if bounds is None else (bounds[0], bounds[1] - timedelta(days=1))
    return Request("ingest", sources=frozenset({contract.source}), fields=fields, period=days)


def ingest_fields(contract: Contract, agreements: Agreements) -> frozenset[str]:
    """Return the fields to read: those of the contract that the source's agreement licenses.

    Record ids are always among them: without them a table cannot be split, and an
    agreement that leaves them out is refused by name.
    """
    agreement = agreements.by_source.get(contract.source)
    if agreement is None:
        return contract.fields
    licensed = contract.fields & agreement.fields
    tables = {field.split(".")[1] for field in licensed}
    ids = {
        f"{contract.source}.{t.name}.{c}" for t in contract.tables if t.name in tables for c in t.record_id
    }
    terms = contract.encoding
    return licensed | (terms.record_ids | terms.encoded if terms else ids)


def _take(hub: Hub, session: Session, work: _Work, fields: frozenset[str]) -> None:
    """Stage, check and, if no rule holds the delivery, split it. Staging is destroyed in any case."""
    staging = Store.staging(work.delivery.id)
    try:
        with session.attached(staging, write=True):
            _check(hub, session, work, fields)
            if not work.faults:
                about = (work.contract, work.delivery.id, work.delivery.period, work.checked)
                write_vault(session, *about)
                write_content(session, *about, work.profiles)
                write_quarantine(session, *about, work.files)
                if work.contract.encoding:
                    write_encodings(session, *about, work.files)
    except Held:
        work.faults.append(Fault("value-refused"))
    finally:
        hub.opener.destroy(staging)


def _check(hub: Hub, session: Session, work: _Work, fields: frozenset[str]) -> None:
    contract, period, files = work.contract, work.delivery.period, work.files
    if contract.encoding:
        work.faults = manifest_faults(contract, period, files) or encoding_faults(session, files)
        if work.faults:
            return
        files, fields = data_files(files), contract.encoding.sent(fields)
    staged = stage_delivery(session, hub.contracts, contract, period, files, fields)
    if staged.faults:
        work.faults = staged.faults
        return
    withhold(session, hub.keys, contract, work.delivery.id, staged, hub.deployment.today())
    work.checked = check_tables(session, staged)
    work.checks = _run_suite(session, contract, work.checked)
    work.profiles = profile_tables(session, work.checked)
    found = faults_at_the_end(session, staged, work.checked)
    found += faults_past_tolerance(contract, work.checked)
    found += [Fault(c.rule, c.unexpected, c.table, c.column) for c in work.checks if not c.passed]
    found += outside_period(session, contract, period, work.checked)
    found += changes(session, contract, period, work.profiles)
    found += identifiers_in_text(session, work.checked)
    work.faults = list({(f.rule, f.table, f.column, f.file): f for f in found}.values())


def _run_suite(session: Session, contract: Contract, checked: Sequence[Checked]) -> list[CheckResult]:
    from warehouse.quality.suite import run_suite  # Great Expectations takes seconds to import

    return run_suite(session, contract, checked)


def _record(hub: Hub, session: Session, work: _Work, started: float) -> StepResult:
    """Write down what became of a delivery: in the registry, in the stores, in its quality results."""
    delivery, deliveries = work.delivery, hub.registry.deliveries
    held = bool(work.faults)
    rows_out = 0 if held else work.rows_out
    quarantined = 0 if held else work.rows_in - work.rows_out
    rules = rows_by_rule(work.faults)
    if work.files:
        state = DeliveryState.HELD if held else DeliveryState.ACCEPTED
        delivery = deliveries.update(
            delivery.id,
            state=state,
            rows_in=work.rows_in,
            rows_out=rows_out,
            rows_quarantined=quarantined,
            held_rules=[{"rule": rule, "rows": rows} for rule, rows in rules],
        )
        save_results(_results(hub, work.contract), _facts(delivery), _broken(work), work.checks)
    if not held:
        make_standing(session, work.contract.source, deliveries.current(work.contract.source))
    return StepResult(
        STEP,
        delivery.source,
        delivery.period,
        rows_in=work.rows_in,
        rows_out=rows_out,
        rows_quarantined=quarantined,
        seconds=time.perf_counter() - started,
        status="held" if held else "done",
        rules=rules,
        errors=tuple(detail_of(fault, delivery.source, delivery.period) for fault in work.faults),
    )


def rows_by_rule(faults: Iterable[Fault]) -> tuple[tuple[str, int], ...]:
    """Return each broken rule with the rows concerned, summed over tables and columns."""
    found: dict[str, int] = {}
    for fault in faults:
        found[fault.rule] = found.get(fault.rule, 0) + fault.rows
    return tuple(sorted(found.items()))


def _results(hub: Hub, contract: Contract) -> Path:
    return hub.reports("quality", contract.source, "results").parent


def _facts(delivery: Delivery) -> dict[str, object]:
    names = ("id", "period", "version", "rows_in", "rows_out", "rows_quarantined")
    return {name: getattr(delivery, name) for name in names} | {"state": str(delivery.state)}


def _broken(work: _Work) -> list[dict[str, object]]:
    """Return the rules a delivery broke, of rows and as a whole, for its quality results."""
    rows = [
        {"rule": c.rule, "table": c.table, "column": c.column, "rows": c.rows, "action": str(c.action)}
        for one in work.checked
        for c in one.counts
    ]
    whole = [
        {"rule": f.rule, "table": f.table, "column": f.column, "rows": f.rows, "action": "hold"}
        for f in work.faults
    ]
    return rows + whole
