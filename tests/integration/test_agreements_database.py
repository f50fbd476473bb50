"""Migrations, opening, two processes at once, and speed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from data_sharing_agreements.errors import IntegrityFault, Invalid
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry
from data_sharing_agreements.store.schema import metadata


def url_of(path) -> str:
    return f"sqlite:///{path}"


def test_migrations_lead_to_the_tables_declared(tmp_path):
    with (
        Registry.create(url_of(tmp_path / "r.sqlite")) as registry,
        registry.database.reading() as connection,
    ):
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        triggers = connection.execute(
            text("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'")
        ).scalar()
        assert triggers >= 14


def test_creating_twice_keeps_what_is_there(tmp_path):
    url = url_of(tmp_path / "r.sqlite")
    with Registry.create(url) as registry:
        Log(registry, None).append("decision", {})
        origin = Log(registry, None).root
    with Registry.create(url) as registry:
        assert Log(registry, None).root == origin
    with Registry.open(url) as registry:
        assert Log(registry, None).size == 1


def test_an_empty_database_is_migrated_by_create_and_refused_by_open(tmp_path):
    with pytest.raises(Invalid, match="registry-missing"):
        Registry.open(url_of(tmp_path / "nothing.sqlite"))
    assert not (tmp_path / "nothing.sqlite").exists()
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as connection:
        connection.execute("CREATE TABLE something (x)")
    with pytest.raises(Invalid, match="registry-missing"):
        Registry.open(url_of(tmp_path / "other.sqlite"))


def test_a_registry_of_a_newer_program_is_left_alone(tmp_path):
    path = tmp_path / "r.sqlite"
    Registry.create(url_of(path)).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for opened in (Registry.open, Registry.create):
        with pytest.raises(Invalid, match="registry-newer"):
            opened(url_of(path))


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "r.sqlite"
    path.write_bytes(b"not a database, " * 500)
    for opened in (Registry.open, Registry.create):
        with pytest.raises(IntegrityFault, match="registry-unreadable"):
            opened(url_of(path))


def test_a_registry_in_memory():
    with Registry.create("sqlite://") as registry:
        assert Log(registry, None).append("decision", {}) == 0


def test_postgresql_is_a_url():
    """The statements of the first migration compile for PostgreSQL, types and all."""
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


WRITER = """
import sys
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry
with Registry.open(sys.argv[1]) as registry:
    for n in range(50):
        Log(registry, None).append("decision", {"request": sys.argv[2], "on": n})
"""


def test_two_processes_write_one_log(tmp_path):
    url = url_of(tmp_path / "r.sqlite")
    with Registry.create(url) as registry:
        writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, name]) for name in ("one", "two")]
        assert [writer.wait() for writer in writers] == [0, 0]
        log = Log(registry, None)
        assert log.size == 100
        assert log.verify(public_key=b"k" * 32).ok
        by_writer = {name: [] for name in ("one", "two")}
        for entry in log.show(100):
            by_writer[entry["summary"]["request"]].append(entry["summary"]["on"])
        assert by_writer == {"one": list(range(50)), "two": list(range(50))}


def test_a_killed_write_leaves_the_log_as_it_was(tmp_path):
    url = url_of(tmp_path / "r.sqlite")
    killed = (
        "import os, sys\n"
        "from data_sharing_agreements.log.entries import Draft, append\n"
        "from data_sharing_agreements.registry import Registry\n"
        "from data_sharing_agreements.store.clock import utc_now\n"
        "with Registry.open(sys.argv[1]) as registry, registry.database.writing() as connection:\n"
        "    append(connection, [Draft('decision', {'on': n}) for n in range(100)], utc_now)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    with Registry.create(url) as registry:
        Log(registry, None).append("decision", {})
        assert subprocess.run([sys.executable, "-c", killed, url], check=False).returncode == -9
        assert Log(registry, None).size == 1
        Log(registry, None).append("decision", {})
        assert Log(registry, None).verify(public_key=b"k" * 32).ok
