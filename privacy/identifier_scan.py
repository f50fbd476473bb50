r"""Finding identifiers in text columns that are not for them, before they reach the warehouse.

Belongs here: patterns, thresholds and the set-based scan. Does not: what happens to a
delivery with findings (ingestion holds it), cleaning text, or any value in a result:
a finding is a column, a kind and a share.

Two kinds of evidence: patterns (a formatted social security number, an e-mail address),
and values that are names of people in the same delivery. Names are judged by how many
different ones occur, since many counties are surnames: fifteen of Washington's 39.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

NAME = "name"
NAME_IN_TEXT = "name-in-text"
_NAME_RULE = ("many", "share_of_distinct", "least_share", "variety", "few", "share_of_few", "fresh")


@dataclass(frozen=True)
class Pattern:
    """A pattern of an identifier, and from which share of a column's values on it counts.

    `least_rows` keeps a chance hit in a small file from counting.
    """

    kind: str
    regex: str
    least_share: float
    least_rows: int


_YEAR = r"(19|20)\d{2}"
_MONTH = r"(0?[1-9]|1[0-2])"
_DAY = r"(0?[1-9]|[12]\d|3[01])"

PATTERNS: tuple[Pattern, ...] = (
    Pattern("ssn", r"(^|\D)[0-8]\d{2}[- ]\d{2}[- ]\d{4}(\D|$)", 0.0001, 3),
    Pattern("ssn-digits", r"^\s*[0-8]\d{8}\s*$", 0.9, 20),
    Pattern("phone", r"(^|\D)(\([2-9]\d{2}\) ?|[2-9]\d{2}[-. ])\d{3}[-. ]\d{4}(\D|$)", 0.001, 3),
    Pattern("email", r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", 0.0001, 3),
    Pattern(
        "date",
        rf"(^|\D)({_YEAR}[-/.]{_MONTH}[-/.]{_DAY}|{_MONTH}[-/]{_DAY}[-/]{_YEAR}|{_DAY}\.{_MONTH}\.{_YEAR})(\D|$)",
        0.05,
        5,
    ),
)


@dataclass(frozen=True)
class NameThresholds:
    """When a column's values are taken to be names.

    Many different names: at least `many` of them, most of the column's different values
    (`share_of_distinct`), in `least_share` of its rows, and not the same few again and again (at
    least `variety` of the different names they could be). Or a small file: at least `few`, in half
    of the rows, hardly one twice (`fresh`: different names a row). Two names side by side inside
    longer text count from `share_in_text` and `few` different texts on.
    """

    many: int = 25
    share_of_distinct: float = 0.6
    least_share: float = 0.005
    variety: float = 0.1
    few: int = 8
    share_of_few: float = 0.5
    fresh: float = 0.5
    share_in_text: float = 0.01
    least_letters: int = 3


@dataclass(frozen=True)
class Finding:
    """An identifier found: in which column, of which kind, in what share of its values."""

    column: str
    kind: str
    share: float


def scan_text_columns(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[str],
    identity_query: str,
    *,
    patterns: Sequence[Pattern] = PATTERNS,
    names: NameThresholds | None = None,
) -> list[Finding]:
    """Return the identifiers found in text columns, by column and kind.

    Args:
        connection: Where the table can be read. Errors are DuckDB's, for the opener to convert.
        table: A table, or a query in parentheses.
        columns: Its text columns to scan.
        identity_query: SELECT of one text column, the names of people in the same delivery.
        patterns: Patterns and their thresholds.
        names: Thresholds for names.
    """
    if not columns:
        return []
    thresholds = names or NameThresholds()
    try:
        connection.execute(_values_sql(table, columns)).fetchall()
        connection.execute(_names_sql(identity_query, thresholds)).fetchall()
        found = _by_pattern(connection, patterns)
        found += _by_name(connection, thresholds)
        found += _by_name_in_text(connection, thresholds)
    finally:
        connection.execute("DROP TABLE IF EXISTS _scan_values").fetchall()
        connection.execute("DROP TABLE IF EXISTS _scan_names").fetchall()
    return sorted(found, key=lambda finding: (finding.column, finding.kind))


def _words_sql(value: str) -> str:
    """Return SQL that gives a text's letters in capitals, words separated by one space."""
    return f"trim(regexp_replace(upper(strip_accents({value})), '[^A-Z]+', ' ', 'g'))"


