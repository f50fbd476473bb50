"""The opener on real encrypted files: creation, keys, generations, publication, a killed writer."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import traceback

import duckdb
import pytest

from data_sharing_agreements.errors import Busy, CommonwealError, Held, IntegrityFault, Refused, UsageFault
from privacy.keys import KeyRing, Role
from tests.conftest import AS_DELIVERED
from warehouse import opener as opening
from warehouse.extensions import extension_path
from warehouse.opener import Opener, Store


class Book:
    """A book of generations in memory, of the same shape as the registry's."""

    def __init__(self):
        self.states = {}

    def expected(self, store):
        return tuple(self.states.get(store, ()))

    def begin(self, store, generation, nonce):
        self.states[store] = [*self.states.get(store, [])[:1], State(generation, nonce)]

    def confirm(self, store, generation, nonce):
        self.states[store] = [State(generation, nonce)]


class State:
    def __init__(self, generation, nonce):
        self.generation, self.nonce = generation, nonce


@pytest.fixture
def home(tmp_path):
    KeyRing.create(tmp_path / "home" / "keys")
    return tmp_path / "home"


@pytest.fixture
def book():
    return Book()


@pytest.fixture
def opener(home, book):
    return Opener(home, KeyRing.open(home / "keys"), book, memory_limit="1GB", threads=1)


def test_times_in_stores_are_those_of_no_place(home):
    """Where clocks are turned back, what was decided after a link would seem to be before it."""
    script = f"""
        from pathlib import Path
        from privacy.keys import KeyRing
        from warehouse.opener import Opener
        opener = Opener(Path({str(home)!r}), KeyRing.open(Path({str(home / "keys")!r})), None, threads=1)
        with opener.session() as session:
            print(session.execute("SELECT current_setting('TimeZone')")[0][0])
    """
    far = {**os.environ, "TZ": "America/Los_Angeles"}
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env=far, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "UTC"


def test_a_store_is_written_and_read_back(opener, home):
    with opener.session(write=[Store.vault(), Store.warehouse()]) as session:
        with session.transaction("vault"):
            session.execute("INSERT INTO vault.crosswalk VALUES ('s', 'canary-value', 1)")
        session.execute("CREATE TABLE warehouse.content.t AS SELECT 1 AS i")
    with opener.session(read=[Store.vault(), Store.warehouse()]) as session:
        assert session.one("SELECT key FROM vault.crosswalk") == 1
        assert session.frame("SELECT * FROM warehouse.content.t").shape == (1, 1)
        assert session.arrow("SELECT * FROM warehouse.content.t").num_rows == 1
        with pytest.raises(CommonwealError):
            session.execute("INSERT INTO vault.crosswalk VALUES ('s', 'b', 2)")
    assert b"canary-value" not in (home / "vault.duckdb").read_bytes()
    assert (home / "vault.duckdb").stat().st_mode & 0o777 == 0o600
    assert not list((home / "spill").iterdir())


def test_a_failed_transaction_leaves_nothing(opener):
    with opener.session(write=[Store.vault()]) as session:
        with pytest.raises(CommonwealError), session.transaction("vault"):
            session.execute("INSERT INTO vault.crosswalk VALUES ('s', 'a', 1); SELECT error('stop')")
        assert session.one("SELECT count(*) FROM vault.crosswalk") == 0


def test_reading_what_was_never_made_is_told(opener):
    with pytest.raises(UsageFault, match="does not exist yet"), opener.session(read=[Store.vault()]):
        pass


def test_a_role_opens_only_its_stores(opener, home, book):
    with opener.session(write=[Store.vault(), Store.quarantine()]):
        pass
    linker = Opener(home, KeyRing.open(home / "keys", {Role.LINKER}), book)
    with linker.session(read=[Store.vault()]):
        pass
    with pytest.raises(Refused), linker.session(read=[Store.quarantine()]):
        pass


def test_yesterdays_copy_is_refused(opener, home, tmp_path):
    with opener.session(write=[Store.vault()]):
        pass
    shutil.copy(home / "vault.duckdb", tmp_path / "yesterday")
    with opener.session(write=[Store.vault()]):
        pass
    shutil.copy(tmp_path / "yesterday", home / "vault.duckdb")
    with pytest.raises(IntegrityFault, match="last closed"), opener.session(read=[Store.vault()]):
        pass


def test_a_store_that_is_gone_is_not_made_anew(opener, home):
    with opener.session(write=[Store.vault()]):
        pass
    (home / "vault.duckdb").unlink()
    with pytest.raises(IntegrityFault, match="is gone"), opener.session(write=[Store.vault()]):
        pass


def test_an_older_registry_is_refused(opener, book):
    with opener.session(write=[Store.vault()]):
        pass
    book.states.clear()
    with pytest.raises(IntegrityFault), opener.session(read=[Store.vault()]):
        pass


def test_a_state_that_was_begun_is_accepted_and_confirmed(opener, book):
    with opener.session(write=[Store.vault()]):
        pass
    old, new = State(0, "older"), book.states["vault"][0]
    book.states["vault"] = [old, new]
    with opener.session(write=[Store.vault()]):
        pass
    assert [s.generation for s in book.states["vault"]] == [2]


