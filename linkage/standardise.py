"""From the vault's identities to one standardised description of each distinct person record.

Belongs here: which identities are read, the latest value of each field, joining
standardised values to records, and folding records that say exactly the same. Does
not: how a name, number or place is standardised (standardise_*.py), keys or encodings.

Makes temporary tables, all dropped by `drop`: `link_record` (record_key, source, node)
and `link_standard` (one row a node). They hold clear text and live only until the
encodings are made.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from linkage import standardise_names as names
from linkage import standardise_numbers as numbers
from linkage import standardise_places as places
from linkage.vocabulary import nicknames, sql_list, words

READ_ROLES: tuple[str, ...] = (
    "given_name", "middle_name", "surname", "suffix", "full_name", "birth_date", "birth_year", "ssn", "sex",
    "street_number", "street", "unit", "zip", "phone", "email", "employer", "household",
)  # fmt: skip
"""Roles of the vault that linkage reads."""

IDENTITY = "permitted_identity"
"""The relation linkage reads: the vault's identities that stand, without those that may not be
linked. Whoever opens the connection makes it; linkage knows no other way to a name."""

SHARED_LIMIT = 5
"""A number carried by people of more than this many different names, or birth dates where
there are no names, is taken for a placeholder."""

SHARED = "link_shared"
"""Table (field, value) of hashes of numbers taken for placeholders, so cleared."""

FIELDS: tuple[str, ...] = (
    "given", "initial", "formal", "other_formal", "root", "given_phonetic",
    "surname", "part_a", "part_b", "part_c", "surname_phonetic",
    "middle", "middle_initial", "suffix", "birth", "birth_year", "day_month",
    "ssn", "ssn_first", "ssn_last", "sex", "number", "street", "unit", "zip", "phone", "email",
    "employer", "household", "household_of",
)  # fmt: skip
"""Columns of `link_standard` after `node`."""

_FREE_FIELDS = ("phone", "email", "employer", "household", "household_of")
"""Fields in which records of one node may differ."""

SAID: tuple[str, ...] = tuple(field for field in FIELDS if field not in _FREE_FIELDS)
"""Fields in which they may not."""

_TABLES = (
    "link_raw", "link_nickname", "link_street_word", "link_given", "link_middle", "link_surname",
    "link_street", "link_person", "link_said", "link_fold", "link_standard", SHARED,
)  # fmt: skip


def latest_values(connection: duckdb.DuckDBPyConnection, sources: Sequence[str], within: str = "") -> int:
    """Make `link_raw`: for each record key the latest known value of each role.

    A record seen in several deliveries keeps its latest values, field by field, and the
    oldest surname beside them if it changed.

    Args:
        connection: Holds the relation `IDENTITY`.
        sources: Whose records.
        within: Table of the record keys wanted, if not all.

    Returns:
        Number of records.
    """
    columns = ", ".join(READ_ROLES)
    latest = ", ".join(f"arg_max({role}, (period, {role})) AS {role}" for role in READ_ROLES)
    some = f"SEMI JOIN {within} USING (record_key)" if within else ""
    read = f"FROM {IDENTITY} {some} WHERE source IN (SELECT unnest($sources::VARCHAR[]))"
    named: dict[str, object] | None = {"sources": list(sources)}
    if within:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE link_seen AS SELECT record_key, source, period, {columns} {read}",
            named,
        ).fetchall()
        read, named = "FROM link_seen", None
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_several AS
            SELECT record_key {read} GROUP BY record_key HAVING count(*) > 1""",
        named,
    ).fetchall()
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_raw AS
            WITH seen AS (SELECT record_key, source, period, {columns} {read})
            SELECT record_key, source, {columns}, NULL::VARCHAR AS old_surname
            FROM seen ANTI JOIN link_several USING (record_key)
            UNION ALL
            SELECT record_key, any_value(source) AS source, {latest},
                arg_min(surname, (period, surname)) AS old_surname
            FROM (SELECT record_key, source, {columns}, max(period) AS period
                  FROM seen SEMI JOIN link_several USING (record_key) GROUP BY ALL)
            GROUP BY record_key""",
        named,
    ).fetchall()
    connection.execute("DROP TABLE link_several; DROP TABLE IF EXISTS link_seen").fetchall()
    found = connection.execute("SELECT count(*) FROM link_raw").fetchone()
    return int(found[0]) if found else 0


def standardise(connection: duckdb.DuckDBPyConnection) -> int:
    """Make `link_record` and `link_standard` from `link_raw`, which is dropped.

    Returns:
        Number of nodes: distinct descriptions of a person.
    """
    describe(connection)
    _make(connection, SHARED, "SELECT ''::VARCHAR AS field, 0::UBIGINT AS value LIMIT 0")
    return settle(connection)


def describe(connection: duckdb.DuckDBPyConnection, *, more: bool = False) -> None:
    """Make `link_person`, one standardised description a record, from `link_raw`, which is dropped.

    Args:
        connection: Holds it.
        more: Whether the records come to those described before.
    """
    for statement in names.macros_sql():
        connection.execute(statement).fetchall()
    _make_vocabulary(connection)
    _split_full_names(connection)
    _make(connection, "link_given", names.given_names_sql(_distinct("given_name")))
    _make(connection, "link_middle", names.given_names_sql(_distinct("middle_name")))
    _make(connection, "link_surname", names.surnames_sql(_distinct("surname", "old_surname")))
    _make(connection, "link_street", places.streets_sql(_distinct("street")))
    if more:
        connection.execute(f"INSERT INTO link_person {_person_sql()}").fetchall()
    else:
        _make(connection, "link_person", _person_sql())
    connection.execute("DROP TABLE link_raw").fetchall()


def settle(connection: duckdb.DuckDBPyConnection) -> int:
    """Make `link_record` and `link_standard` from `link_person` and the placeholders known in `SHARED`.

    Returns:
        Number of nodes.
    """
    _clear_shared(connection, "ssn", "ssn_first", "ssn_last")
    _clear_shared(connection, "phone")
    return _fold(connection)


def drop(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop every table of clear text; call as soon as the encodings are made."""
    for table in _TABLES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}").fetchall()


