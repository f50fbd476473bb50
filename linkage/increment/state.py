"""What a link leaves behind for the next increment: blocking keys, in the vault, and what it was made from.

Belongs here: those tables, writing and correcting them. Does not: using them (touched.py,
blocked.py), or pairs and nodes, which stand with the spine.

Hashes of names and numbers are as personal as those. So they lie in the vault, under its key,
leave it in no other form than which records share one, and are rewritten by a purge like all of
it: every table that speaks of a record has a column that begins with `record_key`. Blocking keys
are cut to 32 bits: a pair that shares one by chance is compared in vain, and weighs nothing. The marks
that say which pairs are not worth it are cut to 8 (sketch.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import duckdb

from linkage.atomic import atomic
from linkage.encode import BLOCKS, key_sql
from linkage.increment.sketch import LETTERS, PLACE, columns_kept, fold_letters, marks_sql
from linkage.model import Model
from linkage.standardise import SHARED

SCHEMA = "vault.link"

_REMADE = "SEMI JOIN link_remade_node USING (node)"

REWRITTEN_SQL = f"SELECT lead FROM link_old_lead UNION SELECT lead FROM link_lead {_REMADE}"
"""SELECT of the nodes whose rows an increment writes anew, or takes out."""

LAYOUT = 2
"""Counts up when what is kept changes; what another layout kept is not read."""


@dataclass(frozen=True)
class Basis:
    """What the kept tables were made from.

    Args:
        stamp: The version of the spine they are for.
        full_version: The version that was last linked in full.
        full_at: Its day, ISO 8601.
        method, engine, model: Method of linkage, version of DuckDB (its hashes are not promised
            to stay), digest of the model's settings.
        sources: Sources that take part.
        deliveries: (delivery, source, period) of those that stand.
        restricted: Digest of what may not be linked. purged: which purges there were.
        constraints: Numbers of the constraints that stood.
        records: Records of the last full link.
        touched: Records compared anew since.
        increments: Increments since.
        drift: That of the last increment; none if too little was seen.
        priors: Prior of each pair of sources.
        fitted: The trained model, as JSON.
    """

    stamp: int
    full_version: int
    full_at: str
    method: str
    engine: str
    model: str
    sources: tuple[str, ...]
    deliveries: tuple[tuple[str, str, str], ...]
    restricted: str
    purged: str
    constraints: tuple[int, ...]
    records: int
    touched: int = 0
    increments: int = 0
    drift: float | None = None
    priors: tuple[tuple[str, str, float], ...] = field(default=())
    fitted: str = ""

    def to_json(self) -> str:
        """Return it as JSON that `from_json` reads back."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Basis:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        basis = cls(**raw)
        return replace(
            basis,
            sources=tuple(raw["sources"]),
            deliveries=tuple((d[0], d[1], d[2]) for d in raw["deliveries"]),
            constraints=tuple(raw["constraints"]),
            priors=tuple((p[0], p[1], p[2]) for p in raw["priors"]),
        )


