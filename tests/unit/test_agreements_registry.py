"""The registry: each part, its states, and the log entry each write leaves."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import select

from data_sharing_agreements.errors import IntegrityFault, Refused, UsageFault
from data_sharing_agreements.log import Log
from data_sharing_agreements.registry import AuditEvent, DeliveryState, Registry
from data_sharing_agreements.registry.accounts import LOCKED_FOR, MOST_FAILURES, SESSION_LASTS
from data_sharing_agreements.registry.deliveries import CHANGES
from data_sharing_agreements.store.schema import metadata


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def registry(registry_url, clock):
    with Registry.open(registry_url, clock) as made:
        yield made


def last_entry(registry):
    return Log(registry, None).show(1)[0]


def record(registry, source="esd_wages", period="2023Q1", sha256="aa"):
    return registry.deliveries.record(source, period, [("b.txt", "22", 2), ("a.txt", "11", 1)], sha256)


# Deliveries.


def test_a_delivery_is_recorded_found_and_listed(registry):
    made = record(registry)
    assert [file.name for file in made.files] == ["a.txt", "b.txt"]
    assert made.state is DeliveryState.PENDING
    assert registry.deliveries.find("esd_wages", "2023Q1", "aa") == made == registry.deliveries.get(made.id)
    assert registry.deliveries.find("esd_wages", "2023Q1", "bb") is None
    assert registry.deliveries.pending() == registry.deliveries.pending("esd_wages") == [made]
    assert registry.deliveries.pending("ospi_k12") == registry.deliveries.current() == []
    assert last_entry(registry)["summary"]["delivery"] == made.id


def test_accepting_supersedes_what_stood(registry):
    first, other = record(registry), record(registry, period="2023Q2")
    for made in (first, other):
        registry.deliveries.update(made.id, state="accepted", rows_in=3, rows_out=2, rows_quarantined=1)
    second = record(registry, sha256="bb")
    assert second.version == 2
    accepted = registry.deliveries.update(second.id, state=DeliveryState.ACCEPTED, rows_in=4)
    assert [d.id for d in registry.deliveries.current()] == [second.id, other.id]
    assert registry.deliveries.get(first.id).state is DeliveryState.SUPERSEDED
    assert (accepted.rows_in, accepted.rows_out) == (4, 0)
    assert last_entry(registry)["summary"]["superseded_by"] == second.id


def test_a_held_delivery_leaves_the_previous_one_standing(registry):
    first = record(registry)
    registry.deliveries.update(first.id, state="accepted")
    second = record(registry, sha256="bb")
    held = registry.deliveries.update(
        second.id, state="held", held_rules=[{"rule": "trailer-count", "rows": 3}]
    )
    assert held.held_rules == ({"rule": "trailer-count", "rows": 3},)
    assert last_entry(registry)["summary"]["rules"] == ["trailer-count"]
    assert "rows" not in str(last_entry(registry)["summary"])
    assert [d.id for d in registry.deliveries.current()] == [first.id]


ALLOWED = {(before, after) for before, afters in CHANGES.items() for after in afters}


@pytest.mark.parametrize(("before", "after"), list(product(DeliveryState, DeliveryState)))
def test_the_table_of_states(registry, before, after):
    made = record(registry)
    if before is not DeliveryState.PENDING:
        registry.deliveries.update(made.id, state=before)
    if (before, after) in ALLOWED:
        assert registry.deliveries.update(made.id, state=after).state is after
    else:
        with pytest.raises(UsageFault, match="delivery-state"):
            registry.deliveries.update(made.id, state=after)
        assert registry.deliveries.get(made.id).state is before


def test_what_was_accepted_becomes_nothing_but_superseded_or_purged():
    gone = {DeliveryState.SUPERSEDED, DeliveryState.PURGED}
    assert CHANGES[DeliveryState.ACCEPTED] - {DeliveryState.ACCEPTED} == gone
    assert CHANGES[DeliveryState.SUPERSEDED] == gone
    assert CHANGES[DeliveryState.PURGED] == {DeliveryState.PURGED}


def test_superseding_by_hand_and_unknown_ids(registry):
    made = record(registry)
    assert registry.deliveries.supersede(made.id, "another").state is DeliveryState.SUPERSEDED
    with pytest.raises(UsageFault, match="no-such-delivery"):
        registry.deliveries.update("nothing", state="held")
    assert registry.deliveries.update(made.id) == registry.deliveries.get(made.id)
    assert len(registry.deliveries.all()) == 1


def test_an_audit_event_adds_to_the_entry_and_cannot_overrule_it(registry):
    event = AuditEvent({"superseded_by": "operator", "source": "a lie"}, (("DSA-X", "term"),))
    registry.deliveries.record("esd_wages", "2023Q1", [], "aa", audit=event)
    entry = last_entry(registry)
    assert entry["kind"] == "delivery"
    assert entry["summary"]["superseded_by"] == "operator"
    assert entry["summary"]["source"] == "esd_wages"
    assert entry["clauses"] == [{"document": "DSA-X", "clause": "term"}]


def test_a_write_and_its_entry_happen_together_or_not_at_all(registry, clock):
    record(registry)
    clock.now -= timedelta(days=1)
    with pytest.raises(IntegrityFault, match="clock-set-back"):
        record(registry, sha256="bb")
    assert len(registry.deliveries.all()) == 1


# Runs.


def test_a_run_and_its_steps(registry):
    run = registry.runs.start("everything")
    registry.runs.step(run.id, "ingest", "esd_wages", "2023Q1", 5, 4, 1, 0.5, "done")
    registry.runs.step(run.id, "link")
    assert registry.runs.unfinished() == [run]
    ended = registry.runs.finish(run.id, "done", 0)
    assert registry.runs.last() == ended
    assert ended.exit_code == 0
    assert registry.runs.unfinished() == []
    assert [(s.step, s.rows_in, s.status) for s in registry.runs.steps(run.id)] == [
        ("ingest", 5, "done"),
        ("link", 0, "done"),
    ]
    for wrong in (run.id, 99):
        with pytest.raises(UsageFault, match="run-not-open"):
            registry.runs.finish(wrong, "done", 0)


def test_before_the_first_of_anything(registry):
    assert registry.runs.last() is None
    assert registry.link_versions.latest() is None
    assert registry.marts.all() == registry.link_versions.all() == registry.indicator_results.latest() == []


# Products.


def test_link_versions(registry):
    for version in (1, 2, 2):
        registry.link_versions.add(
            version, "m.json", {"match": 0.9}, "hash", 10 * version, version, {"new": 1}
        )
    assert [v.version for v in registry.link_versions.all()] == [1, 2]
    latest = registry.link_versions.latest()
    assert (latest.records, latest.thresholds) == (20, {"match": 0.9})


def test_marts(registry):
    for version, name in (("1", "earnings"), ("2", "earnings"), ("1", "counts")):
        registry.marts.publish(
            "study", name, version, f"marts/{version}", 7, 1, [{"rule": "min_cell"}], {"f": 1}
        )
    registry.marts.publish("other", "earnings", "1", "p", 1, None, [], {})
    assert [(m.mart, m.version) for m in registry.marts.current("study")] == [
        ("counts", "1"),
        ("earnings", "2"),
    ]
    assert [m.version for m in registry.marts.current("study", "earnings")] == ["2"]
    assert [m.version for m in registry.marts.history("study")] == ["1", "2", "1"]
    assert len(registry.marts.all()) == 3
    assert registry.marts.all()[1].obligations == [{"rule": "min_cell"}]


def test_indicator_results(registry, clock):
    registry.indicator_results.put("leavers", [{"value": 1}])
    clock.now += timedelta(seconds=1)
    registry.indicator_results.put("leavers", [{"value": 2}, {"value": None}])
    registry.indicator_results.put("returns", [{"value": 3}])
    registry.indicator_results.put("empty", [])
    latest = registry.indicator_results.latest()
    assert [(r.indicator, r.result["value"]) for r in latest] == [
        ("leavers", 2),
        ("leavers", None),
        ("returns", 3),
    ]
    assert len(registry.indicator_results.latest("returns")) == 1


# Generations.


def test_generations_of_a_store(registry):
    book = registry.generations
    assert book.expected("vault") == ()
    book.begin("vault", 1, "a")
    book.confirm("vault", 1, "a")
    book.begin("vault", 2, "b")
    assert [(g.generation, g.nonce) for g in book.expected("vault")] == [(1, "a"), (2, "b")]
    book.begin("vault", 2, "c")
    book.confirm("vault", 1, "a")
    assert [(g.generation, g.nonce) for g in book.expected("vault")] == [(1, "a")]
    for wrong in (lambda: book.begin("vault", 1, "z"), lambda: book.confirm("vault", 2, "b")):
        with pytest.raises(IntegrityFault, match="store-not-next"):
            wrong()
    assert list(book.all()) == ["vault"]
    book.forget("vault")
    book.forget("vault")
    assert book.expected("vault") == ()


# Accounts, sessions, budgets.


def test_signing_in(registry, clock):
    made = registry.accounts.create("ann", "correct horse", "researcher")
    assert registry.accounts.authenticate("ann", "correct horse") == made
    token = registry.sessions.open("ann")
    assert registry.sessions.who(token) == made
    assert registry.sessions.who(token + "x") is None
    assert [s.account for s in registry.sessions.all()] == ["ann"]
    clock.now += SESSION_LASTS
    assert registry.sessions.who(token) is None
    assert registry.sessions.all() == []
    again = registry.sessions.open("ann")
    registry.sessions.close(again)
    registry.sessions.close(again)
    assert registry.sessions.who(again) is None


def test_passwords_and_tokens_are_not_kept(registry):
    registry.accounts.create("ann", "correct horse", "researcher")
    token = registry.sessions.open("ann")
    with registry.database.reading() as connection:
        content = str([connection.execute(select(table)).all() for table in metadata.sorted_tables])
    assert "ann" in content
    assert "correct horse" not in content
    assert token not in content


def test_wrong_name_and_wrong_password_are_answered_alike(registry):
    registry.accounts.create("ann", "correct horse", "researcher")
    said = set()
    for name, password in (("ann", "wrong"), ("bob", "correct horse")):
        with pytest.raises(Refused) as caught:
            registry.accounts.authenticate(name, password)
        said.add(caught.value.details)
    assert len(said) == 1


def test_an_account_is_locked_after_repeated_failures(registry, clock):
    registry.accounts.create("ann", "correct horse", "researcher")

    def fails(password: str) -> str:
        with pytest.raises(Refused) as caught:
            registry.accounts.authenticate("ann", password)
        return caught.value.details[0].code

    for _ in range(MOST_FAILURES - 1):
        fails("wrong")
    registry.accounts.authenticate("ann", "correct horse")
    assert [fails("wrong") for _ in range(MOST_FAILURES)] == ["sign-in-failed"] * MOST_FAILURES
    assert last_entry(registry)["summary"] == {"account": "ann", "act": "locked"}
    assert fails("correct horse") == "account-locked"
    clock.now += LOCKED_FOR
    assert registry.accounts.authenticate("ann", "correct horse").name == "ann"


def test_a_disabled_account_is_out_at_once(registry):
    registry.accounts.create("ann", "correct horse", "researcher")
    token = registry.sessions.open("ann")
    registry.accounts.disable("ann")
    assert registry.sessions.who(token) is None
    assert registry.accounts.get("ann").disabled
    with pytest.raises(Refused):
        registry.accounts.authenticate("ann", "correct horse")
    for wrong in (
        lambda: registry.accounts.disable("bob"),
        lambda: registry.accounts.get("bob"),
        lambda: registry.sessions.open("bob"),
        lambda: registry.sessions.open("ann"),
    ):
        with pytest.raises(UsageFault, match="no-such-account"):
            wrong()


@pytest.mark.parametrize(
    ("name", "password", "role"), [("Ann", "p", "r"), ("ann", "", "r"), ("ann", "p", "R!"), ("", "p", "r")]
)
def test_what_cannot_be_an_account(registry, name, password, role):
    with pytest.raises(UsageFault, match="account-invalid"):
        registry.accounts.create(name, password, role)


def test_a_name_is_taken_once(registry):
    registry.accounts.create("ann", "p", "researcher")
    with pytest.raises(UsageFault, match="account-exists"):
        registry.accounts.create("ann", "q", "researcher")
    assert [account.name for account in registry.accounts.all()] == ["ann"]


def test_a_budget_is_never_overspent(registry):
    assert registry.budget.spent("study", "ann") == 0
    assert registry.budget.spend("study", "ann", 2, limit=3) == 2
    with pytest.raises(Refused, match="budget-spent"):
        registry.budget.spend("study", "ann", 1.5, limit=3)
    assert registry.budget.spend("study", "ann", 1, limit=3) == 3
    assert registry.budget.spend("study", "bob", 1) == 1
    assert registry.budget.spent("study", "ann") == 3
    for wrong in (-1, float("nan"), float("inf")):
        with pytest.raises(UsageFault, match="amount-invalid"):
            registry.budget.spend("study", "ann", wrong)


# The database.


def test_the_file_is_its_owners_alone(tmp_path):
    path = tmp_path / "home" / "registry.sqlite"
    Registry.create(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_whole_of_it_leaves_a_log_that_verifies(registry):
    registry.runs.finish(registry.runs.start("everything").id, "done", 0)
    registry.deliveries.update(record(registry).id, state="accepted")
    registry.accounts.create("ann", "p", "researcher")
    registry.sessions.close(registry.sessions.open("ann"))
    report = Log(registry, None).verify(public_key=b"k" * 32)
    assert report.ok
    assert report.size == 7
