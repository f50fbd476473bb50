"""Asking a mart: free SQL for a license of rows, the table builder for aggregates.

Belongs here: the check of a statement, the locked connection it runs on, the
obligations its answer bears. Does not: who the actor is (the portal and the
command line know that from signing in), or how marts are made.
"""

from warehouse.query.gateway import query
from warehouse.query.table import table

__all__ = ["query", "table"]
