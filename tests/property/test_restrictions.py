"""The reading of restrictions in SQL says the same as the plain one, whatever the entries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from data_sharing_agreements.restrictions import (
    BARRABLE,
    RULES,
    Act,
    Entry,
    Kind,
    Scope,
    Use,
    barred,
    hides_address,
    keeps_out,
    of_age,
    standing,
)
from data_sharing_agreements.vocabulary import Purpose, Verb
from privacy.vault import VAULT_DDL
from warehouse.restrictions.rules_sql import (
    bars_sql,
    excluded_sql,
    hides_address_sql,
    keeps_out_sql,
    standing_sql,
)

FIRST = date(2024, 2, 26)
DAYS = st.integers(0, 6).map(lambda n: FIRST + timedelta(days=n))
BIRTHS = st.one_of(
    st.none(),
    st.sampled_from(
        [date(2006, 2, 28), date(2006, 3, 1), date(2004, 2, 29), date(2008, 2, 29), date(1980, 1, 1)]
    ),
)


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    """Acts about one record in order, with days that touch and overlap."""
    kinds = draw(st.lists(st.sampled_from(list(Kind)), min_size=1, max_size=2))
    made = []
    for position in range(draw(st.integers(0, 5))):
        kind, act = draw(st.sampled_from(kinds)), draw(st.sampled_from(list(Act)))
        start = draw(DAYS)
        until = draw(st.one_of(st.none(), DAYS.filter(lambda day, start=start: day >= start)))
        narrow = act is Act.SET and RULES[kind].narrows
        bars = draw(st.frozensets(st.sampled_from(sorted(BARRABLE)), max_size=2)) if narrow else frozenset()
        until = until if act is Act.SET else None
        made.append(Entry(kind, act, start, until, bars, (draw(st.integers(1, 3)), position)))
    return made


USES = st.builds(
    Use,
    st.frozensets(st.sampled_from(list(Verb)), min_size=1, max_size=2),
    st.one_of(st.none(), st.sampled_from(list(Purpose))),
    st.booleans(),
)


@cache
def database() -> duckdb.DuckDBPyConnection:
    """The tables of the list, made once."""
    connection = duckdb.connect()
    connection.execute(f"ATTACH ':memory:' AS vault; {VAULT_DDL}").fetchall()
    connection.execute("ATTACH ':memory:' AS warehouse; CREATE SCHEMA warehouse.restriction").fetchall()
    connection.execute("CREATE TABLE births (source VARCHAR, token VARCHAR, born INTEGER)").fetchall()
    return connection


@contextmanager
def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    """The same tables, empty."""
    connection = database()
    connection.execute("DELETE FROM vault.restriction; DELETE FROM births").fetchall()
    yield connection


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(entries(), BIRTHS), min_size=1, max_size=4), USES, DAYS, st.booleans())
def test_sql_and_the_plain_reading_agree(
    people: list[tuple[list[Entry], date | None]], use: Use, day: date, consent: bool
) -> None:
    with opened() as connection:
        for number, (said, born) in enumerate(people):
            for entry in said:
                row = ["s", str(number), "n", *entry.order, entry.kind, entry.act, Scope.RECORD]
                connection.execute(
                    "INSERT INTO vault.restriction VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [*row, sorted(entry.bars), entry.start, entry.until],
                ).fetchall()
            if born is not None:
                digits = int(born.strftime("%Y%m%d"))
                connection.execute("INSERT INTO births VALUES ('s', ?, ?)", [str(number), digits]).fetchall()
        connection.execute(
            f"""CREATE OR REPLACE TABLE warehouse.restriction.entry AS SELECT token AS record_key, *
                FROM ({standing_sql("vault.restriction", "births")})""",
            {"day": day},
        ).fetchall()
        connection.execute(
            f"CREATE OR REPLACE TABLE known AS SELECT unnest(range({len(people)}))::VARCHAR AS record_key"
        )
        asked = [("s", "known")] if consent else []

        def found(sql: str) -> set[str]:
            return {row[0] for row in connection.execute(sql).fetchall()}

        entry = "SELECT record_key FROM warehouse.restriction.entry WHERE "
        numbered = [(str(n), said, born) for n, (said, born) in enumerate(people)]
        assert found(excluded_sql(use, asked)) == {
            n for n, said, born in numbered if barred(said, use, day, born=born, consent_required=consent)
        }
        assert found(entry + bars_sql(use)) == {
            n for n, said, born in numbered if barred(said, use, day, born=born)
        }
        assert found(entry + keeps_out_sql()) == {n for n, said, born in numbered if keeps_out(said, day)}
        assert found(entry + hides_address_sql()) == {
            n for n, said, _ in numbered if hides_address(said, day)
        }


@given(entries(), DAYS, USES)
def test_a_revocation_of_everything_frees_the_record(said: list[Entry], day: date, use: Use) -> None:
    order = (9, 0)
    freed = [
        *said,
        *(Entry(kind, Act.REVOKE, FIRST, order=order) for kind in Kind if kind is not Kind.CONSENT),
    ]
    freed.append(Entry(Kind.CONSENT, Act.SET, FIRST, order=order))
    assert not barred(freed, use, day, born=date(1980, 1, 1), consent_required=True)
    assert not hides_address(freed, day)


@given(entries(), DAYS, USES)
def test_what_nobody_knows_never_frees(said: list[Entry], day: date, use: Use) -> None:
    """Without a birth date, and without a purpose, at least as much is barred."""
    born = date(1980, 1, 1)
    unknown = Use(use.verbs, None, use.own_spine)
    assert set(standing(said, day, born)) <= set(standing(said, day, None))
    if barred(said, use, day, born=born):
        assert barred(said, use, day)
        assert barred(said, unknown, day)


@given(BIRTHS.filter(bool), st.integers(0, 12_000))
def test_nobody_is_of_age_before_eighteen_years(born: date, days: int) -> None:
    on = born + timedelta(days=days)
    leap_day = (born.month, born.day) == (2, 29)
    birthday = date(born.year + 18, 3, 1) if leap_day else born.replace(year=born.year + 18)
    assert of_age(born, on) == (on >= birthday)
