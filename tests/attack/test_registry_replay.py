"""The registry written behind the log's back: every table that gives power is held to its entries."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import create_engine, text

from data_sharing_agreements.errors import IntegrityFault
from data_sharing_agreements.log import Log
from data_sharing_agreements.log.subjects import KEPT, SUBJECTS
from data_sharing_agreements.registry import DeliveryState, Registry
from data_sharing_agreements.registry.ends import HoldKind, HoldReason
from data_sharing_agreements.registry.notices import NoticeRecord
from data_sharing_agreements.registry.passwords import hashed
from data_sharing_agreements.registry.stops import Stop
from tests.logs import Signer
from tests.registries import blank, copied, write_behind_the_back


@pytest.fixture
def signer():
    return Signer()


def fill(registry: Registry) -> None:
    """Do one of everything that gives power."""
    registry.accounts.create("ann", "correct horse", "researcher")
    registry.accounts.create("bob", "correct horse", "board")
    registry.accounts.create("cy", "correct horse", "analyst")
    registry.accounts.disable("cy")
    registry.accounts.set_roles("ann", ["researcher", "reviewer"])
    registry.sessions.open("ann")
    registry.sessions.close(registry.sessions.open("bob"))
    registry.budget.spend("study", "ann", 3.5)
    registry.budget.spend("study", "ann", 0.1)
    registry.generations.begin("vault", 1, "n1")
    registry.generations.confirm("vault", 1, "n1")
    registry.generations.begin("vault", 2, "n2")
    registry.generations.confirm("vault", 2, "n2")
    registry.generations.begin("staging/x", 1, "n")
    registry.generations.forget("staging/x")
    registry.link_versions.add(1, "model", {"match": 0.5}, "hash", 5000, 4000, {})
    registry.link_versions.add(2, "model", {"match": 0.5}, "hash", 5, 4, {})
    registry.marts.publish(
        "study", "m", "1", "marts/1", 100, 1, [{"rule": "min_cell", "value": 10}], {"a": 1}
    )
    made = registry.deliveries.record("wages", "2023Q1", [("a", "11", 1)], "aa")
    registry.deliveries.update(made.id, state=DeliveryState.ACCEPTED)
    registry.stops.place(Stop("DSA-X", date(2026, 1, 1), None, "a breach", "Agency"))
    registry.restriction_notices.record(NoticeRecord("wages", "ab", "n-1", 1, "clerk", "applied"))
    registry.link_models.record("1" * 64, "s", "admitted", {"name": "model", "drift": None})
    registry.link_models.record("2" * 64, "s", "waiting", {"name": "model", "drift": {"bits": 2.0}})
    registry.link_models.decide("1" * 64, "withdrawn", "bob")
    registry.reviews.record(1, 7, 2, {}, "bob")
    for number, verdict in ((1, "same"), (2, "different")):
        for name in ("ann", "bob"):
            account = registry.accounts.get(name)
            registry.reviews.looked(number, account, "pattern")
            registry.reviews.decide(number, account, verdict)
    registry.ends.set_hold(HoldKind("source"), "wages", next(iter(HoldReason)), "bob")


_FILLED: dict[str, str] = {}
"""A filled registry of each kind, made once: passwords take their time."""


@pytest.fixture
def filled_url(database_kind, tmp_path, tmp_path_factory, shared):
    if database_kind not in _FILLED:
        _FILLED[database_kind] = blank(database_kind, tmp_path_factory.mktemp("filled"), shared)
        with Registry.open(_FILLED[database_kind]) as made:
            fill(made)
    return copied(_FILLED[database_kind], database_kind, tmp_path)


@pytest.fixture
def registry(filled_url):
    with Registry.open(filled_url) as made:
        yield made


@pytest.mark.parametrize("checkpointed", [False, True])
def test_an_honest_registry_is_what_its_log_says(registry, signer, checkpointed):
    log = Log(registry, signer)
    if checkpointed:
        log.checkpoint()
    log.check_registry()
    fill_again = registry.accounts.create("deputy", "correct horse", "board")
    assert fill_again.name == "deputy"
    log.check_registry()
    log.checkpoint()
    log.check_registry()


ATTACKS = {
    "an account's role": "UPDATE account SET role = 'board' WHERE name = 'ann'",
    "an account's password": f"UPDATE account SET password = '{hashed('mine')}' WHERE name = 'bob'",
    "an account opened again": "UPDATE account SET disabled = false WHERE name = 'cy'",
    "an account put in": "INSERT INTO account (name, role, password, created_at, disabled, failures) "
    "VALUES ('eve', 'board', 'x', '2026', false, 0)",
    "an account taken out": "DELETE FROM session; DELETE FROM account_role; DELETE FROM account_holder; "
    "DELETE FROM account WHERE name = 'cy'",
    "one more role": "INSERT INTO account_role (account, role) VALUES ('ann', 'board')",
    "another human": "UPDATE account_holder SET person = 'ann' WHERE account = 'bob'",
    "a session for somebody": "INSERT INTO session (token_hash, account, opened_at, expires_at) "
    "VALUES ('00', 'bob', '2026', '2999-01-01T00:00:00.000000Z')",
    "a session made longer": "UPDATE session SET expires_at = '2999-01-01T00:00:00.000000Z'",
    "a budget reset": "UPDATE budget SET spent = 0",
    "a budget forgotten": "DELETE FROM budget",
    "an older store": "UPDATE store_generation SET generation = 1, nonce = 'n1'",
    "an older store expected too": "UPDATE store_generation SET pending_generation = 1, pending_nonce = 'n1'",
    "another link version": "UPDATE link_version SET input_hash = 'other' WHERE version = 2",
    "people of a link version": "UPDATE link_version SET persons = 4999 WHERE version = 1",
    "a mart without obligations": "UPDATE mart SET obligations = '[]'",
    "a mart elsewhere": "UPDATE mart SET path = 'marts/other'",
    "a mart taken out": "DELETE FROM mart",
    "a delivery pending again": "UPDATE delivery SET state = 'pending'",
    "a stop lifted": "UPDATE stop SET ended_at = '2026-01-01'",
    "a stop deleted": "DELETE FROM stop",
    "a stop that ends sooner": "UPDATE stop SET until = '2026-01-02'",
    "a restriction taken back": "UPDATE restriction_notice SET state = 'refused'",
    "a restriction forgotten": "DELETE FROM restriction_notice",
    "a model approved": "UPDATE link_model SET state = 'approved' WHERE digest LIKE '2%'",
    "a model no longer withdrawn": "UPDATE link_model SET state = 'admitted' WHERE digest LIKE '1%'",
    "a model of other settings": "UPDATE link_model SET settings = 'mine' WHERE digest LIKE '2%'",
    "a model's card": """UPDATE link_model SET card = '{"name": "model"}' WHERE digest LIKE '2%'""",
    "a model forgotten": "DELETE FROM link_model WHERE digest LIKE '2%'",
    "a review's outcome": "UPDATE review SET outcome = 'same' WHERE review = 2",
    "a review opened again": "UPDATE review SET outcome = NULL WHERE review = 1",
    "a verdict turned": "UPDATE review_verdict SET verdict = 'same'",
    "a verdict of another": "UPDATE review_verdict SET person = 'cy' WHERE person = 'ann'",
    "a verdict taken out": "DELETE FROM review_verdict WHERE review = 2",
    "a hold lifted": "UPDATE legal_hold SET lifted_at = '2026'",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_row_changed_behind_the_logs_back(registry, filled_url, signer, attack, database_kind):
    log = Log(registry, signer)
    if database_kind == "sqlite":  # the one from a kept state on, the other from the beginning
        log.checkpoint()
    registry.close()
    write_behind_the_back(filled_url, *attack.split("; "))
    with pytest.raises(IntegrityFault) as caught:
        log.check_registry()
    assert {detail.code for detail in caught.value.details} == {"registry-differs-from-log"}
    assert all("correct horse" not in detail.what for detail in caught.value.details)


@pytest.mark.parametrize(
    "change",
    [
        {"size": 3},
        {"state": {}},
        {"signature": "00" * 64},
        {"origin": "another"},
        {"schema": "other"},
        {"root": "00" * 32},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_kept_state_forged(registry, filled_url, signer, change):
    log = Log(registry, signer)
    log.checkpoint()
    registry.close()
    engine = create_engine(filled_url)
    with engine.begin() as connection:
        record = json.loads(connection.execute(text("SELECT record FROM log_state")).scalar())
        forged = {"record": json.dumps(record | change)}
        connection.execute(text("UPDATE log_state SET record = :record"), forged)
    engine.dispose()
    with pytest.raises(IntegrityFault, match="state-forged"):
        log.check_registry()


def test_a_kept_state_of_another_key_does_not_count(registry, signer):
    Log(registry, Signer()).checkpoint()
    with pytest.raises(IntegrityFault, match="state-forged"):
        Log(registry, signer).check_registry()


def test_a_genuine_state_kept_beside_another_history(registry, filled_url, signer):
    log = Log(registry, signer)
    log.checkpoint()
    registry.close()
    other = "UPDATE log_node SET hash = (SELECT leaf FROM log_entry WHERE idx = 0) "
    write_behind_the_back(filled_url, other + "WHERE level = (SELECT max(level) FROM log_node)")
    with pytest.raises(IntegrityFault, match="state-forged"):
        log.check_registry()


def test_without_a_kept_state_the_whole_log_is_gone_through(registry, filled_url, signer):
    log = Log(registry, signer)
    log.checkpoint()
    registry.close()
    write_behind_the_back(filled_url, "DELETE FROM log_state")
    log.check_registry()
    write_behind_the_back(filled_url, "DELETE FROM budget")
    with pytest.raises(IntegrityFault, match="budget"):
        log.check_registry()


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE log_entry SET kind = 'run' WHERE kind = 'account'",
        "UPDATE log_body SET body = replace(body, 'researcher', 'board')",
        "DELETE FROM log_body",
        "DELETE FROM log_node WHERE level = (SELECT max(level) FROM log_node)",
    ],
)
def test_entries_since_the_last_checkpoint_changed(registry, filled_url, signer, attack):
    registry.close()
    write_behind_the_back(filled_url, attack)
    with pytest.raises(IntegrityFault, match=r"log-changed|log-incomplete"):
        Log(registry, signer).check_registry()


def test_what_the_registry_is_held_to_cannot_be_erased(registry, signer):
    log = Log(registry, signer)
    kinds = {entry["index"]: entry["kind"] for entry in log.show(None)}
    assert {"account", "budget", "stop", "mart", "generation"} <= KEPT
    for index in (i for i, kind in kinds.items() if kind in KEPT):
        with pytest.raises(Exception, match="body-not-erasable"):
            log.erase_body(index, "a court ordered it")


def test_sessions_that_ended_by_themselves_are_no_fault(registry_url, signer):
    moments = [None]
    with Registry.open(registry_url) as registry:
        from data_sharing_agreements.store.clock import utc_now

        moments[0] = utc_now()
        later = Registry(registry.database, lambda: moments[0])
        later.accounts.create("ann", "correct horse", "researcher")
        later.sessions.open("ann")
        moments[0] += timedelta(days=1)
        later.sessions.open("ann")
        Log(registry, signer, lambda: moments[0]).check_registry()


def test_every_subject_is_attacked():
    said = " ".join(ATTACKS.values())
    tables = {
        "account": "account",
        "session": "session",
        "budget": "budget",
        "generation": "store_generation",
        "link version": "link_version",
        "linkage model": "link_model",
        "review": "UPDATE review ",
        "verdict": "review_verdict",
        "mart": "mart",
        "delivery": "delivery",
        "stop": "stop",
        "legal hold": "legal_hold",
        "restriction notice": "restriction_notice",
    }
    others = {subject.name for subject in SUBJECTS} - tables.keys()
    assert all(table in said for table in tables.values())
    assert others <= {"retraction", "purge"}
