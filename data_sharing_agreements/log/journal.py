"""The log as the rest of the house uses it.

Belongs here: `Log`, which appends, shows, proves and signs. Does not: how entries
are made (`entries.py`), the tree (`merkle.py`), the full check (`verify.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import delete, insert, select

from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.log import merkle
from data_sharing_agreements.log.checkpoints import (
    Checkpoint,
    Signer,
    known_key,
    must_be_checkpoint,
    read_checkpoint,
    signed,
)
from data_sharing_agreements.log.entries import (
    ERASURE,
    Clauses,
    Draft,
    append,
    canonical,
    last_time,
    node_reader,
    size_of,
)
from data_sharing_agreements.log.export import lines_of
from data_sharing_agreements.log.files import replacing, write_json
from data_sharing_agreements.log.proofs import last_signed_size, outside, proof_of
from data_sharing_agreements.log.replay import check_registry, keep_state
from data_sharing_agreements.log.showing import newest, shown
from data_sharing_agreements.log.subjects import KEPT
from data_sharing_agreements.log.verify import VerifyReport, verify
from data_sharing_agreements.log.witnesses import Witness, take_in, witnessed_size
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, text_of, utc_now
from data_sharing_agreements.store.schema import log_body, log_checkpoint, log_entry


class HasDatabase(Protocol):
    """What the log needs of a registry."""

    @property
    def database(self) -> Database:
        """The registry's database."""


