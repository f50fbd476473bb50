"""The one module that opens DuckDB stores, and the one that knows their paths.

Belongs here: where stores lie, attaching them under their keys, engine settings,
spill, publication by rename. Does not: SQL about data, or a decision whether
something is permitted (`data_sharing_agreements.gate`).
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from data_sharing_agreements.errors import Held, IntegrityFault, UsageFault
from privacy.keys import KeyRing, Role
from privacy.pseudonyms import STUDY_IDS_DDL
from privacy.vault import VAULT_DDL
from warehouse.engine_errors import Guard, damaged_store
from warehouse.extensions import extension_path
from warehouse.files import remove_store_file, rename_durably
from warehouse.generations import GenerationBook, check_generation, count_up, write_generation
from warehouse.schema import QUARANTINE_DDL, WAREHOUSE_DDL

if TYPE_CHECKING:  # no verb waits for what it may not need
    import pandas as pd
    import pyarrow as pa

Parameters = Sequence[Any] | Mapping[str, Any] | None

_SETTINGS: Mapping[str, str] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
}


@dataclass(frozen=True)
class Store:
    """One encrypted DuckDB file.

    Args:
        name: Name of its key, and of its entry in the book of generations.
        alias: What it is attached as.
        path: Where it lies below the home directory.
        readers: Roles that hold its key.
        ddl: Statements applied whenever it is opened for writing; safe to repeat.
        counted: Whether its generation is kept; not for files made and destroyed
            within one step.
    """

    name: str
    alias: str
    path: Path
    readers: frozenset[Role]
    ddl: str = ""
    counted: bool = True

    @staticmethod
    def vault() -> Store:
        """Identifiers and the crosswalk."""
        readers = frozenset({Role.SPLITTER, Role.LINKER})
        return Store("vault", "vault", Path("vault.duckdb"), readers, VAULT_DDL)

    @staticmethod
    def warehouse() -> Store:
        """Content by record key, spine, core."""
        readers = frozenset({Role.SPLITTER, Role.LINKER, Role.BUILDER})
        return Store("warehouse", "warehouse", Path("warehouse.duckdb"), readers, WAREHOUSE_DDL)

    @staticmethod
    def quarantine() -> Store:
        """Refused rows."""
        readers = frozenset({Role.SPLITTER})
        return Store("quarantine", "quarantine", Path("quarantine.duckdb"), readers, QUARANTINE_DDL)

    @staticmethod
    def staging(delivery_id: str) -> Store:
        """One delivery as sent, until it is split."""
        path = Path("staging") / f"{delivery_id}.duckdb"
        return Store(f"staging/{delivery_id}", "staging", path, frozenset({Role.SPLITTER}), counted=False)

    @staticmethod
    def mart(project: str, version: str) -> Store:
        """One version of a project's tables."""
        path = Path("marts") / project / f"{version}.duckdb"
        return Store(f"mart/{project}/{version}", "mart", path, frozenset({Role.BUILDER, Role.PORTAL}))

    @staticmethod
    def study_ids(project: str) -> Store:
        """A project's crosswalk from person keys to study ids."""
        path = Path("study_ids") / f"{project}.duckdb"
        return Store(f"study_ids/{project}", "study_ids", path, frozenset({Role.BUILDER}), STUDY_IDS_DDL)

    @staticmethod
    def own_spine(project: str) -> Store:
        """The spine of one project, whose sources may not enter the statewide one.

        It is attached in the place of the warehouse, where linkage writes a spine.
        """
        path = Path("spines") / f"{project}.duckdb"
        return Store(f"spine/{project}", "warehouse", path, frozenset({Role.LINKER, Role.BUILDER}))

    def called(self, alias: str) -> Store:
        """Return the same store, to be attached under another name and read."""
        return replace(self, alias=alias)

    def building(self) -> Store:
        """Return the same store under a temporary name, for `Opener.publish`."""
        return replace(self, path=self.path.with_name(f".{self.path.stem}.building.duckdb"), counted=False)


