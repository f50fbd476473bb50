"""Comparing records that were encoded at an agency, with each other and with clear ones.

Belongs here: giving such records nodes, encoding the clear ones the same way for the run, and
finding the level of each comparison for pairs that share a block. Does not: what levels are
worth (weigh.py), clear records among themselves (predict.py), or making encodings (encoder.py).

Two rows of one block can be compared field by field, because their marks have one salt; so a
level's condition is the model's own, read on marks. What an agency does not send stays
unknown. A rare name says more: how rare is known where one side of the pair is clear.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import duckdb
import numpy as np

from linkage.agency.encoder import AgencyEncoder, schema
from linkage.model import Comparison, Level, Model, case_sql
from linkage.predict import Compared
from privacy.agency_parameters import BLOCKS, VECTOR_WORDS, VECTORS

RELATION = "permitted_encoding"
"""Encodings that may be linked; whoever opens the connection makes it, where there are any."""

USUAL_GRAMS = 14.0
"""Letters and pairs of a usual name, where neither side's are known."""

BATCH = 100_000
"""Records encoded at a time, so that memory does not grow with their number."""

APART = -10.0
"""Log2 odds that two records are of one person that both have a social security number and
`FEWEST_KINDS` kinds of block, and share none."""

FEWEST_KINDS = 6

_NUMBERED = sum(1 << i for i, block in enumerate(BLOCKS) if block.fields == ("ssn",))
_TABLES = ("link_agency", "link_agency_met", "link_agency_node", "link_agency_kind", "link_agency_term")
_COLUMN = re.compile(r"\b([lr])\.(\w+)")
_DICE = re.compile(r"dice\((\w+)\)")


def said_of(key: bytes | None) -> str:
    """Return what in a spine's input hash speaks of the agencies' key: which one, if any."""
    return "" if key is None else f" agency key {hashlib.sha256(b'said' + key).hexdigest()}"