class Log:
    """The append-only log of one registry.

    Args:
        registry: The registry that holds it.
        signer: Signs checkpoints; without one the log can be written and read, and
            verified against a public key that is given.
        clock: The present moment.
    """

    def __init__(self, registry: HasDatabase, signer: Signer | None, clock: Clock = utc_now) -> None:
        self.database = registry.database
        self.signer = signer
        self.clock = clock

    def append(self, kind: str, summary: Mapping[str, Any], clauses: Clauses = ()) -> int:
        """Add one entry and return its index.

        Args:
            kind: What sort of thing happened.
            summary: The body. Never a value from a person's record, a literal of a
                query, or a count below the cell rule.
            clauses: (document, clause) pairs it rests on.

        Raises:
            IntegrityFault: The clock lies before the last entry.
        """
        return self.append_many([Draft(kind, summary, clauses)])

    def append_many(self, drafts: Iterable[Draft]) -> int:
        """Add entries in one transaction and return the index of the first."""
        with self.database.writing() as connection:
            return append(connection, drafts, self.clock)

    @property
    def size(self) -> int:
        """Number of entries."""
        with self.database.reading() as connection:
            return size_of(connection)

    @property
    def root(self) -> str:
        """Root of the tree over all entries, hex."""
        return self.root_at(None)

    def root_at(self, size: int | None) -> str:
        """Root of the tree over the first `size` entries (all, if None), hex."""
        with self.database.reading() as connection:
            wanted = size_of(connection) if size is None else size
            return merkle.root_at(wanted, node_reader(connection)).hex()

    def last_entry_at(self) -> str | None:
        """Time of the last entry, or None."""
        with self.database.reading() as connection:
            return last_time(connection, size_of(connection))

    def inclusion_proof(self, index: int, size: int | None = None) -> list[str]:
        """Audit path (hex) of an entry in the tree of the first `size` entries (all, if None).

        Raises:
            UsageFault: There is no such entry in a tree of this size.
        """
        with self.database.reading() as connection:
            wanted = _within(size_of(connection), size)
            if not 0 <= index < wanted:
                raise outside()
            return [h.hex() for h in merkle.inclusion_proof(index, wanted, node_reader(connection))]

    def consistency_proof(self, old: int, new: int | None = None) -> list[str]:
        """Proof (hex) that the first `old` entries begin the tree of `new` (all, if None).

        Raises:
            UsageFault: The log has no such sizes.
        """
        with self.database.reading() as connection:
            wanted = _within(size_of(connection), new)
            if not 0 <= old <= wanted:
                raise outside()
            return [h.hex() for h in merkle.consistency_proof(old, wanted, node_reader(connection))]

    def prove(
        self, index: int, size: int | None = None, since: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the file of a proof: an entry's place in a tree that a checkpoint signs.

        Args:
            index: The entry.
            size: The tree; by default that of the newest checkpoint that has the entry,
                and all entries if there is none.
            since: A checkpoint someone kept: the proof shows that it begins the tree.

        Raises:
            UsageFault: There is no such entry.
            Invalid: What was given is no checkpoint.
            IntegrityFault: The kept checkpoint is of another history.
        """
        old = None if since is None else must_be_checkpoint(since)
        with self.database.reading() as connection:
            signed_size = last_signed_size(connection)
            wanted = size or (signed_size if index < signed_size else size_of(connection))
            proof = proof_of(connection, index, wanted, old)
            return {**proof, "origin": self.database.origin_of(connection)}

    def export(self, out: Path, *, bodies: bool = False, public_key: bytes | None = None) -> int:
        """Write the whole log to a file, which appears only when it is complete.

        Args:
            out: The file: one JSON object a line.
            bodies: Whether the texts of the entries go with it.
            public_key: The hub's; by default that of the signer.

        Returns:
            The number of entries.
        """
        key = known_key(public_key, self.signer).hex()
        with self.database.reading() as connection, replacing(out) as file:
            origin, at = self.database.origin_of(connection), text_of(self.clock())
            for line in lines_of(connection, origin, at, key, bodies=bodies):
                file.write(line + "\n")
            return size_of(connection)

    def take_cosignature(self, content: Mapping[str, Any], witnesses: Iterable[Witness]) -> int:
        """Keep a witness' cosignature, and return the size it vouches for. See `witnesses.take_in`."""
        with self.database.writing() as connection:
            return take_in(connection, self.database.origin_of(connection), content, witnesses, self.clock)

    def witnessed_size(self, required: int, witnesses: Iterable[Witness]) -> int:
        """Return how many of the first entries that many witnesses' parties have vouched for."""
        with self.database.reading() as connection:
            return witnessed_size(connection, self.database.origin_of(connection), witnesses, required)

    def checkpoint(self, out: Path | None = None) -> dict[str, Any]:
        """Sign the present state, keep it in the registry, and write it to `out`.

        Args:
            out: A file; or a directory, in which the file is named by the size.

        Raises:
            UsageFault: This process has no signing key.
        """
        if self.signer is None:
            raise UsageFault.of(
                "no-signer",
                "This process has no signing key, so it cannot sign a checkpoint.",
                why="A checkpoint counts because the hub signed it.",
                next="Open the deployment with its signing key.",
            )
        with self.database.writing() as connection:
            size = size_of(connection)
            unsigned = Checkpoint(
                origin=self.database.origin_of(connection),
                size=size,
                root=merkle.root_at(size, node_reader(connection)).hex(),
                at=text_of(self.clock()),
                last_entry_at=last_time(connection, size) or "",
                public_key=self.signer.public_key_bytes.hex(),
            )
            content = signed(unsigned, self.signer).to_json()
            connection.execute(insert(log_checkpoint).values(size=size, checkpoint=canonical(content)))
            keep_state(connection, unsigned.origin, self.signer)
        if out is not None:
            write_json(out / f"{size:012d}.json" if out.is_dir() else out, content)
        return content

    def verify(
        self, checkpoints: Iterable[Path | Mapping[str, Any]] = (), public_key: bytes | None = None
    ) -> VerifyReport:
        """Check every entry, the tree, and every checkpoint kept here or given.

        Args:
            checkpoints: Checkpoints someone kept, as files or as read.
            public_key: The hub's public key; by default that of the signer.

        Raises:
            UsageFault: No public key is known.
            Invalid: A checkpoint file cannot be read.
        """
        key = known_key(public_key, self.signer)
        given = [read_checkpoint(item) if isinstance(item, Path) else item for item in checkpoints]
        with self.database.reading() as connection:
            return verify(connection, self.database.origin_of(connection), given, key)

    def check_registry(self, public_key: bytes | None = None) -> None:
        """Raise unless accounts, budgets, stops, stores and products are what the entries say.

        Raises:
            IntegrityFault: A table was written behind the log's back.
            UsageFault: No public key is known.
        """
        check_registry(self.database, known_key(public_key, self.signer))

    def show(
        self, last: int | None = 20, *, kind: str | None = None, document: str | None = None, since: str = ""
    ) -> list[dict[str, Any]]:
        """Return the newest entries, newest last; `summary` is None where the body was erased.

        Args:
            last: How many at most; None is all.
            kind: Only entries of that kind.
            document: Only entries that rest on that document or speak of it.
            since: Only entries from that time on (ISO 8601, UTC).
        """
        with self.database.reading() as connection:
            return shown(connection, last, kind, document, since)

    def newest(self, kind: str, name: str, value: str) -> int | None:
        """Return the index of the newest entry of a kind whose text has that value, or None."""
        with self.database.reading() as connection:
            return newest(connection, kind, name, value)

    def erase_body(self, index: int, why: str, clauses: Clauses = ()) -> int:
        """Erase the body of an entry, and write down that it was erased.

        The entry, its commitment and every proof stay as they were.

        Returns:
            Index of the entry that says so.

        Raises:
            UsageFault: There is no such body, or it speaks of an erasure itself, or the
                registry is held to it.
        """
        with self.database.writing() as connection:
            kind = connection.execute(select(log_entry.c.kind).where(log_entry.c.idx == index)).scalar()
            if kind == ERASURE or kind in KEPT:
                raise _not_erasable()
            if connection.execute(delete(log_body).where(log_body.c.idx == index)).rowcount == 0:
                raise _not_erasable()
            return append(connection, [Draft(ERASURE, {"entry": index, "why": why}, clauses)], self.clock)


def _within(size: int, asked: int | None) -> int:
    if asked is not None and asked > size:
        raise outside()
    return size if asked is None else asked


def _not_erasable() -> UsageFault:
    return UsageFault.of(
        "body-not-erasable",
        "This entry has no body that may be erased.",
        why="A body is erased once; the record of an erasure, and what the registry is held to, stay.",
        next="Choose another entry.",
    )
