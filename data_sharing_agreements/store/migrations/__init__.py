"""Alembic migrations of the registry, in order. One is never changed once released."""
