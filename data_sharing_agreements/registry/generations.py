"""Generations of stores: which state of each store file is the right one.

Belongs here: the book the opener writes in. Does not: opening a store, or the
number inside it. A store in any other state than those expected here is an older
copy put back. The registry itself is held by the log's anchors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from data_sharing_agreements.errors import IntegrityFault
from data_sharing_agreements.registry.audit import write_down
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, utc_now
from data_sharing_agreements.store.schema import store_generation


@dataclass(frozen=True)
class Generation:
    """A store's state: a number that grows, and a random nonce that tells copies apart."""

    generation: int
    nonce: str


class Generations:
    """The book of generations."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def expected(self, store: str) -> tuple[Generation, ...]:
        """Return the states a store may be in: the confirmed one, and one begun and not confirmed."""
        with self._database.reading() as connection:
            row = _row(connection, store)
        if row is None:
            return ()
        pairs = ((row.generation, row.nonce), (row.pending_generation, row.pending_nonce))
        return tuple(Generation(number, nonce) for number, nonce in pairs if number is not None)

    def begin(self, store: str, generation: int, nonce: str) -> None:
        """Note, before a store is written, the state it will have.

        Raises:
            IntegrityFault: The number does not lie above the confirmed one.
        """
        with self._database.writing() as connection:
            row = _row(connection, store)
            pending = {"pending_generation": generation, "pending_nonce": nonce}
            if row is None:
                connection.execute(insert(store_generation).values(store=store, **pending))
            elif row.generation is not None and generation <= row.generation:
                raise _not_next()
            else:
                connection.execute(
                    update(store_generation).where(store_generation.c.store == store).values(**pending)
                )
            self._write_down(connection, "begun", store, generation, nonce)

    def confirm(self, store: str, generation: int, nonce: str) -> None:
        """Note that a store is in a state that was expected; no other is from now on.

        Raises:
            IntegrityFault: That state was never begun.
        """
        if Generation(generation, nonce) not in self.expected(store):
            raise _not_next()
        values = {"generation": generation, "nonce": nonce, "pending_generation": None, "pending_nonce": None}
        with self._database.writing() as connection:
            connection.execute(
                update(store_generation).where(store_generation.c.store == store).values(**values)
            )
            self._write_down(connection, "confirmed", store, generation, nonce)

    def forget(self, store: str) -> None:
        """Forget a store that was removed. Forgetting it twice does no harm."""
        with self._database.writing() as connection:
            gone = connection.execute(delete(store_generation).where(store_generation.c.store == store))
            if gone.rowcount:
                facts = {"act": "forgotten", "store": store}
                write_down(connection, self._clock, "generation", facts, None)

    def all(self) -> dict[str, tuple[Generation, ...]]:
        """Return what is expected of every store."""
        with self._database.reading() as connection:
            query = select(store_generation.c.store).order_by(store_generation.c.store)
            stores = connection.execute(query).scalars().all()
        return {store: self.expected(store) for store in stores}

    def _write_down(self, connection: Connection, act: str, store: str, generation: int, nonce: str) -> None:
        facts = {"act": act, "store": store, "generation": generation, "nonce": nonce}
        write_down(connection, self._clock, "generation", facts, None)


def _row(connection: Connection, store: str) -> Row[Any] | None:
    query = select(store_generation).where(store_generation.c.store == store)
    return connection.execute(query).one_or_none()


def _not_next() -> IntegrityFault:
    return IntegrityFault.of(
        "store-not-next",
        "A store is not in the state that follows the last one.",
        why="An older copy of a store opens without complaint, so its state is kept outside it.",
        next="Restore the store and the registry from one backup.",
    )
