"""What is attacked and what attackers know: records, and a list of people.

Belongs here: standardising both, narrowing the list, and the score. Does not: encodings, or
attacks.

The list is the state's register of people: names, birth dates, social security numbers, sex, all
free of errors. The *roll* is that list narrowed to the people who are in the files, as if
somebody had told the attacker who is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

from linkage import standardise
from warehouse.synthetic.arrays import Draws
from warehouse.synthetic.calendar import Calendar
from warehouse.synthetic.population import populate
from warehouse.synthetic.truth import people_table

KEY = hashlib.sha256(b"agreed between the agencies of the benchmark").digest()
OWN_KEY = bytes(32)
"""The attacker's own, under which the list is encoded to see what that looks like."""
LISTED = (
    "given", "initial", "given_phonetic", "surname", "surname_phonetic", "middle_initial", "sex",
    "birth_year", "day_month", "birth", "ssn_last", "ssn",
)  # fmt: skip
"""Fields the attacker's list has."""
LIST_SQL = """SELECT person_id AS record_key, 'list' AS source, 'list' AS delivery_id, 'all' AS period,
    given_name, middle_name, concat_ws(' ', coalesce(married_surname, surname), second_surname) AS surname,
    strftime(birth_date, '%Y%m%d') AS birth_date, ssn, sex FROM {}"""
KNOWN = 50
"""Records of which an insider knows whose they are."""


class Score(NamedTuple):
    """Shares of records whose full, given and last name were guessed right, and of how many records."""

    full: float
    given: float
    surname: float
    records: int

    def interval(self) -> tuple[float, float]:
        """Return bounds of the share of full names, 95 in 100 (Wilson)."""
        found = binomtest(round(self.full * self.records), self.records).proportion_ci(method="wilson")
        return float(found.low), float(found.high)


@dataclass(frozen=True)
class Scene:
    """What there is to find and what the attacker knows.

    Args:
        records: Standardised records, by node; what an attack is scored against.
        people: The attacker's list, standardised the same way.
        sent: `node` and `source`: who sends which record.
    """

    records: pd.DataFrame
    people: pd.DataFrame
    sent: pd.DataFrame

    def scored(self, guesses: pd.Series) -> Score:
        """Return the shares of records whose names were guessed right."""
        true = self.records[self.records["full"].notna()]
        guess = guesses.reindex(true.index).astype(object).fillna("")
        parts = guess.str.partition(" ")
        pairs = ((guess, "full"), (parts[0], "given"), (parts[2], "surname"))
        full, given, surname = (float((said == true[name].astype(object)).mean()) for said, name in pairs)
        return Score(full, given, surname, len(true))

    def known(self, count: int = KNOWN, seed: int = 0) -> tuple[Ints, Ints]:
        """Return nodes of some records, and nodes of the list of the same people.

        Only records are taken whose number and name are those of one on the list.
        """
        same = ["full", "ssn"]
        listed = self.people.dropna(subset=same).drop_duplicates(same, keep=False)
        both = self.records[["node", *same]].dropna().merge(listed[["node", *same]], on=same)
        both = both.drop_duplicates("node_y")
        chosen = both.sample(min(count, len(both)), random_state=seed)
        return chosen["node_x"].to_numpy(), chosen["node_y"].to_numpy()


Ints = npt.NDArray[np.int64]


def roll(scene: Scene) -> pd.DataFrame:
    """Return the list without the people who are not in the files, told by number or name and birth."""
    told = (["ssn"], ["full", "birth"])
    kept = np.zeros(len(scene.people), dtype=bool)
    for columns in told:
        here = pd.MultiIndex.from_frame(scene.records[columns].dropna())
        kept |= pd.MultiIndex.from_frame(scene.people[columns]).isin(here)
    return scene.people[kept]


def scene(connection: duckdb.DuckDBPyConnection, people_sql: str, sources: tuple[str, ...]) -> Scene:
    """Standardise the records and the list.

    Args:
        connection: With `permitted_identity`.
        people_sql: SELECT of the list, with roles as columns; the same relation for the same people.
        sources: Whose records are attacked.
    """
    records, sent = _standardised(connection, sources)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW permitted_identity AS {people_sql}").fetchall()
    return Scene(records, _standardised(connection, ("list",))[0], sent)


def list_sql(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """Return a SELECT of the list, with all roles, from a relation of true people."""
    listed = LIST_SQL.format(relation)
    have = {str(row[0]) for row in connection.execute(f"DESCRIBE {listed}").fetchall()}
    empty = ", ".join(f"NULL::VARCHAR AS {role}" for role in standardise.READ_ROLES if role not in have)
    return f"SELECT *, {empty} FROM ({listed})"


def large_state(people: int, seed: int) -> Scene:
    """Return a state in which everybody is in one file once, without an error, and on the list."""
    true = people_table(populate(Draws(seed), Calendar.of("2023-01", 1), people))
    with duckdb.connect(config={"threads": 2, "memory_limit": "6GB"}) as connection:
        connection.register("state", true)
        made = list_sql(connection, "state")
        connection.execute(f"CREATE TEMP VIEW permitted_identity AS {made}").fetchall()
        records, sent = _standardised(connection, ("list",))
    return Scene(records, records, sent)


def _standardised(
    connection: duckdb.DuckDBPyConnection, sources: tuple[str, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    standardise.latest_values(connection, sources)
    standardise.standardise(connection)
    frame = connection.execute("SELECT * FROM link_standard ORDER BY node").df().set_index("node", drop=False)
    sent = connection.execute("SELECT DISTINCT node, source FROM link_record ORDER BY ALL").df()
    standardise.drop(connection)
    connection.execute("DROP TABLE link_record").fetchall()
    frame.index.name = None
    frame["full"] = frame["given"].str.cat(frame["surname"], sep=" ")
    return frame, sent