def may_keep(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the vault is attached to be written; without, every link is a full one."""
    found = connection.execute(
        "SELECT NOT readonly FROM duckdb_databases() WHERE database_name = 'vault'"
    ).fetchone()
    return bool(found and found[0])


def read_basis(connection: duckdb.DuckDBPyConnection, stamp: int) -> Basis | None:
    """Return what the version of a stamp left to follow from; None if it kept nothing.

    A link writes its own before it is published. Until then, and so after it was killed, what
    counts is that of the version it follows.
    """
    there = connection.execute(
        """SELECT count(*) FROM duckdb_tables()
            WHERE database_name = 'vault' AND schema_name = 'link' AND table_name = 'basis'"""
    ).fetchone()
    if there != (1,):
        return None
    return next((basis for basis in _kept(connection) if basis.stamp == stamp), None)


def was_killed(connection: duckdb.DuckDBPyConnection, stamp: int) -> bool:
    """Whether a link was killed between writing what it keeps and publishing the version after a stamp."""
    later = connection.execute(f"SELECT max(stamp) > ? FROM {SCHEMA}.record", [stamp]).fetchone()
    return later == (True,) or any(basis.stamp > stamp for basis in _kept(connection))


def _kept(connection: duckdb.DuckDBPyConnection) -> list[Basis]:
    rows = connection.execute(f"SELECT facts FROM {SCHEMA}.basis").fetchall()
    return [Basis.from_json(facts) for (facts,) in rows]


def mark(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `link_mark` (record_key, raw): a hash of what each record of `link_raw` says."""
    columns = ", ".join(
        name
        for (name,) in connection.execute(
            """SELECT column_name FROM duckdb_columns()
                WHERE table_name = 'link_raw' AND column_name <> 'record_key' ORDER BY column_index"""
        ).fetchall()
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE link_mark AS SELECT record_key, hash({columns}) AS raw FROM link_raw"
    ).fetchall()


def make_leads(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `link_lead` (node, lead): each node's smallest record key, which names it between links."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE link_lead AS
            SELECT node, min(record_key) AS lead FROM link_record GROUP BY node"""
    ).fetchall()


def keep_all(connection: duckdb.DuckDBPyConnection, model: Model, stamp: int) -> None:
    """Keep everything anew, in one transaction; `write_basis` makes it count.

    Args:
        connection: Holds `link_mark`, `link_lead` and the standardised tables.
        model: Says which frequencies are needed.
        stamp: The version being made.
    """
    fold_letters(connection, "link_standard")
    statements = [
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
        f"CREATE TABLE IF NOT EXISTS {SCHEMA}.basis (facts VARCHAR NOT NULL)",
        f"CREATE OR REPLACE TABLE {SCHEMA}.record AS {_records_sql(stamp)}",
        f"CREATE OR REPLACE TABLE {SCHEMA}.block AS {_blocks_sql()}",
        f"CREATE OR REPLACE TABLE {SCHEMA}.sketch AS {_sketches_sql(model)}",
        f"DROP TABLE {LETTERS}",
        f"CREATE OR REPLACE TABLE {SCHEMA}.shared AS SELECT DISTINCT field, value FROM {SHARED}",
        f"CREATE OR REPLACE TABLE {SCHEMA}.term AS {_terms_sql(model)}",
    ]
    _in_one(connection, statements)


def keep_some(connection: duckdb.DuckDBPyConnection, model: Model, basis: Basis) -> None:
    """Correct what is kept where an increment remade nodes, in one transaction.

    Args:
        connection: Holds what `keep_all` needs, for some records, `link_remade` (record_key) and
            `link_remade_node` (node); and the names of nodes as they were, `link_old_lead`.
        model: Says what is kept.
        basis: What it is made from now.
    """
    some = _REMADE
    columns = ", ".join(["record_key_lead", *(f'"{name}"' for name in BLOCKS)])
    marks = ", ".join(["record_key_lead", *columns_kept(model)])
    other = f"WHERE record_key_lead IN ({REWRITTEN_SQL})"
    fold_letters(connection, f"(SELECT * FROM link_standard {some})")
    _in_one(
        connection,
        [
            f"DELETE FROM {SCHEMA}.record WHERE record_key IN (SELECT record_key FROM link_remade)",
            f"DELETE FROM {SCHEMA}.block {other}",
            f"DELETE FROM {SCHEMA}.sketch {other}",
            f"INSERT INTO {SCHEMA}.record {_records_sql(basis.stamp, some)}",
            f"INSERT INTO {SCHEMA}.block ({columns}) {remade_blocks_sql()}",
            f"INSERT INTO {SCHEMA}.sketch ({marks}) {_sketches_sql(model, some)}",
            f"DROP TABLE {LETTERS}",
            *_basis_sql(connection, basis),
        ],
    )


def write_basis(connection: duckdb.DuckDBPyConnection, basis: Basis) -> None:
    """Say what the kept tables were made from; from now on an increment may follow."""
    _in_one(connection, _basis_sql(connection, basis))


def _basis_sql(connection: duckdb.DuckDBPyConnection, basis: Basis) -> list[str]:
    """Statements that keep a basis beside that of the version it follows."""
    both = (read_basis(connection, basis.stamp - 1), basis)
    insert = f"INSERT INTO {SCHEMA}.basis VALUES ('{{}}')"
    return [f"DELETE FROM {SCHEMA}.basis", *(insert.format(_quoted(b.to_json())) for b in both if b)]


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep nothing: the next link is a full one."""
    if may_keep(connection):
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE").fetchall()


def blocks_of_sql(relation: str, first: str) -> str:
    """SELECT of one column and all blocking keys, 32 bits each, from a relation with standardised fields."""
    keys = ", ".join(
        f"CASE WHEN ({key_sql(fields)}) IS NOT NULL "
        f'THEN (hash({key_sql(fields)}) % 4294967296)::UINTEGER END AS "{name}"'
        for name, (fields, _) in BLOCKS.items()
    )
    return f"SELECT {first}, {keys} FROM {relation}"


def term_columns(model: Model) -> list[str]:
    """Return the columns whose frequencies the model uses, in order of name."""
    return sorted({x.term for c in model.comparisons for x in c.levels if x.term})


def term_sql(column: str) -> str:
    """SQL of a frequency column's value in clear fields, hashed."""
    return f"hash({key_sql('number, street') if column == PLACE else column})"


def shares_sql(model: Model, relation: str, key: str) -> str:
    """SELECT of a key and each `share_<column>`: how frequent a row's value was in the last full link.

    A value nobody had then counts as that of one record.
    """
    columns = term_columns(model)
    values = "".join(f", {term_sql(column)} AS value_{column}" for column in columns)
    shares = "".join(
        f""", coalesce({column}.n, 1) / (
            SELECT coalesce(max(total), 1) FROM {SCHEMA}.term WHERE field = '{column}') AS share_{column}"""
        for column in columns
    )
    joins = " ".join(
        f"""LEFT JOIN (SELECT value, n FROM {SCHEMA}.term WHERE field = '{column}') AS {column}
            ON {column}.value = value_{column}"""
        for column in columns
    )
    return f"SELECT {key}{shares} FROM (SELECT {key}{values} FROM {relation}) {joins}"


def _records_sql(stamp: int, some: str = "") -> str:
    return f"""SELECT record_key, lead AS record_key_lead, source, hash(f.said) AS said, m.raw,
            {stamp}::BIGINT AS stamp
        FROM (SELECT record_key, source, node FROM link_record {some}) r JOIN link_lead USING (node)
        JOIN (SELECT record_key, said FROM link_fold) f USING (record_key)
        JOIN link_mark m USING (record_key)"""


def remade_blocks_sql() -> str:
    """SELECT of the blocking keys of the nodes an increment remade, from the standardised tables."""
    return _blocks_sql(_REMADE)


def _blocks_sql(some: str = "") -> str:
    relation = f"(SELECT * FROM link_standard {some}) JOIN link_lead USING (node)"
    return blocks_of_sql(relation, "lead AS record_key_lead")


def _sketches_sql(model: Model, some: str = "") -> str:
    relation = f"(SELECT * FROM (SELECT * FROM link_standard {some}) JOIN link_lead USING (node))"
    return marks_sql(model, relation, "lead AS record_key_lead")


def _terms_sql(model: Model) -> str:
    return " UNION ALL ".join(
        f"""SELECT '{column}' AS field, {term_sql(column)} AS value, count(*) AS n,
            sum(count(*)) OVER ()::BIGINT AS total
            FROM link_standard WHERE {"number IS NOT NULL AND street" if column == PLACE else column}
                IS NOT NULL
            GROUP BY ALL"""
        for column in term_columns(model)
    )


def _in_one(connection: duckdb.DuckDBPyConnection, statements: Sequence[str]) -> None:
    with atomic(connection):
        for statement in statements:
            connection.execute(statement).fetchall()


def _quoted(text: str) -> str:
    return text.replace("'", "''")
