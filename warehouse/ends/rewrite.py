"""Rewriting a store without some of its rows, under a new key.

Belongs here: copying what stays into a new file, and putting it in the old one's
place. Does not: which rows stay (`listing.py`), or when (`purge.py`).

Deleting rows leaves their bytes in a DuckDB file. So what stays is copied into a new
file under a new key, the new file takes the old one's name, and the old key is
destroyed. Killed at any moment, the old store or the new one stands, and doing it
again finishes it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from privacy.roles import COMING
from warehouse.files import rename_durably
from warehouse.generations import write_generation
from warehouse.hub import Hub
from warehouse.opener import Session, Store

NEW = "rewritten"
"""What the new file is attached as."""

_STATE = ("main", "_commonweal")


@dataclass(frozen=True)
class Keep:
    """What stays of a store.

    Args:
        where: Table as `schema.name` → SQL condition on its rows; a table not named
            stays whole.
        without: Schemas left out, with tables and views; they are made anew later.
    """

    where: Mapping[str, str] = field(default_factory=dict)
    without: Collection[str] = ()


def new_file(store: Store) -> Store:
    """Return where a store's rewritten file lies until it takes the store's place."""
    return replace(
        store,
        name=COMING + store.name,
        alias=NEW,
        path=store.path.with_name(f".{store.path.stem}.rewriting.duckdb"),
        ddl="",
        counted=False,
    )


def copy_kept(hub: Hub, store: Store, keep: Keep, beside: Sequence[Store] = ()) -> dict[str, int]:
    """Write what stays of a store into a new file under a new key; the store itself is only read.

    Args:
        hub: With the roles of the store.
        store: What is to be rewritten.
        keep: What stays.
        beside: Stores that the conditions read.

    Returns:
        Rows left out, by table; without schemas that are left out whole.
    """
    new = new_file(store)
    hub.opener.remove(new)
    with hub.opener.session(read=[store, *beside]) as session, session.attached(new, write=True):
        session.execute(f"COPY FROM DATABASE {store.alias} TO {NEW} (SCHEMA)")
        left_out = {}
        for schema, table in _tables(session, store.alias):
            name = f"{schema}.{table}"
            if schema not in keep.without and (schema, table) != _STATE:
                left_out[name] = _copy(session, store.alias, schema, table, keep.where.get(name))
        for schema in sorted(set(keep.without) & _schemas(session)):
            session.execute(f'DROP SCHEMA {NEW}."{schema}" CASCADE')
        _count_up(hub, session, store)
        session.execute(f"CHECKPOINT {NEW}")
    _sync(hub, new)
    return left_out


def put_in_place(hub: Hub, store: Store) -> None:
    """Let the new file and its key take the store's place; the old key is destroyed. May be repeated."""
    new = new_file(store)
    if hub.opener.exists(new):
        rename_durably(hub.opener.path(new), hub.opener.path(store))
        hub.opener.remove(new)
    hub.keys.renew_store_key(store.name)
    with hub.opener.session(read=[store]):
        pass


def _copy(session: Session, alias: str, schema: str, table: str, where: str | None) -> int:
    source, target = f'{alias}."{schema}"."{table}"', f'{NEW}."{schema}"."{table}"'
    condition = f"WHERE {where}" if where else ""
    session.execute(f"INSERT INTO {target} SELECT * FROM {source} {condition}", rule="rewrite")
    if not where:
        return 0
    return int(session.one(f"SELECT (SELECT count(*) FROM {source}) - (SELECT count(*) FROM {target})"))


def _tables(session: Session, alias: str) -> list[tuple[str, str]]:
    found = session.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY ALL", [alias]
    )
    return [(str(schema), str(table)) for schema, table in found]


def _schemas(session: Session) -> set[str]:
    found = session.execute("SELECT schema_name FROM duckdb_schemas() WHERE database_name = ?", [NEW])
    return {str(schema) for (schema,) in found}


def _count_up(hub: Hub, session: Session, store: Store) -> None:
    book = hub.registry.generations
    known = (state.generation for state in book.expected(store.name))
    generation, nonce = max(known, default=0) + 1, secrets.token_hex(16)
    write_generation(session.execute, NEW, generation, nonce)
    book.begin(store.name, generation, nonce)


def _sync(hub: Hub, store: Store) -> None:
    descriptor = os.open(hub.opener.path(store), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