class Session:
    """One connection with its stores attached. Made by `Opener.session`.

    Every result is drained, and every DuckDB error becomes one of ours without its
    text. `raw` is for libraries that need the connection, inside `guard`, `spill` for what they write.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, opener: Opener, spill: Path) -> None:
        self.raw, self.spill = connection, spill
        self._opener = opener
        self._loaded: set[str] = set()

    def execute(
        self, sql: str, params: Parameters = None, *, rule: str | None = None
    ) -> list[tuple[Any, ...]]:
        """Run one or more statements and return the rows of the last.

        Args:
            sql: Statements; values only by parameters.
            params: Values of `?` or `$name`.
            rule: Rule that is being applied, told in an error.

        Raises:
            CommonwealError: One of its classes, as `engine_errors` has it.
        """
        with self.guard(sql=sql, rule=rule):
            return self.raw.execute(sql, params).fetchall()

    def one(self, sql: str, params: Parameters = None) -> Any:
        """Return the first value of the first row, or `None`."""
        rows = self.execute(sql, params)
        return rows[0][0] if rows else None

    def arrow(self, sql: str, params: Parameters = None) -> pa.Table:
        """Return a query's result as an Arrow table."""
        with self.guard(sql=sql):
            return self.raw.execute(sql, params).to_arrow_table()

    def frame(self, sql: str, params: Parameters = None) -> pd.DataFrame:
        """Return a query's result as a data frame."""
        with self.guard(sql=sql):
            return self.raw.execute(sql, params).df()

    def register(self, name: str, data: Any) -> None:
        """Make a frame or an Arrow table readable under a name."""
        with self.guard():
            self.raw.register(name, data)

    def unregister(self, name: str) -> None:
        """Undo `register`."""
        with self.guard():
            self.raw.unregister(name)

    def guard(self, *, sql: str = "", rule: str | None = None) -> Guard:
        """Turn DuckDB's errors inside a `with` into ours, without their text."""
        return Guard(sql, rule)

    @contextmanager
    def transaction(self, alias: str) -> Iterator[None]:
        """Do all that is inside, or nothing. DuckDB lets one transaction write one store only.

        Args:
            alias: The store that is written, for the reader of the code.
        """
        self.execute("BEGIN", rule=alias)
        try:
            yield
            self.execute("COMMIT", rule=alias)
        except BaseException:
            with suppress(duckdb.Error):
                self.raw.execute("ROLLBACK")
            raise

    @contextmanager
    def uncompressed(self) -> Iterator[None]:
        """Write without compression inside: twice as fast, for what is soon destroyed."""
        self.execute("SET force_compression = 'uncompressed'")
        try:
            yield
        finally:
            self.execute("RESET force_compression")

    @contextmanager
    def attached(self, store: Store, *, write: bool) -> Iterator[None]:
        """Attach one more store for a while."""
        self._opener.attach(self, store, write=write)
        done = False
        try:
            yield
            done = True
        finally:
            self._opener.detach(self, store, write=write, done=done)

    def load(self, extension: str) -> None:
        """Load an extension from its wheel, once; nothing is downloaded."""
        if extension not in self._loaded:
            self.execute(f"LOAD '{_quoted(extension_path(extension))}'")
            self._loaded.add(extension)