def _make(connection: duckdb.DuckDBPyConnection, table: str, select: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {select}").fetchall()


def _distinct(*columns: str) -> str:
    union = " UNION ".join(f"SELECT {column} AS raw FROM link_raw" for column in columns)
    return f"(SELECT DISTINCT raw FROM ({union}) WHERE raw IS NOT NULL)"


def _make_vocabulary(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `link_nickname` and `link_street_word` from the vocabulary."""
    name, formal, other = zip(*nicknames(), strict=True)
    street = words("street")
    _load(
        connection,
        "link_nickname",
        pa.table({"name": name, "formal": formal, "other_formal": pa.array(other, pa.string())}),
    )
    _load(connection, "link_street_word", pa.table({"word": list(street), "standard": list(street.values())}))


def _load(connection: duckdb.DuckDBPyConnection, table: str, data: pa.Table) -> None:
    connection.register("link_data", data)
    _make(connection, table, "SELECT * FROM link_data")
    connection.unregister("link_data")


def _split_full_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill given name and surname from a full name: "SURNAME, GIVEN" or "GIVEN … SURNAME".

    A full name written into the column of one of them is one too; a middle initial, a suffix
    or "Baby boy" after the given name is no surname.
    """
    connection.execute(
        rf"""UPDATE link_raw SET full_name = coalesce(given_name, surname), given_name = NULL, surname = NULL
            WHERE (given_name IS NULL AND contains(surname, ','))
                OR (surname IS NULL AND (contains(given_name, ',')
                    OR (regexp_matches(trim(given_name), '\s\S{{3,}}$')
                        AND NOT list_contains({sql_list("suffix")}, link_words(given_name)[-1])
                        AND NOT list_contains({sql_list("given_placeholder")},
                            array_to_string(link_words(given_name), '')))))"""
    ).fetchall()
    connection.execute(
        r"""UPDATE link_raw SET
            surname = CASE WHEN contains(full_name, ',') THEN split_part(full_name, ',', 1)
                ELSE regexp_extract(trim(full_name), '(\S+)$', 1) END,
            given_name = CASE WHEN contains(full_name, ',') THEN trim(split_part(full_name, ',', 2))
                ELSE nullif(regexp_extract(trim(full_name), '^(.*\S)\s+\S+$', 1), '') END
        WHERE given_name IS NULL AND surname IS NULL AND full_name IS NOT NULL"""
    ).fetchall()


def _person_sql() -> str:
    return f"""
        WITH joined AS (
            SELECT r.record_key, r.source,
                g.given, g.initial, g.formal, g.other_formal, g.root, g.phonetic AS given_phonetic,
                s.surname, s.part_a, s.part_b, nullif(o.surname, s.surname) AS part_c,
                s.phonetic AS surname_phonetic,
                coalesce(m.given, m.initial, g.second) AS middle,
                coalesce(nullif(regexp_replace(upper(r.suffix), '[^A-Z0-9]', '', 'g'), ''),
                    s.suffix, g.suffix) AS suffix_word,
                {numbers.birth_digits_sql("r.birth_date")} AS birth,
                nullif(regexp_extract(r.birth_year, '^([0-9]{{4}})', 1), '') AS given_year,
                {numbers.ssn_sql("r.ssn")} AS ssn,
                {numbers.ssn_last_sql("r.ssn")} AS ssn_only_last,
                r.sex,
                coalesce({places.house_number_sql("r.street_number")}, a.number) AS number,
                a.street, coalesce({places.unit_sql("r.unit")}, a.unit) AS unit,
                {places.zip_sql("r.zip")} AS zip,
                {numbers.phone_sql("r.phone")} AS phone,
                nullif(lower(trim(r.email)), '') AS email, r.employer, r.household
            FROM link_raw r
            LEFT JOIN link_given g ON g.raw = r.given_name
            LEFT JOIN link_middle m ON m.raw = r.middle_name
            LEFT JOIN link_surname s ON s.raw = r.surname
            LEFT JOIN link_surname o ON o.raw = r.old_surname
            LEFT JOIN link_street a ON a.raw = r.street
        ), dated AS (
            SELECT *, coalesce({numbers.year_of_digits_sql("birth")}, given_year) AS birth_year FROM joined
        )
        SELECT record_key, source, given, initial, formal, other_formal, root, given_phonetic,
            surname, part_a, part_b, part_c, surname_phonetic,
            CASE WHEN length(middle) > 1 THEN middle END AS middle, left(middle, 1) AS middle_initial,
            {numbers.suffix_sql("suffix_word")} AS suffix,
            birth, birth_year, {numbers.day_month_sql("birth", "birth_year")} AS day_month,
            ssn, left(ssn, 5) AS ssn_first, coalesce(right(ssn, 4), ssn_only_last) AS ssn_last, sex,
            number, street, unit, zip, phone, email, employer,
            household, CASE WHEN household IS NOT NULL THEN source END AS household_of
        FROM dated
    """


def _clear_shared(connection: duckdb.DuckDBPyConnection, column: str, *also: str) -> None:
    """Set a number to NULL, and what was taken from it, where too many different people carry it."""
    cleared = ", ".join(f"{name} = NULL" for name in (column, *also))
    connection.execute(
        f"""INSERT INTO {SHARED}
            SELECT '{column}', hash({column}) FROM link_person WHERE {column} IS NOT NULL GROUP BY {column}
            HAVING least(count(DISTINCT left(given_phonetic, 2)), count(DISTINCT surname_phonetic))
                    > {SHARED_LIMIT}
                OR count(DISTINCT birth) FILTER (WHERE given IS NULL) > {SHARED_LIMIT}"""
    ).fetchall()
    connection.execute(
        f"""UPDATE link_person SET {cleared} WHERE {column} IS NOT NULL
            AND hash({column}) IN (SELECT value FROM {SHARED} WHERE field = '{column}')"""
    ).fetchall()


def _fold(connection: duckdb.DuckDBPyConnection) -> int:
    """Give a source's records that say exactly the same one node; records that say little keep their own.

    Records are folded only when they carry a full name with a social security number, or a
    full name with a birth date and an address or middle name: then equal values mean one
    person. Where they differ in employer, household, telephone or e-mail, the node has none.
    Nodes are numbered from 0 in the order of a hash of what they say, so that neither the
    order of rows in the vault nor the random record keys decide anything.
    """
    telling = """given IS NOT NULL AND surname IS NOT NULL
        AND (ssn IS NOT NULL OR (length(birth) = 8 AND (street IS NOT NULL OR middle IS NOT NULL)))"""
    said = ", ".join(f"coalesce({field}, '')" for field in SAID)
    _make(
        connection,
        "link_said",
        f"""SELECT record_key, source, md5_number(concat_ws(chr(31), source, {said})) AS said,
                {telling} AS telling
            FROM link_person""",
    )
    _make(
        connection,
        "link_fold",
        """WITH shared AS (
                SELECT said, min(record_key) AS lead FROM link_said WHERE telling
                GROUP BY said HAVING count(*) > 1
            )
            SELECT record_key, source, said, coalesce(lead, record_key) AS lead
            FROM link_said LEFT JOIN shared USING (said)""",
    )
    _make(
        connection,
        "link_record",
        """WITH numbered AS (
                SELECT record_key, row_number() OVER (ORDER BY said, record_key) - 1 AS node
                FROM link_fold WHERE record_key = lead
            )
            SELECT f.record_key, f.source, n.node::INTEGER AS node, f.record_key = f.lead AS leads
            FROM link_fold f JOIN numbered n ON n.record_key = f.lead""",
    )
    agreed = ", ".join(f"CASE WHEN min({f}) = max({f}) THEN min({f}) END AS {f}" for f in _FREE_FIELDS)
    free = ", ".join(f"CASE WHEN a.node IS NULL THEN p.{f} ELSE a.{f} END AS {f}" for f in _FREE_FIELDS)
    fixed = ", ".join(f"p.{field}" for field in FIELDS if field not in _FREE_FIELDS)
    _make(
        connection,
        "link_standard",
        f"""WITH agreed AS (
                SELECT node, {agreed} FROM link_person JOIN link_record USING (record_key)
                SEMI JOIN (SELECT node FROM link_record WHERE NOT leads) USING (node) GROUP BY node
            )
            SELECT r.node, {fixed}, {free} FROM link_person p
            JOIN link_record r ON r.record_key = p.record_key AND r.leads
            LEFT JOIN agreed a ON a.node = r.node ORDER BY r.node""",
    )
    found = connection.execute("SELECT count(*) FROM link_standard").fetchone()
    return int(found[0]) if found else 0
