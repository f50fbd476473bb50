"""The person rule in SQL against a plain reading of it: one vote a source, most votes, latest, smallest."""

from collections import Counter
from datetime import date, timedelta

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.core.facts import ATTRIBUTES
from warehouse.core.person import person_sql

SOURCES = ("a", "b", "c")
DAYS = [date(2024, 1, 1) + timedelta(days=i) for i in range(3)]
RECORD = st.tuples(
    st.sampled_from(SOURCES),
    st.integers(1, 3),
    st.sampled_from([None, "F", "M", "X"]),
    st.sampled_from([None, *DAYS]),
)


def plain(records: list[tuple], person: int, voters: list[str]) -> tuple[str | None, str | None]:
    """Choose a person's sex the slow way."""
    latest = {}
    for source in voters:
        own = [
            (as_of, value)
            for s, p, value, as_of in records
            if (s, p) == (source, person) and value is not None
        ]
        if own:
            latest[source] = max(own, key=lambda r: (r[0] or date.min, r[1]))
    if not latest:
        return None, None
    votes = Counter(value for _, value in latest.values())

    def rank(value: str) -> tuple:
        dates = [as_of for as_of, v in latest.values() if v == value and as_of is not None]
        return -votes[value], -(max(dates).toordinal() if dates else 0), value

    best = min(votes, key=rank)
    return best, min(s for s, (_, v) in latest.items() if v == best)


@settings(max_examples=60, deadline=None)
@given(st.lists(RECORD, min_size=1, max_size=14), st.sets(st.sampled_from(SOURCES)))
def test_the_sql_chooses_as_the_rule_says(records: list[tuple], may_vote: set[str]) -> None:
    connection = duckdb.connect()
    columns = (
        "person_key BIGINT, birth_month DATE, sex VARCHAR, race_ethnicity VARCHAR, language_group VARCHAR"
    )
    for source in SOURCES:
        connection.execute(f"CREATE TABLE {source} ({columns}, county VARCHAR, as_of DATE)")
    for source, person, value, as_of in records:
        connection.execute(
            f"INSERT INTO {source} (person_key, sex, as_of) VALUES (?, ?, ?)", [person, value, as_of]
        )
    voters = sorted(may_vote)
    sql = person_sql({s: s for s in SOURCES}, {"sex": voters, **{a: [] for a in ATTRIBUTES if a != "sex"}})
    found = connection.execute(f"SELECT person_key, sex, sex_source FROM ({sql}) ORDER BY 1").fetchall()
    everyone = sorted({p for _, p, _, _ in records})
    assert found == [(p, *plain(records, p, voters)) for p in everyone]
    assert connection.execute(f"SELECT count(county) + count(birth_month) FROM ({sql})").fetchall() == [(0,)]