class Opener:
    """Opens the stores of one home directory with the keys of one process's roles.

    Args:
        home: The home directory.
        keys: Keys of this process's roles.
        generations: The book in which the last states of stores are kept.
        memory_limit: DuckDB's memory (`8GB`); its own default if not given.
        threads: DuckDB's threads.
    """

    def __init__(
        self,
        home: Path,
        keys: KeyRing,
        generations: GenerationBook,
        memory_limit: str | None = None,
        threads: int = 2,
    ) -> None:
        self._home = home.resolve()
        self._keys = keys
        self._book = generations
        self._memory_limit = memory_limit
        self._threads = threads

    @contextmanager
    def session(self, *, read: Sequence[Store] = (), write: Sequence[Store] = ()) -> Iterator[Session]:
        """Open one in-memory connection with stores attached under their aliases.

        Stores to write are created if absent and get their tables. When the session
        ends well, they are checkpointed and their generation is confirmed.

        Raises:
            KeyRefused: Our roles do not open one of the stores.
            UsageFault: A store to read was never made.
            IntegrityFault: A store is damaged, or an older copy of itself.
            Busy: Another process has it open.
        """
        spill = self._home / "spill" / secrets.token_hex(8)
        spill.mkdir(mode=0o700, parents=True)
        connection = duckdb.connect(":memory:", config=dict(_SETTINGS))
        try:
            session = Session(connection, self, spill)
            self._configure(session, spill)
            with ExitStack() as stack:
                writes = {store.name for store in write}
                for store in write:
                    stack.enter_context(session.attached(store, write=True))
                for store in read:
                    if store.name not in writes:
                        stack.enter_context(session.attached(store, write=False))
                yield session
        finally:
            connection.close()
            shutil.rmtree(spill, ignore_errors=True)

    def _configure(self, session: Session, spill: Path) -> None:
        session.execute("SET temp_file_encryption = true")
        session.execute(f"SET temp_directory = '{_quoted(spill)}'")
        session.execute(f"SET threads = {int(self._threads)}")
        session.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
        if self._memory_limit:
            session.execute(f"SET memory_limit = '{_quoted(self._memory_limit)}'")
        session.load("httpfs")

    def attach(self, session: Session, store: Store, *, write: bool) -> None:
        """Attach a store to a session; use `Session.attached`, which also detaches."""
        path = self.path(store)
        if not path.exists():
            self._check_absent(store, write)
            self._create(session, store)
        options = "ENCRYPTION_KEY $key" if write else "ENCRYPTION_KEY $key, READ_ONLY"
        self._attach_file(session, store, path, options)
        try:
            if store.counted:
                check_generation(self._book, session.execute, store.alias, store.name)
            if write and store.ddl:
                session.execute(store.ddl)
        except BaseException:
            _detach(session, store.alias)
            raise

    def _attach_file(self, session: Session, store: Store, path: Path, options: str) -> None:
        sql = f"ATTACH '{_quoted(path)}' AS {store.alias} ({options})"
        try:
            session.execute(sql, {"key": self._keys.store_key(store.name)})
        except (IntegrityFault, Held):
            raise damaged_store(store.name) from None

    def _check_absent(self, store: Store, write: bool) -> None:
        if store.counted and any(self._book.expected(store.name)):
            raise IntegrityFault.of(
                "store-missing",
                f"{store.name} is gone",
                why="the registry knows it, and its file is not there",
                next="restore it from a backup taken together with the registry",
            )
        if not write:
            raise UsageFault.of(
                "store-absent",
                f"{store.name} does not exist yet",
                why="it is made when something is first written to it",
                next="run the step that fills it first",
            )

    def _create(self, session: Session, store: Store) -> None:
        """Make an empty store under another name and rename it, so that none is half-made."""
        path = self.path(store)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._keys.ensure_store_key(store.name, store.readers)
        new = path.with_name(f"{path.name}.new")
        remove_store_file(new)
        self._attach_file(session, store, new, "ENCRYPTION_KEY $key")
        if store.ddl:
            session.execute(store.ddl)
        session.execute(f"CHECKPOINT {store.alias}")
        _detach(session, store.alias)
        new.chmod(0o600)
        rename_durably(new, path)

    def detach(self, session: Session, store: Store, *, write: bool, done: bool) -> None:
        """Detach a store; one that was written well is checkpointed and counted up first."""
        try:
            if write and done and store.counted:
                count_up(self._book, session.execute, store.alias, store.name)
            elif write and done:
                session.execute(f"CHECKPOINT {store.alias}")
        finally:
            _detach(session, store.alias)

    def path(self, store: Store) -> Path:
        """Return where a store lies."""
        return self._home / store.path

    def exists(self, store: Store) -> bool:
        """Return whether a store has been made."""
        return self.path(store).exists()

    def publish(self, temporary: Store, final: Store) -> None:
        """Give a finished store its final name, in one step that readers see whole.

        Args:
            temporary: What was written, `final.building()`; no session has it open.
            final: What readers open from now on.
        """
        known = (state.generation for state in self._book.expected(final.name))
        generation, nonce = max(known, default=0) + 1, secrets.token_hex(16)
        with self.session(write=[temporary]) as session:
            write_generation(session.execute, temporary.alias, generation, nonce)
        self._book.begin(final.name, generation, nonce)
        rename_durably(self.path(temporary), self.path(final))
        self._book.confirm(final.name, generation, nonce)

    def remove(self, store: Store) -> None:
        """Remove a store's file and its write-ahead log. Its key is the caller's to destroy."""
        remove_store_file(self.path(store))

    def destroy(self, store: Store) -> None:
        """Destroy a store's key, then remove its file."""
        self._keys.destroy_store_key(store.name)
        self.remove(store)

    def leftovers(self, directory: str) -> list[str]:
        """Return the stems of store files in a directory of the home (`staging`)."""
        found = (self._home / directory).glob("*.duckdb*")
        return sorted({path.name.split(".duckdb")[0] for path in found})

    def wipe_spill(self) -> None:
        """Remove what killed sessions spilled. Call while no other session is open."""
        shutil.rmtree(self._home / "spill", ignore_errors=True)


def _quoted(value: object) -> str:
    return str(value).replace("'", "''")


def _detach(session: Session, alias: str) -> None:
    with suppress(duckdb.Error):
        session.raw.execute(f"DETACH DATABASE IF EXISTS {alias}").fetchall()
