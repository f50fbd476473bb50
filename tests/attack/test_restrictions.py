"""A restricted person is looked for wherever rows are read, and notices are forged.

The small state of `restrictions_support` is run without restrictions, on a day with
notices of every kind, and on the day after; people are looked for in core, spine, marts and log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from data_sharing_agreements.errors import IntegrityFault
from data_sharing_agreements.restrictions import RULES
from linkage import encode, standardise
from pipelines.fingerprint import remember, steps_if_nothing_new
from tests.registries import copy_home
from tests.restrictions_support import (
    AGENCY,
    TODAY,
    State,
    make_state,
    open_state,
    owner,
    person,
    with_consent,
)
from warehouse.core import build
from warehouse.ingest import discover, ingest_pending, register
from warehouse.opener import Store
from warehouse.restrictions.forget import forget_restricted
from warehouse.restrictions.own_spine import destroy_own_spine
from warehouse.restrictions.relations import permit_identities, restrict, spine_use
from warehouse.restrictions.settle import settle
from warehouse.restrictions.status import restriction_status

Make = Callable[..., State]
TOMORROW = TODAY + timedelta(days=1)
VICTIM = "C0001"
LIVING = {"number", "street", "unit", "zip", "household"}
"""Encoded fields that say where, or with whom, a person lives."""

BARRED = {
    12: "opt_out",
    13: "sealed",
    14: "expunged",
    15: "consent",
    16: "tribal",
    17: "part2",
    18: "minor_consented",
}
"""People who are restricted everywhere, by kind: every kind that bars anything."""


def entry(kind: str, record: str = VICTIM, **said: object) -> dict:
    """An entry as a notice holds it; of consent, a withdrawal."""
    act = "revoke" if kind == "consent" else "set"
    return {"record_id": [record], "kind": kind, "act": act, **said}


def seen(state: State) -> set[str]:
    """Every visit that core or a mart shows, of the sources of the statewide spine."""
    return state.core() | state.marks("evaluation") | state.marks("study")


def both(*numbers: int) -> set[str]:
    """The visits of people at the clinic and the shelter."""
    return {f"{source}-{n}" for source in ("clinic", "shelter") for n in numbers}


PEOPLE = "SELECT list(record_key ORDER BY record_key) FROM warehouse.spine.current GROUP BY person_key"
KEYS = "SELECT record_key, person_key FROM warehouse.spine.current"


@dataclass
class Before:
    """What was seen and linked before any restriction."""

    base: Path
    seen: set[str]
    linked: set[str]
    people: set[frozenset[int]]
    keys: dict[int, int]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    """The small state after a run without any restriction."""
    base = tmp_path_factory.mktemp("state")
    state = make_state(base)
    assert {step.status for step in state.run()} == {"done"}
    people = {frozenset(group) for (group,) in state.rows(PEOPLE)}
    made = Before(base, seen(state), state.linked(), people, dict(state.rows(KEYS)))
    assert both(*BARRED) <= made.seen
    state.hub.close()
    return made


@pytest.fixture
def make(before: Before, tmp_path: Path) -> State:
    """A copy of that state for one test to change."""
    copy_home(before.base, tmp_path / "copy")
    return State(open_state(tmp_path / "copy", TODAY), tmp_path / "copy" / "landing")


@pytest.fixture(scope="module")
def today(before: Before, tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """The state on a day with notices of every kind, and deliveries that bring the sealed again."""
    base = tmp_path_factory.mktemp("today") / "copy"
    copy_home(before.base, base)
    state = State(open_state(base, TODAY), base / "landing")
    state.notice("clinic", *(entry(kind, f"C{n:04d}", scope="person") for n, kind in BARRED.items()))
    state.notice(
        "clinic",
        entry("opt_out", "C0019", scope="person", bars=["research"]),
        entry("opt_out", "C0020"),
        entry("opt_out", "C0021", scope="source"),
        entry("opt_out", "C0022", scope="person", **{"from": str(TOMORROW)}),
        entry("opt_out", "C0023", scope="person", until=str(TODAY - timedelta(days=1))),
        entry("address_confidential", "C0024", scope="person"),
        entry("opt_out", "C0025", scope="person"),
        entry("sealed", "C0077"),
        entry("minor_consented", "C0091"),
    )
    state.notice("clinic", {**entry("opt_out", "C0025"), "act": "revoke"})
    given = [{"record_id": [f"R{n:04d}"], "kind": "consent", "act": "set"} for n in range(20, 45)]
    state.notice("recovery", *given, entry("opt_out", "R0022"))
    again, broken, ageless = person(21, "clinic", mark="again"), person(77, "clinic"), person(91, "clinic")
    again[0], broken[8], ageless[3], ageless[4] = "C9921", "2024-02-31", "", ""
    rows = [again, broken, ageless, person(77, "clinic"), person(78, "clinic", mark="new")]
    state.deliver("clinic", rows, year=2025)
    steps = state.run()
    assert {step.status for step in steps} == {"done", "skipped"}
    assert [(s.rows_in, s.rows_out, s.rows_quarantined) for s in steps if s.period == "2025"] == [(3, 3, 0)]
    yield state
    state.hub.close()


@pytest.mark.parametrize("number", BARRED)
def test_a_restricted_person_is_nowhere(today: State, number: int) -> None:
    assert set(BARRED.values()) == {kind for kind, rule in RULES.items() if rule.bars}
    assert not seen(today) & both(number)
    assert not today.linked() & {f"clinic C{number:04d}", f"shelter S{number:04d}"}
    assert f"C{number:04d}" not in json.dumps(today.hub.log.show(None))


def test_all_that_is_theirs_is_gone_and_nothing_else(before: Before, today: State) -> None:
    gone = both(*BARRED) | {"clinic-20", "clinic-21"}
    assert seen(today) == (before.seen - gone) | {"new"}
    keys = dict(today.rows(KEYS))
    left = {frozenset(group & keys.keys()) for group in before.people}
    people = {frozenset(group) for (group,) in today.rows(PEOPLE)}
    assert left - {frozenset()} <= people, "nobody else was split or joined"
    assert {record: who for record, who in keys.items() if record in before.keys} == {
        record: who for record, who in before.keys.items() if record in keys
    }
    pairs = "SELECT unnest([record_key_l, record_key_r]) FROM warehouse.spine.pair"
    assert {key for (key,) in today.rows(pairs)} <= keys.keys()


def test_a_scope_reaches_as_far_as_it_says(today: State) -> None:
    assert seen(today) & {*both(20, 21), "again"} == {"shelter-20", "shelter-21"}


def test_only_the_uses_that_are_named_are_barred(today: State) -> None:
    assert not today.marks("study") & both(19)
    assert today.core() >= both(19)
    assert today.marks("evaluation") >= both(19)


def test_what_was_revoked_or_has_ended_or_not_begun_bars_nothing(today: State) -> None:
    assert seen(today) >= both(22, 23, 25)


def test_a_sealed_record_that_is_delivered_again_is_not_taken_in(today: State) -> None:
    ssn = person(77, "clinic")[4]
    assert today.rows("SELECT count(*) FROM warehouse.content.clinic__visit WHERE mark = 'clinic-77'") == [
        (0,)
    ]
    assert today.rows(f"SELECT count(*) FROM vault.identity WHERE ssn = '{ssn}'") == [(0,)]
    assert today.rows("SELECT count(*) FROM vault.crosswalk WHERE source_id = 'C0077'") == [(0,)]
    assert today.rows("SELECT sum(rows) FROM vault.restriction_withheld") == [(2,)]
    assert "C0077" not in json.dumps(today.rows("SELECT * FROM vault.restriction"), default=str)
    with today.hub.opener.session(read=[Store.quarantine()]) as session:
        assert session.execute("SELECT count(*) FROM quarantine.refused") == [(0,)]


def test_who_has_no_birth_date_stays_a_minor(today: State) -> None:
    assert today.rows("SELECT count(*) FROM warehouse.content.clinic__visit WHERE mark = 'clinic-91'") == [
        (1,)
    ]
    assert "clinic-91" not in seen(today)


def test_a_confidential_address_is_in_no_encoding(today: State) -> None:
    assert seen(today) >= both(24), "the person is there, the address is not"
    with today.hub.opener.session(read=[Store.vault(), Store.warehouse()]) as session:
        restrict(session, today.hub, spine_use(today.hub))
        permit_identities(session)
        found = session.execute(
            "SELECT DISTINCT i.street, i.zip, i.household, i.surname IS NOT NULL "
            "FROM permitted_identity AS i "
            "JOIN vault.crosswalk AS x ON x.key = i.record_key "
            "WHERE x.source_id IN ('C0024', 'S0024', 'R0024')"
        )
        others = session.execute("SELECT count(*) FROM permitted_identity WHERE street IS NULL")
    assert found == [(None, None, None, True)]
    assert others == [(3,)]


def test_a_confidential_address_is_in_no_household(today: State) -> None:
    """Neither a blocking key nor a comparison of place or household has anything of such a record."""
    with today.hub.opener.session(read=[Store.vault(), Store.warehouse()]) as session:
        restrict(session, today.hub, spine_use(today.hub))
        permit_identities(session)
        standardise.latest_values(session.raw, ["clinic", "shelter"])
        standardise.standardise(session.raw)
        encode.encode(session.raw, bytes(32))
        where = [
            name for name, (fields, _) in encode.BLOCKS.items() if LIVING & set(re.findall(r"\w+", fields))
        ]
        columns = [*(f"block_{name}" for name in where), "place", *sorted(LIVING)]
        known = " + ".join(f"({column} IS NOT NULL)::INTEGER" for column in columns)
        found = session.execute(
            f"SELECT x.source_id LIKE '%24', max({known}) FROM link_encoded JOIN link_record USING (node) "
            "JOIN vault.crosswalk AS x ON x.key = record_key "
            "WHERE x.source_id IN ('C0023', 'C0024', 'S0024') GROUP BY ALL ORDER BY ALL"
        )
    assert len(where) >= 8
    assert dict(found)[True] == 0
    assert dict(found)[False] > 0, "others' addresses are used"


def test_part_two_links_in_the_projects_own_spine(today: State) -> None:
    """Consent is known of 25; one of them opted out. Of the others nothing is known, so they are out."""
    shown = {mark for mark in today.marks("treatment") if mark.startswith("recovery")}
    assert shown == {f"recovery-{n}" for n in range(20, 45) if n != 22}
    assert "clinic-17" in today.marks("treatment"), "a Part 2 record of an ordinary source may be there, and"
    assert "clinic-17" not in seen(today), "nowhere else"
    assert not {name for name in today.linked() if name.startswith("recovery")}
    assert not {mark for mark in seen(today) if mark.startswith("recovery")}


def test_status_tells_no_small_count_and_no_record(today: State) -> None:
    told = restriction_status(today.hub)
    sealed = next(s for s in told["standing"] if (s["source"], s["kind"]) == ("clinic", "sealed"))
    assert (sealed["records"], sealed["suppressed"]) == (None, True)
    assert told["withheld"] == [{"source": "clinic", "rows": None, "suppressed": True}]
    assert all(f"C{n:04d}" not in json.dumps(told) for n in (*BARRED, 77))


def test_a_truth_that_is_brought_along_loses_them_too(today: State) -> None:
    with today.hub.opener.session(read=[Store.vault(), Store.warehouse()]) as session:
        restrict(session, today.hub, spine_use(today.hub))
        session.execute("CREATE TABLE t (source VARCHAR, record_id VARCHAR)")
        session.execute("INSERT INTO t VALUES ('clinic', 'C0012'), ('clinic', 'C0077'), ('clinic', 'C0003')")
        forget_restricted(session, today.hub, "t")
        assert session.execute("FROM t") == [("clinic", "C0003")]


def test_the_day_after(before: Before, today: State, tmp_path: Path) -> None:
    """Nothing arrives but a revocation and a later delivery; the day itself changes the rest."""
    copy_home(today.landing.parent, tmp_path / "copy")
    state = State(open_state(tmp_path / "copy", TOMORROW), tmp_path / "copy" / "landing", TOMORROW, 10)
    with pytest.raises(IntegrityFault, match="restrictions-not-settled"):
        build(state.hub)
    state.notice("clinic", {**entry("opt_out", "C0012"), "act": "revoke"})
    later = person(16, "shelter", mark="later")
    later[0] = "S7777"
    state.deliver("shelter", [later], year=2025)
    state.run()
    shown = seen(state)
    assert shown >= both(12), "a revocation brings them back"
    assert shown >= both(18), "who comes of age today is back"
    assert not shown & both(22), "what begins today bars"
    assert "later" not in shown, "a later record of a restricted person is known again"
    assert dict(state.rows(KEYS)).keys() >= {
        k for k in before.keys if k in dict(today.rows(KEYS))
    } - barred_now(state)
    spine = Store.own_spine("treatment")
    assert destroy_own_spine(state.hub, "treatment")
    assert not state.hub.opener.exists(spine)
    assert spine.name not in state.hub.keys.stores()


def barred_now(state: State) -> set[int]:
    """Record keys of whoever opted out from today on."""
    return {
        key for (key,) in state.rows("SELECT key FROM vault.crosswalk WHERE source_id IN ('C0022', 'S0022')")
    }


def test_quarantine_forgets_a_record_that_is_sealed_later(make: State) -> None:
    nameless, broken = person(76, "clinic"), person(77, "clinic")
    nameless[0], nameless[8], broken[8] = "", "2024-02-31", "2024-02-31"
    make.deliver("clinic", [person(78, "clinic"), person(79, "clinic"), broken, nameless], year=2025)
    register(make.hub, discover(make.hub, make.landing))
    ingest_pending(make.hub)

    def kept() -> list[str | None]:
        with make.hub.opener.session(read=[Store.quarantine()]) as session:
            return [record for (record,) in session.execute("SELECT record FROM quarantine.refused")]

    assert len([record for record in kept() if record]) == 2
    make.notice("clinic", entry("sealed", "C0077"))
    make.take()
    settle(make.hub)
    assert kept() == [None], "whose the nameless line is cannot be known, so it is counted and not kept"
    unreadable = [*person(77, "clinic"), "one", "cell", "more"]
    good = [person(n, "clinic") for n in range(81, 85)]
    make.deliver("clinic", [*good, nameless, unreadable], year=2023)
    register(make.hub, discover(make.hub, make.landing))
    ingest_pending(make.hub)
    assert kept() == [None, None, None], "from now on neither it nor what cannot be read gets there"


def test_without_a_word_of_consent_nobody_is_read_where_consent_is_asked(make: State) -> None:
    make.notice("clinic", {"record_id": ["C0012"], "kind": "consent", "act": "set"})
    make.take()
    settle(make.hub)
    hub = with_consent(make.hub, "clinic")
    with hub.opener.session(read=[Store.vault(), Store.warehouse()]) as session:
        restrict(session, hub, spine_use(hub))
        permit_identities(session)
        left = session.execute(
            "SELECT x.source_id FROM permitted_identity AS i "
            "JOIN vault.crosswalk AS x ON x.key = i.record_key WHERE i.source = 'clinic'"
        )
        assert left == [("C0012",)]
        assert session.one("SELECT count(*) FROM permitted_identity WHERE source = 'shelter'") == 30


def test_a_run_knows_that_a_notice_is_news(make: State) -> None:
    remember(make.hub, [])
    assert steps_if_nothing_new(make.hub) == []
    make.notice("clinic", entry("opt_out"))
    make.take()
    assert steps_if_nothing_new(make.hub) is None


def stranger(state: State) -> str:
    """A signatory of another agency."""
    roster = state.hub.agreements.rosters.current
    assert roster is not None
    return next(s.id for s in roster.signatories if s.party != AGENCY)


def tampered(state: State) -> None:
    path = state.notice("clinic", entry("opt_out", "C0002"))
    path.write_text(path.read_text().replace("C0002", VICTIM))


def nobody(state: State) -> None:
    state.notice("clinic", entry("opt_out"), signatory="nobody-at-all")


def other_key(state: State) -> None:
    state.notice("clinic", entry("opt_out"), key=stranger(state))


def other_agency(state: State) -> None:
    state.notice("clinic", entry("opt_out"), signatory=stranger(state))


def hub_itself(state: State) -> None:
    roster = state.hub.agreements.rosters.current
    assert roster is not None
    officer = next(s.id for s in roster.signatories if s.party == "Evergreen Data Hub")
    state.notice("clinic", entry("opt_out"), signatory=officer)


def other_source(state: State) -> None:
    path = state.notice("shelter", entry("opt_out"))
    path.write_text(path.read_text().replace('"shelter"', '"clinic"'))


def tomorrow(state: State) -> None:
    state.notice("clinic", entry("opt_out"), at=state.day + timedelta(days=1))


def no_notice(state: State) -> None:
    (state.landing / "restrictions").mkdir()
    (state.landing / "restrictions" / "x.json").write_text('{"schema": "commonweal/restriction-notice/1"}')


def narrowed(state: State) -> None:
    path = state.notice("clinic", entry("opt_out", bars=["research"]))
    path.write_text(path.read_text().replace("opt_out", "sealed"))


@pytest.mark.parametrize(
    "forge",
    [tampered, nobody, other_key, other_agency, hub_itself, other_source, tomorrow, no_notice, narrowed],
)
def test_a_notice_that_does_not_count_is_refused_and_told_without_its_records(
    make: State, forge: Callable[[State], None]
) -> None:
    forge(make)
    (refused,) = make.take()
    assert (refused.step, refused.status) == ("restrictions", "refused")
    told = json.dumps([error.what for error in refused.errors])
    assert VICTIM not in told
    assert "C0002" not in told
    assert make.rows("SELECT count(*) FROM vault.restriction") == [(0,)]


def test_a_notice_works_once_and_in_turn(make: State) -> None:
    first = make.notice("clinic", entry("opt_out"), sequence=5, name="first")
    assert [step.status for step in make.take()] == ["done"]
    assert make.take() == [], "the same bytes are no news"
    first.with_name("copy.json").write_text(first.read_text())
    assert make.take() == []
    make.notice("clinic", {**entry("opt_out"), "act": "revoke"}, sequence=4)
    make.notice("clinic", {**entry("opt_out"), "act": "revoke"}, sequence=9, name="first")
    codes = [error.code for step in make.take() for error in step.errors]
    assert codes == ["restriction-notice-replayed"] * 2
    assert make.rows("SELECT act FROM vault.restriction") == [("set",)]


def test_a_killed_intake_is_repeated_and_counts_once(make: State, monkeypatch: pytest.MonkeyPatch) -> None:
    make.notice("clinic", entry("opt_out", scope="person"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(make.hub.registry.restriction_notices, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            make.take()
    make.take()
    assert make.rows("SELECT count(*) FROM vault.restriction") == [(1,)]
    assert owner(make.hub) in json.dumps(make.hub.log.show(None))
