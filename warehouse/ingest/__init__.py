"""Ingestion: what arrives, checked against its contract, split, and recorded.

Belongs here: the way of a delivery from landing to the stores. Does not: Dagster,
or what comes after (linkage, core).
"""

from warehouse.ingest.discovery import Arrival, discover, register
from warehouse.ingest.flow import ingest_pending

__all__ = ["Arrival", "discover", "ingest_pending", "register"]
