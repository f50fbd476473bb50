"""Tampering with the log: everything a person with the registry's file can do to it.

The attacker here may write the database as they like (the triggers are dropped
first), and knows how hashes are made. They do not hold the signing key, except
where a test says so.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from data_sharing_agreements.errors import IntegrityFault
from data_sharing_agreements.log import Draft, Log, check_anchor
from data_sharing_agreements.log.checkpoints import checkpoint_from, signed
from data_sharing_agreements.log.entries import commitment_to, entry_leaf
from data_sharing_agreements.log.merkle import Frontier
from data_sharing_agreements.registry import Registry
from data_sharing_agreements.store.schema import log_body, log_checkpoint, log_entry, log_node
from data_sharing_agreements.store.tables_log import log_cosignature, log_state
from tests.registries import copied, drop_triggers, new_url, put_in_place

SIZE = 21


class Signer:
    """A signing key of its own, as the key ring gives one."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    @property
    def public_key_bytes(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


@pytest.fixture
def signer():
    return Signer()


@pytest.fixture
def registry(registry_url):
    with Registry.open(registry_url) as made:
        yield made


@pytest.fixture
def log(registry, signer):
    """A log of 21 entries with a checkpoint at 13 and one at the end."""
    made = Log(registry, signer)
    made.append_many(Draft("decision", {"on": n}, (("DSA-X", "term"),)) for n in range(13))
    made.checkpoint()
    made.append_many(Draft("query", {"version": n}) for n in range(13, SIZE))
    made.checkpoint()
    assert made.verify().ok
    return made


@pytest.fixture
def attacker(log):
    """A connection of somebody who has removed the triggers."""
    with log.database.writing() as connection:
        drop_triggers(connection)
    return log.database


def kinds(log, **given) -> set[str]:
    report = log.verify(**given)
    assert report.ok == (not report.faults)
    return {fault.kind for fault in report.faults}


def rebuild(database) -> None:
    """Recompute every hash from the entries as they are now, as a careful forger would."""
    with database.writing() as connection:
        rows = connection.execute(select(log_entry).order_by(log_entry.c.idx)).all()
        connection.execute(delete(log_node))
        frontier = Frontier()
        for row in rows:
            leaf = entry_leaf(row.idx, row.at, row.kind, row.clauses, bytes(row.commitment))
            connection.execute(update(log_entry).where(log_entry.c.idx == row.idx).values(leaf=leaf))
            for level, made in frontier.push(leaf):
                connection.execute(insert(log_node).values(ends_at=row.idx, level=level, hash=made))


def rewrite_body(database, index: int, body: dict) -> None:
    """Put another body under an entry, with a commitment that fits."""
    with database.writing() as connection:
        words = json.dumps(body, sort_keys=True, separators=(",", ":"))
        salt = b"s" * 32
        connection.execute(update(log_body).where(log_body.c.idx == index).values(salt=salt, body=words))
        connection.execute(
            update(log_entry).where(log_entry.c.idx == index).values(commitment=commitment_to(salt, words))
        )


REFUSED = {
    "both": (
        "UPDATE log_entry SET kind = 'x' WHERE idx = 3",
        "DELETE FROM log_entry WHERE idx = 20",
        "INSERT INTO log_entry SELECT 99, at, kind, clauses, commitment, leaf FROM log_entry WHERE idx = 3",
        "UPDATE log_node SET level = level",
        "DELETE FROM log_node",
        "UPDATE log_checkpoint SET size = 1",
        "DELETE FROM log_checkpoint",
        "UPDATE log_body SET body = '{}'",
        "UPDATE log_cosignature SET size = 1",
        "DELETE FROM log_cosignature",
    ),
    "sqlite": (
        "INSERT OR REPLACE INTO log_entry SELECT * FROM log_entry WHERE idx = 3",
        "INSERT OR REPLACE INTO log_node SELECT * FROM log_node",
        "INSERT OR REPLACE INTO log_checkpoint SELECT * FROM log_checkpoint",
        "INSERT OR REPLACE INTO log_body SELECT * FROM log_body",
        "INSERT OR REPLACE INTO log_cosignature SELECT * FROM log_cosignature",
    ),
    "postgresql": (
        "INSERT INTO log_node SELECT * FROM log_node ON CONFLICT (ends_at, level) DO UPDATE SET level = 9",
        "TRUNCATE log_entry",
        "TRUNCATE log_node",
        "TRUNCATE log_checkpoint",
        "TRUNCATE log_body",
        "TRUNCATE log_cosignature",
    ),
}


def test_the_database_itself_refuses(log, database_kind):
    with log.database.writing() as connection:
        values = {"size": 3, "witness": "clerk", "cosignature": "{}"}
        connection.execute(insert(log_cosignature).values(**values))
    for statement in (*REFUSED["both"], *REFUSED[database_kind]):
        with pytest.raises(DatabaseError, match="append-only"), log.database.writing() as connection:
            connection.execute(text(statement))
    assert log.verify().ok


@pytest.mark.parametrize("index", [0, 7, 13, SIZE - 1])
@pytest.mark.parametrize("column", ["at", "kind", "clauses"])
def test_an_entry_changed(log, attacker, index, column):
    other = {"at": "2020-01-01T00:00:00.000000Z", "kind": "session", "clauses": '[["DUL-Y","term"]]'}[column]
    with attacker.writing() as connection:
        connection.execute(update(log_entry).where(log_entry.c.idx == index).values({column: other}))
    report = log.verify()
    assert (index, "entry-changed") in {(f.index, f.kind) for f in report.faults}


@pytest.mark.parametrize("index", [0, 12, 13, SIZE - 1])
def test_an_entry_changed_and_every_hash_with_it(log, attacker, index):
    rewrite_body(attacker, index, {"on": "forged"})
    assert "entry-changed" in kinds(log)
    rebuild(attacker)
    assert kinds(log) == {"differs-from-checkpoint"}


def test_a_body_changed(log, attacker):
    with attacker.writing() as connection:
        connection.execute(update(log_body).where(log_body.c.idx == 5).values(body='{"on":"forged"}'))
    assert kinds(log) == {"body-changed"}


def test_a_body_removed_without_a_record(log):
    with log.database.writing() as connection:
        connection.execute(delete(log_body).where(log_body.c.idx == 5))
    assert kinds(log) == {"body-missing"}


def test_a_body_erased_with_its_record(log):
    index = log.erase_body(5, "a court ordered it", (("DSA-X", "destruction"),))
    assert log.verify().ok
    assert log.show(100)[5]["summary"] is None
    assert log.show(1)[0]["kind"] == "erasure"
    assert log.inclusion_proof(5, SIZE)
    for wrong in (5, index, 999):
        with pytest.raises(Exception, match="body-not-erasable"):
            log.erase_body(wrong, "again")
    assert log.verify().ok


@pytest.mark.parametrize("index", [0, 7, 12, 16])
@pytest.mark.parametrize("careful", [False, True])
def test_an_entry_dropped(log, attacker, index, careful):
    with attacker.writing() as connection:
        for table in (log_entry, log_body):
            connection.execute(delete(table).where(table.c.idx == index))
            if careful:
                for later in range(index + 1, SIZE):
                    connection.execute(update(table).where(table.c.idx == later).values(idx=later - 1))
    if careful:
        rebuild(attacker)
        assert kinds(log) == {"differs-from-checkpoint", "truncated"} or kinds(log) == {"truncated"}
    else:
        assert "entry-missing" in kinds(log)


@pytest.mark.parametrize("careful", [False, True])
def test_an_entry_put_in(log, attacker, careful):
    with attacker.writing() as connection:
        for table in (log_entry, log_body):
            for later in range(SIZE - 1, 8, -1):
                connection.execute(update(table).where(table.c.idx == later).values(idx=later + 1))
        row = connection.execute(select(log_entry).where(log_entry.c.idx == 8)).mappings().one()
        connection.execute(insert(log_entry).values({**row, "idx": 9, "kind": "forged"}))
        body = connection.execute(select(log_body).where(log_body.c.idx == 8)).mappings().one()
        connection.execute(insert(log_body).values({**body, "idx": 9}))
    if careful:
        rebuild(attacker)
        assert kinds(log) == {"differs-from-checkpoint"}
    else:
        assert "entry-changed" in kinds(log)


def test_an_entry_added_behind_the_back_of_the_tree(log, attacker):
    with attacker.writing() as connection:
        row = connection.execute(select(log_entry).where(log_entry.c.idx == 20)).mappings().one()
        connection.execute(insert(log_entry).values({**row, "idx": SIZE}))
    assert "entry-changed" in kinds(log)


def test_entries_after_the_last_checkpoint_are_counted_as_unsigned(log):
    log.append("decision", {"on": "new"})
    report = log.verify()
    assert report.ok
    assert report.unsigned == 1
    log.checkpoint()
    assert log.verify().unsigned == 0


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("pair", [(3, 4), (2, 17)])
def test_entries_reordered(log, attacker, careful, pair):
    left, right = pair
    with attacker.writing() as connection:
        for table in (log_entry, log_body):
            for before, after in ((left, 999), (right, left), (999, right)):
                connection.execute(update(table).where(table.c.idx == before).values(idx=after))
    if careful:
        rebuild(attacker)
        assert "differs-from-checkpoint" in kinds(log)
    else:
        assert "entry-changed" in kinds(log)


@pytest.mark.parametrize("kept", [0, 5, 13, 20])
def test_the_tail_cut_off(log, attacker, kept):
    with attacker.writing() as connection:
        for table in (log_entry, log_body):
            connection.execute(delete(table).where(table.c.idx >= kept))
    rebuild(attacker)
    assert "truncated" in kinds(log)


def test_the_tail_cut_off_with_its_checkpoints_is_seen_by_whoever_kept_one(log, attacker, tmp_path):
    kept = tmp_path / "kept.json"
    log.checkpoint(kept)
    with attacker.writing() as connection:
        for table in (log_entry, log_body):
            connection.execute(delete(table).where(table.c.idx >= 9))
        connection.execute(delete(log_checkpoint))
    rebuild(attacker)
    assert not kinds(log)
    assert kinds(log, checkpoints=[kept]) == {"truncated"}


def test_a_stored_hash_changed(log, attacker):
    with attacker.writing() as connection:
        connection.execute(update(log_node).where(log_node.c.level == 2).values(hash=b"x" * 32))
    assert "node-changed" in kinds(log)


def test_a_stored_hash_too_many_or_too_few(log, attacker):
    with attacker.writing() as connection:
        connection.execute(insert(log_node).values(ends_at=500, level=1, hash=b"x" * 32))
    assert kinds(log) == {"node-without-entries"}
    with attacker.writing() as connection:
        connection.execute(delete(log_node))
    assert kinds(log) == {"node-changed"}


@pytest.mark.parametrize(
    "change", [{"size": 12}, {"root": "00" * 32}, {"at": "2020"}, {"signature": "00" * 64}]
)
def test_a_checkpoint_forged(log, change):
    genuine = log.checkpoint()
    assert kinds(log, checkpoints=[genuine | change]) == {"checkpoint-forged"}


@pytest.mark.parametrize("wrong", [{}, {"schema": "other"}, {"size": True}, {"public_key": "zz"}])
def test_what_is_no_checkpoint(log, wrong):
    content = (log.checkpoint() | wrong) if wrong else {}
    assert kinds(log, checkpoints=[content]) == {"checkpoint-forged"}


def test_a_checkpoint_signed_by_somebody_else(log, registry):
    genuine = checkpoint_from(log.checkpoint())
    stranger = Signer()
    forged = signed(replace(genuine, public_key=stranger.public_key_bytes.hex()), stranger).to_json()
    assert kinds(log, checkpoints=[forged]) == {"checkpoint-forged"}


def test_a_stored_checkpoint_changed(log, attacker):
    with attacker.writing() as connection:
        connection.execute(update(log_checkpoint).where(log_checkpoint.c.size == 13).values(size=12))
    assert kinds(log) == {"checkpoint-forged"}
    with attacker.writing() as connection:
        connection.execute(update(log_checkpoint).values(checkpoint="{"))
    assert kinds(log) == {"checkpoint-forged"}


def test_a_checkpoint_of_another_log(log, signer, tmp_path, database_kind):
    with Registry.create(new_url(database_kind, tmp_path)) as other:
        foreign = Log(other, signer).checkpoint()
    assert kinds(log, checkpoints=[foreign]) == {"checkpoint-of-another-log"}


def test_a_history_rewritten_by_the_holder_of_the_key(log, attacker, tmp_path):
    kept = log.checkpoint(tmp_path / "kept.json")
    rewrite_body(attacker, 4, {"on": "forged"})
    with attacker.writing() as connection:
        connection.execute(delete(log_checkpoint))
        connection.execute(delete(log_state))
    rebuild(attacker)
    log.checkpoint()
    assert not kinds(log)
    assert kinds(log, checkpoints=[tmp_path / "kept.json"]) == {"differs-from-checkpoint", "fork"}
    assert kinds(log, checkpoints=[kept]) == {"differs-from-checkpoint", "fork"}


def test_a_fork_shown_to_one_agency_only(log, registry, signer, tmp_path, registry_url, database_kind):
    """Two copies of one registry go different ways; both are signed by the hub."""
    registry.close()
    with Registry.open(copied(registry_url, database_kind, tmp_path)) as other:
        Log(other, signer).append("decision", {"on": "to one agency"})
        shown = Log(other, signer).checkpoint()
    log.append("decision", {"on": "to the others"})
    log.checkpoint()
    assert not kinds(log)
    assert kinds(log, checkpoints=[shown]) == {"fork", "differs-from-checkpoint"}


def test_time_that_goes_back_inside_the_log(log, attacker):
    with attacker.writing() as connection:
        connection.execute(
            update(log_entry).where(log_entry.c.idx == 0).values(at="2099-01-01T00:00:00.000000Z")
        )
    rebuild(attacker)
    assert "time-goes-back" in kinds(log)


# Anchors: what opening a deployment finds.


def code_of(log, directory) -> str | None:
    try:
        check_anchor(log, directory)
    except IntegrityFault as fault:
        return fault.details[0].code
    return None


def test_yesterdays_registry_put_back(registry, log, tmp_path, registry_url, database_kind):
    anchors = tmp_path / "checkpoints"
    anchors.mkdir()
    log.checkpoint(anchors)
    registry.close()
    yesterday = copied(registry_url, database_kind, tmp_path)
    log.append("decision", {"on": "today"})
    log.checkpoint(anchors)
    assert code_of(log, anchors) is None
    registry.close()
    put_in_place(yesterday, registry_url)
    assert code_of(log, anchors) == "registry-older"
    log.append("decision", {"on": "another today"})
    log.append("decision", {"on": "and more"})
    assert code_of(log, anchors) == "registry-forked"


def test_another_registry_in_its_place(registry, log, signer, tmp_path, database_kind):
    log.checkpoint(tmp_path)
    with Registry.create(new_url(database_kind, tmp_path)) as other:
        assert code_of(Log(other, signer), tmp_path) == "registry-replaced"


def test_a_forged_anchor(log, tmp_path):
    content = log.checkpoint(tmp_path)
    file = next(tmp_path.glob("0*.json"))
    file.write_text(json.dumps(content | {"size": 3}))
    assert code_of(log, tmp_path) == "checkpoint-forged"
    file.write_text("not JSON")
    assert code_of(log, tmp_path) == "checkpoint-forged"


def test_a_tree_with_a_hole(log, attacker, tmp_path):
    log.checkpoint(tmp_path)
    with attacker.writing() as connection:
        connection.execute(delete(log_node).where(log_node.c.level == 4))
    assert code_of(log, tmp_path) == "log-incomplete"


def test_no_anchor_is_no_fault(log, tmp_path):
    assert code_of(log, tmp_path / "nowhere") is None
    assert code_of(Log(log_registry(log), None), tmp_path / "nowhere") is None


def log_registry(log):
    return type("Holder", (), {"database": log.database})


@pytest.mark.parametrize(("back", "refused"), [(timedelta(seconds=1), False), (timedelta(hours=1), True)])
def test_the_clock_set_back(registry, signer, tmp_path, back, refused):
    now = datetime.now(UTC)
    Log(registry, signer, lambda: now).append("decision", {})
    late = Log(registry, signer, lambda: now - back)
    if refused:
        assert code_of(late, tmp_path) == "clock-set-back"
        with pytest.raises(IntegrityFault, match="clock-set-back"):
            late.append("decision", {})
        assert late.size == 1
    else:
        assert code_of(late, tmp_path) is None
        late.append("decision", {})
        assert late.verify().ok


def test_the_clock_and_the_registry_set_back_together(registry, signer, tmp_path):
    now = datetime.now(UTC)
    anchors = tmp_path / "checkpoints"
    anchors.mkdir()
    early = Log(registry, signer, lambda: now - timedelta(days=30))
    early.append("decision", {})
    Log(registry, signer, lambda: now).append("decision", {})
    Log(registry, signer, lambda: now).checkpoint(anchors)
    assert code_of(early, anchors) == "clock-set-back"
