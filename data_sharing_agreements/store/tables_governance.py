"""The registry's tables of stops, incidents and who is who.

Belongs here: columns, keys and indexes, as the newest migration leaves them. Does
not: triggers, which live in the migrations, or any other table.
"""

from __future__ import annotations