def takes_part(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether anything that was encoded at an agency is to be linked."""
    if not _exists(connection, RELATION):
        return False
    found = connection.execute(f"SELECT count(*) > 0 FROM (SELECT 1 FROM {RELATION} LIMIT 1)").fetchone()
    return bool(found and found[0])


def prepare(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[str], clear_nodes: int, key: bytes | None
) -> int:
    """Make `link_agency`, and add the encoded records to `link_record`; nothing if there are none.

    Args:
        connection: Holds `link_record` and `link_standard` of the clear records, and
            `permitted_encoding` where agencies encode at home.
        sources: Whose records take part.
        clear_nodes: How many nodes there are.
        key: The key agreed with the agencies; without it encoded records are compared with
            each other alone.

    Returns:
        How many nodes were added.
    """
    if not _exists(connection, RELATION):
        return 0
    marks = ", ".join(schema().names[1:])
    told = f"concat_ws('|', {', '.join(f'''coalesce({name}::VARCHAR, '')''' for name in schema().names[1:])})"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_agency_node AS
            WITH latest AS (
                SELECT record_key, source, max(period) AS period FROM {RELATION}
                WHERE source IN (SELECT unnest($sources::VARCHAR[])) GROUP BY ALL
            ), said AS (
                SELECT record_key, source,
                    md5(source || string_agg({told}, ';' ORDER BY block, token)) AS said
                FROM {RELATION} JOIN latest USING (record_key, source, period)
                GROUP BY record_key, source
            )
            SELECT record_key, source, (dense_rank() OVER (ORDER BY said) - 1 + $first)::INTEGER AS node,
                row_number() OVER (PARTITION BY said ORDER BY record_key) = 1 AS leads
            FROM said""",
        {"sources": list(sources), "first": clear_nodes},
    ).fetchall()
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_agency AS
            WITH latest AS (SELECT record_key, max(period) AS period FROM {RELATION} GROUP BY ALL)
            SELECT DISTINCT n.node, {marks} FROM {RELATION} e
            JOIN latest USING (record_key, period)
            JOIN link_agency_node n ON n.record_key = e.record_key AND n.leads"""
    ).fetchall()
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE link_agency_kind AS {_kinds_sql('link_agency')}"
    ).fetchall()
    _add_clear(connection, clear_nodes, key)
    connection.execute(
        "INSERT INTO link_record SELECT record_key, source, node, leads FROM link_agency_node"
    ).fetchall()
    found = connection.execute("SELECT count(DISTINCT node) FROM link_agency_node").fetchone()
    return int(found[0]) if found else 0


def _add_clear(connection: duckdb.DuckDBPyConnection, nodes: int, key: bytes | None) -> None:
    """Encode the clear records, batch by batch, and keep the rows that meet an encoded one."""
    if key is None:
        return
    encoder = AgencyEncoder(key)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE link_agency_met AS SELECT DISTINCT block, token FROM link_agency"
    ).fetchall()
    for start in range(0, nodes, BATCH):
        batch = connection.execute(
            "SELECT * FROM link_standard WHERE node >= ? AND node < ?", [start, start + BATCH]
        ).to_arrow_table()
        connection.register("link_agency_data", encoder.encode(batch))
        connection.execute(
            """INSERT INTO link_agency BY NAME
                SELECT c.* FROM link_agency_data c SEMI JOIN link_agency_met USING (block, token)"""
        ).fetchall()
        connection.execute(f"INSERT INTO link_agency_kind {_kinds_sql('link_agency_data')}").fetchall()
        connection.unregister("link_agency_data")


def _kinds_sql(rows: str) -> str:
    """SELECT of the kinds of block each node has, as bits."""
    return f"SELECT node, bit_or(1 << block::INTEGER) AS kinds FROM {rows} GROUP BY node"


def compared(connection: duckdb.DuckDBPyConnection, model: Model) -> Compared:
    """Return the pairs of which one record at least was encoded at an agency, compared; maybe none.

    Args:
        connection: Holds `link_agency`, and `link_encoded` of the clear records.
        model: What is compared; a condition on what agencies do not send is not met.
    """
    if not _exists(connection, "link_agency"):
        return _none(model)
    _make_terms(connection, model)
    likeness = Marks(connection)
    cases = ", ".join(
        f"({likeness.case_sql(c)})::TINYINT AS level_{i}" for i, c in enumerate(model.comparisons)
    )
    terms = [
        f"CASE level_{i} {_term_cases(c)} ELSE 0.0 END"
        for i, c in enumerate(model.comparisons)
        if _has_term(c)
    ]
    most = " ".join(f"WHEN {i} THEN {block.most}" for i, block in enumerate(BLOCKS))
    found = connection.execute(
        f"""WITH shared AS (
                SELECT block, token FROM link_agency GROUP BY ALL
                HAVING count(*) > 1 AND count(*) <= CASE block {most} END
            ), met AS (
                SELECT l.node AS a, r.node AS b, min(l.block) AS block
                FROM shared JOIN link_agency l USING (block, token) JOIN link_agency r USING (block, token)
                WHERE l.node < r.node AND r.node IN (SELECT node FROM link_agency_node) GROUP BY ALL
            ), compared AS (
                SELECT a, b, {cases}
                FROM met JOIN {likeness.rows} l ON l.node = a AND l.block = met.block
                JOIN {likeness.rows} r ON r.node = b AND r.block = met.block
            )
            SELECT a::BIGINT AS a, b::BIGINT AS b, compared.* EXCLUDE (a, b),
                {" + ".join(terms) or "0.0"} AS terms
            FROM compared LEFT JOIN link_agency_term t ON t.node = a ORDER BY a, b"""
    ).fetchnumpy()
    return Compared(
        np.asarray(found["a"], dtype=np.int64),
        np.asarray(found["b"], dtype=np.int64),
        np.stack([np.asarray(found[f"level_{i}"], dtype=np.int8) for i in range(len(model.comparisons))]),
        np.asarray(found["terms"], dtype=np.float64),
    )


def _none(model: Model) -> Compared:
    empty = np.zeros(0, dtype=np.int64)
    return Compared(empty, empty, np.zeros((len(model.comparisons), 0), dtype=np.int8), np.zeros(0))


def _exists(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute(
        """SELECT count(*) FROM (SELECT view_name AS name FROM duckdb_views()
            UNION ALL SELECT table_name FROM duckdb_tables()) WHERE name = ?""",
        [name],
    ).fetchone()
    return bool(found and found[0])


def apart(connection: duckdb.DuckDBPyConnection, model: Model, pairs: str) -> Compared:
    """Return those of the given pairs that cannot be compared, with what it says that no block is shared.

    Args:
        connection: Holds `link_agency_kind`, if anything was encoded at an agency.
        model: Its comparisons, all unknown here.
        pairs: Table (join_key_l, join_key_r) of pairs that were not compared.
    """
    if not _exists(connection, "link_agency"):
        return _none(model)
    found = connection.execute(
        f"""SELECT join_key_l::BIGINT AS a, join_key_r::BIGINT AS b,
                {APART}::DOUBLE AS terms
            FROM {pairs} JOIN link_agency_kind l ON l.node = join_key_l
            JOIN link_agency_kind r ON r.node = join_key_r
            WHERE join_key_r IN (SELECT node FROM link_agency_node)
                AND bit_count(l.kinds & r.kinds) >= {FEWEST_KINDS} AND l.kinds & r.kinds & {_NUMBERED} > 0
            ORDER BY a, b"""
    ).fetchnumpy()
    a = np.asarray(found["a"], dtype=np.int64)
    levels = np.zeros((len(model.comparisons), len(a)), dtype=np.int8)
    terms = np.asarray(found["terms"], dtype=np.float64)
    return Compared(a, np.asarray(found["b"], dtype=np.int64), levels, terms)


class Marks:
    """Reads the model's conditions on rows of marks."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take the connection that holds `link_agency`."""
        self._columns = {
            str(name) for (name, *_rest) in connection.execute("DESCRIBE link_agency").fetchall()
        } | {f"{name}_n" for name in VECTORS}
        sizes = ", ".join(f"s.{name}_n" for name in VECTORS)
        self.rows = f"(SELECT g.*, {sizes} FROM link_agency g LEFT JOIN link_encoded s ON s.node = g.node)"

    def case_sql(self, comparison: Comparison) -> str:
        """SQL for the number of the level two rows `l` and `r` fall into."""
        text = case_sql(Comparison(comparison.name, tuple(self._level(x) for x in comparison.levels)))
        return _COLUMN.sub(lambda m: m[0] if m[2] in self._columns else "NULL", text)

    @staticmethod
    def _level(level: Level) -> Level:
        return Level(level.label, _DICE.sub(lambda m: _likeness_sql(m[1]), level.when), level.null)


