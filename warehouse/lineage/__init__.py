"""Lineage: where a column's values come from and what decides its rows.

Belongs here: reading SQL by parsing it, and the answer to `commonweal lineage`.
Does not: running SQL, or storing lineage anywhere; it is derived each time.
"""
