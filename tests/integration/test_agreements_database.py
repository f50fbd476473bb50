"""Migrations, opening, two processes at once, and speed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from data_sharing_agreements.errors import IntegrityFault, Invalid
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry
from data_sharing_agreements.store.database import MIGRATIONS, revisions
from data_sharing_agreements.store.schema import metadata
from tests.registries import new_url, write_behind_the_back


@pytest.fixture
def url(database_kind, tmp_path):
    """An address where nothing is yet."""
    return new_url(database_kind, tmp_path)


TRIGGERS = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'log_%'",
    "postgresql": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal",
}


def test_migrations_lead_to_the_tables_declared(url, database_kind):
    with Registry.create(url) as registry, registry.database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(text(TRIGGERS[database_kind])).scalar() >= 11
        assert MigrationContext.configure(connection).get_current_revision() == revisions()[-1]


def test_the_revisions_known_are_the_migrations():
    scripts = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    assert revisions() == [script.revision for script in scripts][::-1]


def test_creating_twice_keeps_what_is_there(url):
    with Registry.create(url) as registry:
        Log(registry, None).append("decision", {})
        origin = Log(registry, None).root
    with Registry.create(url) as registry:
        assert Log(registry, None).root == origin
    with Registry.open(url) as registry:
        assert Log(registry, None).size == 1


def test_an_empty_database_is_migrated_by_create_and_refused_by_open(url, database_kind, tmp_path):
    with pytest.raises(Invalid, match="registry-missing"):
        Registry.open(url)
    assert not list(tmp_path.glob("*.sqlite"))
    other = new_url(database_kind, tmp_path)
    Registry.create(other).close()
    tables = [f"DROP TABLE {table.name}" for table in reversed(metadata.sorted_tables)]
    write_behind_the_back(other, *tables, "DROP TABLE alembic_version")
    with pytest.raises(Invalid, match="registry-missing"):
        Registry.open(other)


def test_a_registry_of_a_newer_program_is_left_alone(url):
    Registry.create(url).close()
    write_behind_the_back(url, "UPDATE alembic_version SET version_num = '9999'")
    for opened in (Registry.open, Registry.create):
        with pytest.raises(Invalid, match="registry-newer"):
            opened(url)


def test_a_server_that_does_not_answer(tmp_path):
    for opened in (Registry.open, Registry.create):
        with pytest.raises(Invalid, match="registry-missing"):
            opened(f"postgresql+psycopg://postgres@/nothing?host={tmp_path}")


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "r.sqlite"
    path.write_bytes(b"not a database, " * 500)
    for opened in (Registry.open, Registry.create):
        with pytest.raises(IntegrityFault, match="registry-unreadable"):
            opened(f"sqlite:///{path}")


def test_a_registry_in_memory():
    with Registry.create("sqlite://") as registry:
        assert Log(registry, None).append("decision", {}) == 0


WRITER = """
import sys
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import Registry
with Registry.open(sys.argv[1]) as registry:
    for n in range(50):
        Log(registry, None).append("decision", {"request": sys.argv[2], "on": n})
"""


def test_two_processes_write_one_log(url):
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


def test_a_killed_write_leaves_the_log_as_it_was(url):
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
