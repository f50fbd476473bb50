"""Marts: a project's de-identified tables, and the public's.

Belongs here: `publish`, `tell_link_error`, definitions, disclosure control applied to them, codebooks;
beside this module one folder a project. Does not: what the license permits, or
asking a mart (warehouse.query).
"""

from warehouse.marts.bookshelf import tell_link_error
from warehouse.marts.builder import publish

__all__ = ["publish", "tell_link_error"]
