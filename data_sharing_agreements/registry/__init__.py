"""The registry: what the house knows about its own work, never about a person.

Belongs here: deliveries, runs, link versions, marts, results, generations of
stores, accounts, sessions and budgets, each in a small module. Does not: tables
and connections (`store/`), or the log itself (`log/`). Every write that matters
writes its own log entry in the same transaction; a caller's `AuditEvent` can only
add to it.
"""

from data_sharing_agreements.registry.accounts import Account, Session
from data_sharing_agreements.registry.audit import AuditEvent
from data_sharing_agreements.registry.deliveries import Delivery, DeliveryFile, DeliveryState, HeldRule
from data_sharing_agreements.registry.generations import Generation
from data_sharing_agreements.registry.products import IndicatorResult, LinkVersion, Mart
from data_sharing_agreements.registry.registry import Registry
from data_sharing_agreements.registry.runs import Run, RunStep

__all__ = [
    "Account",
    "AuditEvent",
    "Delivery",
    "DeliveryFile",
    "DeliveryState",
    "Generation",
    "HeldRule",
    "IndicatorResult",
    "LinkVersion",
    "Mart",
    "Registry",
    "Run",
    "RunStep",
    "Session",
]
