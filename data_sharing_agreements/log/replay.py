"""The registry held to its log: what the entries said must be what the tables say.

Belongs here: going through the entries, keeping the state they lead to, comparing it
with the tables. Does not: what each entry means for each table (`subjects.py`).

The state after the newest checkpoint is kept beside it, signed with it and bound to
its root, so that only the entries since then are gone through when a deployment is
opened. Whoever writes a table behind the log's back cannot sign a state that fits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from data_sharing_agreements.errors import ErrorDetail, IntegrityFault
from data_sharing_agreements.log.checkpoints import Signer, is_signed
from data_sharing_agreements.log.entries import canonical, commitment_to, entry_leaf, node_reader, size_of
from data_sharing_agreements.log.merkle import Frontier, root_at
from data_sharing_agreements.log.subjects import SUBJECTS, Rows, Subject
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.schema import log_body, log_entry
from data_sharing_agreements.store.tables_log import log_state

SCHEMA = "commonweal/replay/1"

State = dict[str, Rows]
"""By the name of a subject, the rows its table must have."""

_NAME = "replay"
_BATCH = 5_000


def check_registry(database: Database, public_key: bytes, subjects: Sequence[Subject] = SUBJECTS) -> None:
    """Raise unless the tables that give power are what the log says.

    Args:
        database: The registry's.
        public_key: The hub's, which signed the state kept with the last checkpoint.
        subjects: The tables to hold to the log.

    Raises:
        IntegrityFault: A row was changed, put in or taken out behind the log's back, an
            entry is not what its hash says, or the kept state is forged.
    """
    with database.reading() as connection:
        state = state_now(connection, database.origin_of(connection), public_key, subjects)
        faults = [fault for subject in subjects for fault in _differences(connection, subject, state)]
    IntegrityFault.collect(faults)


def state_now(
    connection: Connection, origin: str, public_key: bytes, subjects: Sequence[Subject] = SUBJECTS
) -> State:
    """Return what the log says of every table, from the kept state on."""
    since, state = _kept(connection, origin, public_key)
    return _replayed(connection, since, state, subjects)


def keep_state(
    connection: Connection, origin: str, signer: Signer, subjects: Sequence[Subject] = SUBJECTS
) -> None:
    """Keep the state at the present size, signed, in the caller's writing transaction."""
    size = size_of(connection)
    record = {
        "schema": SCHEMA,
        "origin": origin,
        "size": size,
        "root": root_at(size, node_reader(connection)).hex(),
        "state": state_now(connection, origin, signer.public_key_bytes, subjects),
        "public_key": signer.public_key_bytes.hex(),
    }
    record["signature"] = signer.sign(canonical(record).encode()).hex()
    connection.execute(delete(log_state).where(log_state.c.name == _NAME))
    connection.execute(insert(log_state).values(name=_NAME, record=canonical(record)))


def _kept(connection: Connection, origin: str, public_key: bytes) -> tuple[int, State]:
    """Return the size and the state kept last, or the beginning."""
    text = connection.execute(select(log_state.c.record).where(log_state.c.name == _NAME)).scalar()
    if text is None:
        return 0, {}
    record = json.loads(text)
    node_at = node_reader(connection)
    genuine = (
        is_signed(record, public_key)
        and (record["schema"], record["origin"]) == (SCHEMA, origin)
        and record["size"] <= size_of(connection)
        and root_at(record["size"], node_at).hex() == record["root"]
    )
    if not genuine:
        raise _fault("state-forged", "What is kept beside the last checkpoint is not what the hub signed.")
    return record["size"], record["state"]


def _replayed(connection: Connection, since: int, state: State, subjects: Sequence[Subject]) -> State:
    """Go through the entries from a size on, each checked against its own hash and the tree."""
    node_at = node_reader(connection)
    frontier = Frontier.at(since, node_at)
    for row in _entries(connection, since):
        leaf = entry_leaf(row.idx, row.at, row.kind, row.clauses, bytes(row.commitment))
        if row.idx != frontier.size:
            raise _fault("log-changed", "An entry of the log is missing.")
        frontier.push(leaf)
        _follow(row, state, subjects)
    if frontier.root != root_at(frontier.size, node_at):
        raise _fault("log-changed", "The log's tree is not that of its entries.")
    return state


def _follow(row: Row[Any], state: State, subjects: Iterable[Subject]) -> None:
    concerned = [subject for subject in subjects if row.kind in subject.kinds]
    if not concerned:
        return
    if row.body is None or commitment_to(bytes(row.salt), row.body) != bytes(row.commitment):
        raise _fault(
            "log-changed", "The text of an entry that the registry rests on is not the one committed."
        )
    body = json.loads(row.body)
    for subject in concerned:
        subject.fold(state.setdefault(subject.name, {}), row.at, body)


def _entries(connection: Connection, since: int) -> Iterator[Row[Any]]:
    query = (
        select(log_entry, log_body.c.salt, log_body.c.body)
        .outerjoin(log_body, log_body.c.idx == log_entry.c.idx)
        .where(log_entry.c.idx >= since)
        .order_by(log_entry.c.idx)
    )
    result = connection.execute(query, execution_options={"stream_results": True})
    while batch := list(islice(result, _BATCH)):
        yield from batch


def _differences(connection: Connection, subject: Subject, state: State) -> Iterator[ErrorDetail]:
    expected, actual = state.get(subject.name, {}), subject.actual(connection)
    for key in sorted(expected.keys() | actual.keys()):
        word = _difference(expected.get(key), actual.get(key), subject)
        if word:
            yield _detail("registry-differs-from-log", f"The {subject.name} {key} {word}.")


def _difference(
    expected: Mapping[str, Any] | None, actual: Mapping[str, Any] | None, subject: Subject
) -> str:
    """Return what is wrong with one row; nothing if it is as the log says."""
    if expected is None:
        return "stands in the registry, and no entry of the log put it there"
    if actual is None:
        return "" if subject.may_lack else "was taken out of the registry behind the log's back"
    wrong = sorted(name for name, value in expected.items() if actual.get(name) != value)
    return f"differs from what the log says ({', '.join(wrong)})" if wrong else ""


def _detail(code: str, what: str) -> ErrorDetail:
    return ErrorDetail(
        code,
        what,
        why="Accounts, budgets, stops and stores count only as the log says; whoever can write the "
        "registry could otherwise give themselves rights.",
        next="Keep the home as it is, restore the registry from a backup, and tell the board.",
    )


def _fault(code: str, what: str) -> IntegrityFault:
    return IntegrityFault(_detail(code, what))