def _likeness_sql(name: str) -> str:
    """SQL for the likeness of two names, from how many bits differ under one cover."""
    if name not in VECTORS:
        return "NULL::DOUBLE"
    differ = " + ".join(f"bit_count(xor({name}_{i}_l, {name}_{i}_r))::INTEGER" for i in range(VECTOR_WORDS))
    sizes = [f"coalesce({name}_n_{x}, {name}_n_{y}, {USUAL_GRAMS})" for x, y in (("l", "r"), ("r", "l"))]
    return f"(1 - ({differ}) / ({' + '.join(sizes)}))"


def _has_term(comparison: Comparison) -> bool:
    return any(level.term for level in comparison.levels)


def _term_cases(comparison: Comparison) -> str:
    """SQL cases for what a level's shared value adds to the odds, in log2, by how rare it is."""
    return " ".join(
        f"WHEN {i} THEN coalesce(log2({max(level.u, 1e-12)!r} / {level.term}_share), 0.0)"
        for i, level in enumerate(comparison.levels)
        if level.term
    )


def _make_terms(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Make `link_agency_term`: for each clear node that meets an encoded one, how common its values are."""
    names = sorted({level.term for c in model.comparisons for level in c.levels if level.term})
    shares = ", ".join(f"{name}_frequency.share AS {name}_share" for name in names)
    joins = " ".join(
        f"""LEFT JOIN (SELECT {name} AS value, count(*) / sum(count(*)) OVER () AS share FROM link_encoded
            WHERE {name} IS NOT NULL GROUP BY {name}) AS {name}_frequency
            ON {name}_frequency.value = e.{name}"""
        for name in names
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_agency_term AS
            SELECT e.node{", " if shares else ""}{shares} FROM link_encoded e {joins}
            WHERE e.node IN (SELECT node FROM link_agency)"""
    ).fetchall()


def drop(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what was made here; it is personal data and ends with the run."""
    for table in _TABLES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}").fetchall()
