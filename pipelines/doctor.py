"""An examination of a deployment that changes nothing.

Belongs here: what is looked at, and what is found. Does not: mending, or
printing.
"""

import importlib.metadata
import platform
from collections.abc import Callable, Iterator
from contextlib import suppress

from assets.faults import safe
from assets.space import space
from data_sharing_agreements.errors import CommonwealError, Invalid
from pipelines.findings import Finding
from pipelines.lock import holder_of, left_behind
from warehouse.deployment import Deployment

PINNED = {
    "dagster": "1.13.27",
    "duckdb": "1.5.5",
    "duckdb-extension-httpfs": "1.5.5",
    "duckdb-extension-encodings": "1.5.5",
    "great-expectations": "1.24.1",
    "splink": "5.0.0",
}
"""Libraries of which a detail is relied upon, and the version that was tried."""


def examine(deployment: Deployment) -> list[Finding]:
    """Look at everything a run depends on, and go on after a fault."""
    looks: tuple[tuple[str, Callable[[Deployment], Iterator[Finding]]], ...] = (
        ("versions", _versions),
        ("disk", _disk),
        ("documents", _documents),
        ("lock", _lock),
        ("keys", _keys),
        ("registry", _registry),
    )
    return [finding for subject, look in looks for finding in _looked(subject, look, deployment)]


def _looked(
    subject: str, look: Callable[[Deployment], Iterator[Finding]], deployment: Deployment
) -> list[Finding]:
    try:
        return list(look(deployment))
    except Exception as error:
        return _faulty(subject, safe(error))


def _faulty(subject: str, error: CommonwealError) -> list[Finding]:
    return [
        Finding(subject, ok=False, what=detail.what, next=detail.next, exit_code=error.exit_code)
        for detail in error.details
    ]


def _versions(_: Deployment) -> Iterator[Finding]:
    found = {name: importlib.metadata.version(name) for name in PINNED}
    other = {name: version for name, version in found.items() if version != PINNED[name]}
    listed = ", ".join(f"{name} {version}" for name, version in found.items())
    yield Finding(
        "versions",
        ok=not other,
        what=f"Python {platform.python_version()}, {listed}",
        next="Install the locked requirements (`make install`)." if other else "",
        exit_code=5 if other else 0,
    )


def _disk(deployment: Deployment) -> Iterator[Finding]:
    found = space(deployment.home)
    yield Finding(
        "disk",
        ok=found.enough,
        what=f"{found.free / 1024**3:,.1f} GiB free; a run begins with {found.needed / 1024**3:,.2f} GiB "
        "and twice the size of what waits to be read",
        next="" if found.enough else "Free space on the disk of the home directory.",
        exit_code=0 if found.enough else 1,
    )


def _documents(deployment: Deployment) -> Iterator[Finding]:
    from data_sharing_agreements.decisions import agreements_in_force
    from data_sharing_agreements.documents import load_agreements
    from warehouse.contracts_loader import load_contracts

    def contracts() -> str:
        return f"{len(load_contracts(deployment.contracts_dir, deployment.core_dir))} contracts"

    def agreements() -> str:
        return f"{len(load_agreements(deployment.agreements_dir).dsas)} data sharing agreements"

    def in_force() -> Iterator[Finding]:
        found = load_agreements(deployment.agreements_dir)
        standing = agreements_in_force(found, deployment.today())
        missing = [dsa for dsa in found.dsas if dsa.source not in standing]
        gone = _ended(deployment) if missing else frozenset()
        for dsa in missing:
            if (dsa.id, dsa.version) not in gone:
                yield Finding(
                    "documents",
                    ok=False,
                    what=f"{dsa.id} is not in force today: {dsa.source} is not read, linked or shown",
                    next="Renew it, or take its data out.",
                    exit_code=3,
                )

    for load in (contracts, agreements):
        try:
            found = [Finding("documents", ok=True, what=load())]
        except Invalid as fault:
            found = _faulty("documents", fault)
        yield from found
    with suppress(Invalid):
        yield from in_force()


def _ended(deployment: Deployment) -> frozenset[tuple[str, int]]:
    """Return agreements, with their version, whose data is destroyed and certified so."""
    from data_sharing_agreements.ends import Scope, Step
    from warehouse.hub import Hub

    with suppress(CommonwealError):  # what keeps the registry closed is told where it is looked at
        if deployment.keys_dir.is_dir():
            with Hub.open(deployment) as hub:
                return frozenset(
                    (ending.subject, ending.document_version)
                    for ending in hub.registry.ends.all()
                    if ending.kind is Scope.DSA and ending.state is Step.CERTIFIED
                )
    return frozenset()


def _lock(deployment: Deployment) -> Iterator[Finding]:
    holder = holder_of(deployment.lock_path)
    dead = left_behind(deployment.lock_path)
    if holder:
        what = f"held by process {holder.pid} for `{holder.kind}` since {holder.since}"
    elif dead and dead.kind:
        what = f"free; `{dead.kind}` of process {dead.pid} died holding it, the next run continues its work"
    else:
        what = "free"
    yield Finding("lock", ok=True, what=what)


def _keys(deployment: Deployment) -> Iterator[Finding]:
    from privacy.key_care import check

    if not deployment.keys_dir.is_dir():
        yield Finding(
            "keys", ok=False, what="There is no home yet.", next="Run `commonweal init`.", exit_code=2
        )
        return
    report = check(deployment.keys_dir)
    for fault in report.faults:
        yield Finding("keys", ok=False, what=fault.what, next=fault.next, exit_code=6)
    roles = ", ".join(role.value for role in report.roles)
    yield Finding("keys", ok=True, what=f"roles {roles or 'none'}; {len(report.stores)} stores have a key")
    if report.roots:
        yield Finding(
            "keys",
            ok=True,
            what=f"the root keys {', '.join(report.roots)} lie on this machine",
            next="In production keep them elsewhere: they recover role keys, and no run needs them.",
        )


def _registry(deployment: Deployment) -> Iterator[Finding]:
    from pipelines.oversight import governance_findings
    from pipelines.stores import faults_of_stores
    from warehouse.hub import Hub

    if not deployment.keys_dir.is_dir():
        return
    with Hub.open(deployment) as hub:
        yield Finding("registry", ok=True, what=f"its log has {hub.log.size:,} entries and fits its anchors")
        yield from governance_findings(hub)
        if holder_of(deployment.lock_path):
            yield Finding("stores", ok=True, what="not looked at, because a run is going")
            return
        faults = list(faults_of_stores(hub))
        for fault in faults:
            yield Finding("stores", ok=False, what=fault.what, next=fault.next, exit_code=6)
        if not faults:
            yield Finding("stores", ok=True, what="each is the one the registry knows")
