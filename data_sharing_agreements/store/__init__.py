"""The registry's database: its tables, its connections, its migrations.

Belongs here: SQLAlchemy tables, opening SQLite or PostgreSQL by URL, Alembic.
Does not: what the rows mean (`registry/`) or the log built on them (`log/`).
"""

from data_sharing_agreements.store.database import Database

__all__ = ["Database"]