def test_a_damaged_store_is_an_integrity_fault(opener, home):
    with opener.session(write=[Store.vault()]):
        pass
    content = bytearray((home / "vault.duckdb").read_bytes())
    content[4096:12288] = bytes(8192)
    (home / "vault.duckdb").write_bytes(content)
    with pytest.raises(IntegrityFault), opener.session(read=[Store.vault()]):
        pass


def test_a_swapped_file_of_another_key_is_an_integrity_fault(opener, home):
    with opener.session(write=[Store.vault(), Store.quarantine()]):
        pass
    shutil.copy(home / "quarantine.duckdb", home / "vault.duckdb")
    with pytest.raises(IntegrityFault), opener.session(read=[Store.vault()]):
        pass


def test_a_store_open_elsewhere_is_busy(opener):
    with opener.session(write=[Store.vault()]), pytest.raises(Busy), opener.session(write=[Store.vault()]):
        pass


def test_errors_quote_no_value(opener):
    with opener.session(write=[Store.vault()]) as session:
        for sql in (
            "SELECT CAST('Zebedee' AS INTEGER)",
            "SELECT strptime('Zebedee', '%Y')",
            "SELECT 'Zebedee' FRM x",
            "SELECT Zebedee",
            "CREATE TEMP TABLE u (a VARCHAR UNIQUE); INSERT INTO u VALUES ('Zebedee'), ('Zebedee')",
        ):
            with pytest.raises(CommonwealError) as raised:
                session.execute(sql, rule="a-rule")
            assert raised.value.__context__ is None
            assert raised.value.__cause__ is None
            text = "".join(traceback.format_exception_only(raised.value)) + str(raised.value.to_json())
            assert "Zebedee" not in text
        with pytest.raises(Held) as raised, session.guard():
            session.raw.execute("SELECT CAST('Zebedee' AS INTEGER)").fetchall()
        assert raised.value.__context__ is None


def test_a_mart_is_published_whole(opener, home):
    final = Store.mart("p", "1")
    opener.remove(final.building())
    with opener.session(write=[final.building()]) as session:
        session.execute("CREATE TABLE mart.t AS SELECT 1 AS i")
    assert not opener.exists(final)
    opener.publish(final.building(), final)
    assert [path.name for path in (home / "marts" / "p").iterdir()] == ["1.duckdb"]
    with opener.session(read=[final]) as session:
        assert session.one("SELECT i FROM mart.t") == 1


def test_staging_is_destroyed_with_its_key(opener, home):
    staging = Store.staging("d1")
    with opener.session() as session, session.attached(staging, write=True):
        session.execute("CREATE TABLE staging.t AS SELECT 1 AS i")
    assert opener.leftovers("staging") == ["d1"]
    opener.destroy(staging)
    assert opener.leftovers("staging") == []
    assert not list((home / "staging").iterdir())
    assert "staging/d1" not in KeyRing.open(home / "keys").stores()


def test_a_killed_writer_loses_nothing_committed_and_keeps_nothing_else(opener, home, book):
    with opener.session(write=[Store.vault()]):
        pass
    key = KeyRing.open(home / "keys").store_key("vault")
    script = f"""
        import os, signal, duckdb
        from warehouse.extensions import extension_path
        c = duckdb.connect()
        c.execute(f"LOAD '{{extension_path('httpfs')}}'")
        c.execute("ATTACH '{home}/vault.duckdb' AS vault (ENCRYPTION_KEY '{key}')")
        c.execute("INSERT INTO vault.crosswalk VALUES ('s', 'committed', 1)")
        c.execute("BEGIN; INSERT INTO vault.crosswalk VALUES ('s', 'not committed', 2)")
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert done.returncode == -signal.SIGKILL
    wal = home / "vault.duckdb.wal"
    assert b"committed" not in (wal.read_bytes() if wal.exists() else b"")
    with opener.session(read=[Store.vault()]) as session:
        assert session.execute("SELECT source_id FROM vault.crosswalk") == [("committed",)]
    with opener.session(write=[Store.vault()]) as session:
        assert session.execute("SELECT source_id FROM vault.crosswalk") == [("committed",)]


def test_spill_of_killed_sessions_is_wiped(opener, home):
    (home / "spill" / "old").mkdir(parents=True)
    (home / "spill" / "old" / "left").write_bytes(os.urandom(10))
    opener.wipe_spill()
    assert not (home / "spill").exists()


def test_nothing_is_downloaded(opener):
    with opener.session() as session:
        settings = dict(session.execute("SELECT name, value FROM duckdb_settings()"))
        assert settings["autoinstall_known_extensions"] == "false"
        assert settings["autoload_known_extensions"] == "false"
        assert settings["temp_file_encryption"] == "true"
        with pytest.raises(CommonwealError):
            session.execute("LOAD spatial")
    assert duckdb.__version__ == "1.5.5"


def test_an_extension_nobody_signed_is_not_loaded(opener, tmp_path, monkeypatch):
    """The last 256 bytes of an extension are its maker's signature of all before them."""
    forged = tmp_path / extension_path("httpfs").name
    forged.write_bytes(extension_path("httpfs").read_bytes()[:-256] + bytes(256))
    monkeypatch.setattr(opening, "extension_path", lambda _name: forged)
    monkeypatch.setattr(opening, "_SETTINGS", AS_DELIVERED)
    with pytest.raises(CommonwealError), opener.session():
        pass
    monkeypatch.undo()
    with opener.session():
        pass
