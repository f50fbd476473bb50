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
from linkage.increment.holders import MOST_SQL, RULES, as_rows_sql, look_up
from linkage.increment.sketch import LETTERS, Bound, Floats, Ints, fold_letters, marks_sql, read_marks
from linkage.increment.state import SCHEMA, Basis, blocks_of_sql, shares_sql, term_columns
from linkage.model import Model
from linkage.standardise import SHARED_LIMIT

TABLES: tuple[str, ...] = ("link_seek", "link_seek_key", "link_near", "link_likely", LETTERS)
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
    pairs = connection.execute("SELECT seek, lead FROM link_near").fetchnumpy()
    leads, columns, first = _marks(connection, model)
    odds = math.log2(model.prior / (1 - model.prior))
    likeliest = math.log2(max([model.prior, *(prior for _, _, prior in basis.priors)]))
    order = np.argsort(leads)
    place = order[np.searchsorted(leads, np.asarray(pairs["lead"], dtype=np.int64), sorter=order)]
    kept, most = Bound(model, columns, _rarity(connection, model)).above(
        np.asarray(pairs["seek"], dtype=np.int64),
        place + first,
        min(model.predict_from - odds, model.stop - likeliest),
    )
    strong = np.zeros(len(leads), dtype=np.bool_)
    strong[place[kept[most > model.stop - likeliest - 0.01]]] = True
    likely = np.unique(place[kept])
    found = pa.table({"lead": leads[likely], "strong": strong[likely]})
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
    """Make `link_near` (seek, lead): which standing nodes share a key with which of `link_seek`."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE link_seek_key AS {as_rows_sql('link_seek', 'seek')}"
    ).fetchall()
    look_up(connection, "link_seek_key")
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_near AS
            SELECT DISTINCT seek, unnest(leads) AS lead FROM link_seek_key JOIN (
                SELECT rule, shared, list(lead) AS leads FROM link_holder
                GROUP BY ALL HAVING count(*) <= {MOST_SQL}) USING (rule, shared)"""
    ).fetchall()


def _shared_sql() -> str:
    """SELECT of the nodes whose number so many records now carry that it may be a placeholder."""
    return f"""SELECT unnest(leads) AS lead FROM (
            SELECT shared, list(lead) AS leads FROM link_holder WHERE rule = {RULES.index("ssn")}
            GROUP BY shared HAVING count(*) <= {BLOCKS["ssn"][1]})
        JOIN (SELECT ssn AS shared, count(*) AS came FROM link_seek WHERE fresh GROUP BY ssn) USING (shared)
        WHERE len(leads) + came > {SHARED_LIMIT}"""


def _marks(connection: duckdb.DuckDBPyConnection, model: Model) -> tuple[Ints, dict[str, Ints], int]:
    """Return the nodes of `link_near`; the marks of `link_seek` and then theirs; where theirs begin."""
    fold_letters(connection, "link_person")
    seek, left = read_marks(
        connection,
        f"""SELECT m.*, seek FROM link_seek LEFT JOIN ({marks_sql(model, "link_person", "record_key")}) m
            ON m.record_key = who WHERE fresh
            UNION ALL BY NAME
            SELECT k.*, seek FROM link_seek JOIN {SCHEMA}.sketch k ON record_key_lead = who
            WHERE NOT fresh""",
        "seek",
        model,
    )
    leads, right = read_marks(
        connection,
        f"FROM {SCHEMA}.sketch WHERE record_key_lead IN (SELECT lead FROM link_near)",
        "record_key_lead",
        model,
    )
    connection.execute(f"DROP TABLE {LETTERS}").fetchall()
    order = np.argsort(seek)
    return leads, {name: np.concatenate([left[name][order], right[name]]) for name in left}, len(seek)


def _rarity(connection: duckdb.DuckDBPyConnection, model: Model) -> dict[str, Floats]:
    """Return how rare each value of `link_seek` is, in bits; of records not described, the most there is."""
    described = "(SELECT seek, p.* FROM link_seek LEFT JOIN link_person p ON record_key = who AND fresh)"
    found = connection.execute(f"{shares_sql(model, described, 'seek')} ORDER BY seek").fetchnumpy()
    return {
        column: -np.log2(np.asarray(found[f"share_{column}"], dtype=np.float64))
        for column in term_columns(model)
    }
