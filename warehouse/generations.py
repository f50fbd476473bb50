"""Telling a store from an older copy of itself.

Belongs here: the counter in each store and its comparison with the registry's.
Does not: opening files (`opener`) or keeping the book (`data_sharing_agreements.registry`).

Each store holds a generation and a random nonce. A session that wrote counts it up:
the book is told what comes (`begin`), the store is written, the book is told that it
came (`confirm`). Killed in between, the store has what was confirmed or what was
begun, and both are expected; anything else is another file than the one last closed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from data_sharing_agreements.errors import IntegrityFault

Execute = Callable[..., list[tuple[Any, ...]]]


class Generation(Protocol):
    """One state of a store, as the book knows it."""

    @property
    def generation(self) -> int:
        """Its number, counted up by each session that wrote."""

    @property
    def nonce(self) -> str:
        """Random text that tells two states of one number apart."""


class GenerationBook(Protocol):
    """Where the last states of stores are kept, outside the stores."""

    def expected(self, store: str) -> Sequence[Generation]:
        """Return the states a store may be in: the confirmed one, and one begun."""

    def begin(self, store: str, generation: int, nonce: str) -> None:
        """Note that a store is about to go to this state."""

    def confirm(self, store: str, generation: int, nonce: str) -> None:
        """Note that a store has gone to this state, and forget the ones before."""


def check_generation(book: GenerationBook, execute: Execute, alias: str, store: str) -> None:
    """Raise unless the attached store is in a state the book expects.

    A state that was begun and not confirmed is confirmed now: its session was killed
    after writing it.

    Raises:
        IntegrityFault: An older copy of the store, or of the registry, was put back.
    """
    expected = {(known.generation, known.nonce) for known in book.expected(store)}
    found = _read(execute, alias)
    if found is None and not expected:
        return
    if found is None or found not in expected:
        raise IntegrityFault.of(
            "store-not-the-latest",
            f"{store} is not in the state in which it was last closed",
            why="an older copy of the store, or of the registry, was put in its place",
            next="restore stores and registry from the same backup",
        )
    if len(expected) > 1:
        book.confirm(store, *found)


def count_up(book: GenerationBook, execute: Execute, alias: str, store: str) -> None:
    """Move an attached store to its next state, in the store and in the book."""
    found = _read(execute, alias)
    generation, nonce = (found[0] if found else 0) + 1, secrets.token_hex(16)
    book.begin(store, generation, nonce)
    write_generation(execute, alias, generation, nonce)
    execute(f"CHECKPOINT {alias}")
    book.confirm(store, generation, nonce)


def write_generation(execute: Execute, alias: str, generation: int, nonce: str) -> None:
    """Write a state into an attached store."""
    execute("BEGIN")
    execute(f"CREATE TABLE IF NOT EXISTS {alias}._commonweal (generation BIGINT, nonce VARCHAR)")
    execute(f"DELETE FROM {alias}._commonweal")
    execute(f"INSERT INTO {alias}._commonweal VALUES (?, ?)", [generation, nonce])
    execute("COMMIT")


def _read(execute: Execute, alias: str) -> tuple[int, str] | None:
    tables = execute(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main' "
        "AND table_name = '_commonweal'",
        [alias],
    )
    if not tables:
        return None
    rows = execute(f"SELECT generation, nonce FROM {alias}._commonweal")
    return (int(rows[0][0]), str(rows[0][1])) if rows else None
