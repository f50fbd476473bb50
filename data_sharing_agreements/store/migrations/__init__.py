"""Alembic migrations of the registry.

Belongs here: the environment and, in `versions`, one module a step. Does not: what
the tables mean. A migration is never changed once released; another follows it.
"""
