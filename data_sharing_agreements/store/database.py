"""Connections to the registry's database, and bringing it up to date.

Belongs here: engines for SQLite (WAL) and PostgreSQL, transactions for reading and
for writing, Alembic upgrades. Does not: any table's meaning. Two processes may use
one registry: a writing transaction takes the one write lock at its start, so that
what it reads cannot change before it writes.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool

from data_sharing_agreements.errors import IntegrityFault, Invalid
from data_sharing_agreements.store.schema import meta

MIGRATIONS = Path(__file__).parent / "migrations"
_WRITE = "commonweal_write"

_WRITE_LOCK = text("SELECT pg_advisory_xact_lock(7165072637)")
"""PostgreSQL's counterpart of SQLite's write lock; the number is ours alone."""


class Database:
    """One registry's database. Close it when done."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def create(cls, url: str) -> Self:
        """Make a new registry, or bring an existing one up to date.

        Args:
            url: An SQLAlchemy URL; a new SQLite file is readable by its owner only. On
                PostgreSQL the database is made if it is not there and the account may.

        Raises:
            Invalid: The server cannot be reached, or a newer version made the registry.
            IntegrityFault: What is there is not a registry.
        """
        parsed = make_url(url)
        if (path := _sqlite_path(parsed)) is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        if parsed.get_backend_name() == "postgresql":
            _make_database(parsed)
        database = cls(_engine(parsed))
        with database._closed_by_faults():
            database._upgrade()
        return database

    @classmethod
    def open(cls, url: str) -> Self:
        """Open an existing registry and bring it up to date.

        Raises:
            Invalid: There is none, its server cannot be reached, or a newer version made it.
            IntegrityFault: The file is not a registry.
        """
        parsed = make_url(url)
        path = _sqlite_path(parsed)
        if path is not None and not path.exists():
            raise _missing()
        database = cls(_engine(parsed))
        with database._closed_by_faults():
            with database.reading() as connection:
                present = inspect(connection).has_table(meta.name)
            if not present:
                raise _missing()
            database._upgrade()
        return database

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that only reads, and sees one state throughout."""
        engine = self.engine
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that writes: all of it happens, or nothing."""
        engine = self.engine.execution_options(**{_WRITE: True})
        with engine.connect() as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(_WRITE_LOCK)
            yield connection

    @staticmethod
    def origin_of(connection: Connection) -> str:
        """The random name this registry was given when it was made."""
        return str(connection.execute(select(meta.c.value).where(meta.c.name == "origin")).scalar_one())

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _closed_by_faults(self) -> Iterator[None]:
        """Close every connection if what is inside fails, and say what a database's error means."""
        try:
            yield
        except DatabaseError as error:
            self.close()
            raise _told(self.engine.url, error) from None
        except Invalid:
            self.close()
            raise

    def _upgrade(self) -> None:
        known = revisions()
        with self.reading() as connection:
            current = _revision_of(connection)
        if current is not None and current not in known:
            raise Invalid.of(
                "registry-newer",
                "The registry was made by a newer version of the program.",
                why="An older program could damage what it does not know.",
                next="Install the version that made it, or a newer one.",
            )
        if current == known[-1]:
            return
        from alembic import command  # imported here: a registry that is up to date opens without it
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            named = connection.execute(select(meta.c.value).where(meta.c.name == "origin")).first()
            if named is None:
                connection.execute(insert(meta).values(name="origin", value=secrets.token_hex(16)))


def revisions() -> list[str]:
    """Return the revisions this program knows, oldest first, as the migrations' files are numbered."""
    return sorted(path.stem[1:5] for path in (MIGRATIONS / "versions").glob("m*_*.py"))


def _revision_of(connection: Connection) -> str | None:
    """Return the revision a database is at, or `None` for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    memory = _sqlite_path(url) is None
    engine = create_engine(url, poolclass=StaticPool) if memory else create_engine(url)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: `_begin` does.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _make_database(url: URL) -> None:
    """Make the database a PostgreSQL address names, if it is not there and this account may."""
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        with suppress(DatabaseError), engine.connect() as connection:
            known = text("SELECT 1 FROM pg_database WHERE datname = :name")
            if connection.execute(known, {"name": url.database}).first() is None:
                quoted = connection.dialect.identifier_preparer.quote_identifier(str(url.database))
                connection.exec_driver_sql(f"CREATE DATABASE {quoted}")
    finally:
        engine.dispose()


def _told(url: URL, error: DatabaseError) -> Invalid | IntegrityFault:
    """Return what a database's error means: no registry there, or something that is none."""
    away = url.get_backend_name() == "postgresql" and isinstance(error, OperationalError)
    return _missing() if away else _unreadable()


def _sqlite_path(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def _missing() -> Invalid:
    return Invalid.of(
        "registry-missing",
        "There is no registry at the configured address, or its server cannot be reached.",
        why="Every step is recorded in the registry and checked against it.",
        next="Create the home directory first, start the server, or restore the registry from a backup.",
    )


def _unreadable() -> IntegrityFault:
    return IntegrityFault.of(
        "registry-unreadable",
        "The registry cannot be read as one.",
        why="A registry that is damaged or replaced proves nothing.",
        next="Restore the registry from a backup and verify the log against a kept checkpoint.",
    )
