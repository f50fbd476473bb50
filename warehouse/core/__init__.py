"""Core: facts in one shape whatever the source.

Belongs here: `build`, the facts' shapes, the person rule, and beside this module one
folder of SQL a source. Does not: ingestion, linkage, or a project's tables.
"""

from warehouse.core.builder import build

__all__ = ["build"]