def _values_sql(table: str, columns: Sequence[str]) -> str:
    """Return SQL that keeps each column's different values and how often they occur."""
    selects = (
        f"""SELECT '{column.replace("'", "''")}' AS name, CAST({quoted} AS VARCHAR) AS value, count(*) AS n
            FROM {table} AS scanned WHERE {quoted} IS NOT NULL GROUP BY ALL"""
        for column, quoted in ((c, '"' + c.replace('"', '""') + '"') for c in columns)
    )
    return f"""
        CREATE OR REPLACE TEMP TABLE _scan_values AS
        SELECT *, {_words_sql("value")} AS words FROM ({" UNION ALL ".join(selects)})
    """


def _names_sql(identity_query: str, thresholds: NameThresholds) -> str:
    return f"""
        CREATE OR REPLACE TEMP TABLE _scan_names AS
        SELECT DISTINCT {_words_sql("person")} AS words FROM ({identity_query}) AS people(person)
        WHERE length({_words_sql("person")}) >= {thresholds.least_letters}
    """


def _by_pattern(connection: duckdb.DuckDBPyConnection, patterns: Sequence[Pattern]) -> list[Finding]:
    if not patterns:
        return []
    hits = ", ".join(
        f"coalesce(sum(n) FILTER (regexp_matches(value, $p{i})), 0)" for i in range(len(patterns))
    )
    rows = connection.execute(
        f"SELECT name, sum(n), {hits} FROM _scan_values GROUP BY name",
        {f"p{i}": pattern.regex for i, pattern in enumerate(patterns)},
    ).fetchall()
    return [
        Finding(name, pattern.kind, hit / total)
        for name, total, *counts in rows
        for pattern, hit in zip(patterns, counts, strict=True)
        if hit >= pattern.least_rows and hit >= pattern.least_share * total
    ]


def _by_name(connection: duckdb.DuckDBPyConnection, thresholds: NameThresholds) -> list[Finding]:
    rows = connection.execute(
        """
        WITH marked AS (
            SELECT name, words, n, words IN (SELECT words FROM _scan_names) AS is_name FROM _scan_values
        ), counted AS (
            SELECT name, sum(n) AS total, count(DISTINCT words) AS different,
                   coalesce(sum(n) FILTER (is_name), 0) AS hits,
                   count(DISTINCT words) FILTER (is_name) AS names
            FROM marked GROUP BY name
        )
        SELECT name, hits / total FROM counted WHERE
            (names >= $many AND names >= $share_of_distinct * different AND hits >= $least_share * total
             AND names >= $variety * least(hits, (SELECT count(*) FROM _scan_names)))
            OR (names >= $few AND hits >= $share_of_few * total AND names >= $fresh * hits)
        """,
        {key: getattr(thresholds, key) for key in _NAME_RULE},
    ).fetchall()
    return [Finding(name, NAME, share) for name, share in rows]


def _by_name_in_text(connection: duckdb.DuckDBPyConnection, thresholds: NameThresholds) -> list[Finding]:
    rows = connection.execute(
        """
        WITH long AS (
            SELECT name, words, sum(n) AS n FROM _scan_values WHERE contains(words, ' ') GROUP BY ALL
        ), split AS (
            SELECT name, words, unnest(string_split(words, ' ')) AS word,
                   generate_subscripts(string_split(words, ' '), 1) AS place
            FROM long
        ), named AS (
            SELECT DISTINCT name, words, place FROM split SEMI JOIN _scan_names ON word = _scan_names.words
        ), full_names AS (
            SELECT DISTINCT a.name, a.words FROM named a
            JOIN named b ON b.name = a.name AND b.words = a.words AND b.place = a.place + 1
        )
        SELECT name, sum(n) / any_value(total) AS share
        FROM full_names JOIN long USING (name, words)
        JOIN (SELECT name, sum(n) AS total FROM _scan_values GROUP BY name) USING (name)
        GROUP BY name HAVING count(*) >= $few AND sum(n) >= $share_in_text * any_value(total)
        """,
        {"few": thresholds.few, "share_in_text": thresholds.share_in_text},
    ).fetchall()
    return [Finding(name, NAME_IN_TEXT, share) for name, share in rows]
