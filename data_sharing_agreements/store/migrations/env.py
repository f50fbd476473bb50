"""Alembic's environment: migrations run on the connection they are given.

Belongs here: nothing but that. Does not: any URL or settings file.
"""

from alembic import context

from data_sharing_agreements.store.base import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
