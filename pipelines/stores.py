"""Are the stores of a home the ones the registry knows?

Belongs here: which stores a home has, and opening each once to compare its
generation. Does not: opening by itself (warehouse.opener), or what to do about a
fault.
"""

from collections.abc import Iterator

from data_sharing_agreements.errors import CommonwealError, ErrorDetail, IntegrityFault
from warehouse.hub import Hub
from warehouse.opener import Store


def stores_of(hub: Hub) -> Iterator[Store]:
    """Yield the stores that runs read: the hub's own, and each project's current mart and study ids."""
    yield from (Store.vault(), Store.warehouse(), Store.quarantine())
    marts = {(mart.project, mart.version) for mart in hub.registry.marts.all()}
    yield from (Store.mart(project, version) for project, version in sorted(marts))
    yield from (Store.study_ids(project) for project in sorted({project for project, _ in marts}))


def faults_of_stores(hub: Hub) -> Iterator[ErrorDetail]:
    """Yield what is wrong with stores: gone, damaged, or an older copy of themselves."""
    hub.gate.keep()
    for store in stores_of(hub):
        if not hub.opener.exists(store) and not any(hub.registry.generations.expected(store.name)):
            continue
        try:
            with hub.opener.session(read=[store]):
                pass
        except CommonwealError as fault:
            yield from fault.details


def check_stores(hub: Hub) -> None:
    """Raise unless every store is the one the registry knows.

    Raises:
        IntegrityFault: All faults of all stores.
    """
    IntegrityFault.collect(faults_of_stores(hub))
