"""The standing nodes near what changed: they share a blocking key, and could weigh enough.

Belongs here: pairs of touched records and standing nodes by the keys kept, sifted by the marks kept.
Does not: the marks (sketch.py), the groups of those nodes (touched.py), or comparing.

Makes `link_likely` (lead, strong): nodes with which some pair could reach the floor; strong ones could
hold a group together.
"""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pyarrow as pa

from linkage.encode import BLOCKS
from linkage.increment.sketch import LETTERS, Bound, Floats, Ints, fold_letters, marks_sql, read_marks
from linkage.increment.state import SCHEMA, Basis, blocks_of_sql, term_columns, term_sql
from linkage.model import Model
from linkage.standardise import SHARED_LIMIT

TABLES: tuple[str, ...] = ("link_seek", "link_near", "link_near_lead", "link_likely", LETTERS)
"""Temporary tables made here."""


def find_near(connection: duckdb.DuckDBPyConnection, model: Model, basis: Basis) -> None:
    """Make `link_likely`.

    Args:
        connection: Holds `link_person` of the touched records, and `link_old_lead`.
        model: The fitted model.
        basis: Its priors of pairs of sources.
    """
    _seek(connection)
    _near(connection)
    pairs = connection.execute(
        "SELECT seek, near_at FROM link_near JOIN link_near_lead USING (lead)"
    ).fetchnumpy()
    leads = connection.execute("SELECT lead FROM link_near_lead ORDER BY near_at").fetchnumpy()["lead"]
    columns, rarity, first = _marks(connection, model)
    odds = math.log2(model.prior / (1 - model.prior))
    likeliest = math.log2(max([model.prior, *(prior for _, _, prior in basis.priors)]))
    place = np.asarray(pairs["near_at"], dtype=np.int64)
    kept, most = Bound(model, columns, rarity).above(
        np.asarray(pairs["seek"], dtype=np.int64),
        place + first,
        min(model.predict_from - odds, model.stop - likeliest),
    )
    strong = np.zeros(len(leads), dtype=np.bool_)
    strong[place[kept[most > model.stop - likeliest - 0.01]]] = True
    likely = np.unique(place[kept])
    found = pa.table({"lead": np.asarray(leads, dtype=np.int64)[likely], "strong": strong[likely]})
    connection.register("link_likely_data", found)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_likely AS FROM link_likely_data
            UNION ALL SELECT lead, false FROM ({_shared_sql()})"""
    ).fetchall()
    connection.unregister("link_likely_data")


def _seek(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `link_seek` (seek, who, fresh, keys): touched records, and nodes that lost or change one."""
    keys = ", ".join(f'"{name}"' for name in BLOCKS)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_seek AS
            SELECT row_number() OVER () - 1 AS seek, * FROM (
                SELECT who, true AS fresh, {keys} FROM ({blocks_of_sql("link_person", "record_key AS who")})
                UNION ALL SELECT record_key_lead, false, {keys} FROM {SCHEMA}.block
                WHERE record_key_lead IN (SELECT lead FROM link_old_lead))"""
    ).fetchall()


def _near(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `link_near` (seek, lead) of all that share a key, and `link_near_lead` (lead, near_at)."""
    parts = " UNION ".join(
        f"""SELECT s.seek, unnest(b.leads) AS lead FROM link_seek s JOIN (
                SELECT "{name}" AS shared, list(record_key_lead) AS leads FROM {SCHEMA}.block
                WHERE "{name}" IN (SELECT "{name}" FROM link_seek WHERE "{name}" IS NOT NULL)
                GROUP BY "{name}" HAVING count(*) <= {most}) b ON b.shared = s."{name}\""""
        for name, (_, most) in BLOCKS.items()
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE link_near AS {parts}").fetchall()
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_near_lead AS
            SELECT lead, row_number() OVER (ORDER BY lead) - 1 AS near_at
            FROM (SELECT DISTINCT lead FROM link_near)"""
    ).fetchall()


def _shared_sql() -> str:
    """SELECT of the nodes whose number so many records now carry that it may be a placeholder."""
    return f"""SELECT unnest(leads) AS lead FROM (
            SELECT ssn, list(record_key_lead) AS leads FROM {SCHEMA}.block
            WHERE ssn IN (SELECT ssn FROM link_seek WHERE ssn IS NOT NULL) GROUP BY ssn
            HAVING count(*) <= {BLOCKS["ssn"][1]})
        JOIN (SELECT ssn, count(*) AS came FROM link_seek WHERE fresh GROUP BY ssn) USING (ssn)
        WHERE len(leads) + came > {SHARED_LIMIT}"""


def _marks(
    connection: duckdb.DuckDBPyConnection, model: Model
) -> tuple[dict[str, Ints], dict[str, Floats], int]:
    """Return the marks of `link_seek`, then `link_near_lead`; how rare values are; where the latter begin."""
    fold_letters(connection, "link_person")
    left = read_marks(
        connection,
        f"""SELECT m.*, seek FROM link_seek LEFT JOIN ({marks_sql(model, "link_person", "record_key")}) m
            ON m.record_key = who WHERE fresh
            UNION ALL BY NAME
            SELECT k.*, seek FROM link_seek JOIN {SCHEMA}.sketch k ON record_key_lead = who
            WHERE NOT fresh""",
        "seek",
        model,
    )
    right = read_marks(
        connection,
        f"""SELECT k.*, near_at FROM link_near_lead JOIN {SCHEMA}.sketch k ON record_key_lead = lead""",
        "near_at",
        model,
    )
    connection.execute(f"DROP TABLE {LETTERS}").fetchall()
    first = len(next(iter(left.values())))
    return (
        {name: np.concatenate([left[name], right[name]]) for name in left},
        _rarity(connection, model),
        first,
    )


def _rarity(connection: duckdb.DuckDBPyConnection, model: Model) -> dict[str, Floats]:
    """Return how rare each value of `link_seek` is, in bits; of records not described, the most there is."""
    rarity = {}
    for column in term_columns(model):
        found = connection.execute(
            f"""WITH term AS (SELECT value, n, total FROM {SCHEMA}.term WHERE field = '{column}')
                SELECT log2((SELECT coalesce(max(total), 1) FROM term)
                    / CASE WHEN p.record_key IS NULL THEN 1 ELSE coalesce(t.n, 1) END) AS bits
                FROM link_seek s LEFT JOIN (SELECT record_key, {term_sql(column)} AS value FROM link_person) p
                    ON p.record_key = who AND fresh
                LEFT JOIN term t USING (value) ORDER BY seek"""
        ).fetchnumpy()
        rarity[column] = np.asarray(found["bits"], dtype=np.float64)
    return rarity
