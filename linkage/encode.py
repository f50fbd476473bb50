"""From standardised values to keyed encodings: the only table Splink is given.

Belongs here: which field becomes a token, which a bit vector, and the keys on which
records are brought together (blocking). Does not: the encoding itself
(privacy.encodings), or what is compared with what (models/*.json).

Tokens of all names share one namespace, so that swapped names can be found. Keys made
of several fields are hashes of keyed tokens, and so as unreadable as those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pyarrow as pa

from linkage.vectors import WORDS, letter_vectors, packed_digits
from privacy.encodings import Encoder, distinct

TOKENS: Mapping[str, str] = {
    "given": "name", "initial": "letter", "formal": "name", "other_formal": "name", "root": "name",
    "given_phonetic": "sound", "surname": "name", "part_a": "name", "part_b": "name", "part_c": "name",
    "surname_phonetic": "sound", "middle": "name", "middle_initial": "letter", "suffix": "suffix",
    "birth": "birth", "birth_year": "year", "day_month": "day", "ssn": "ssn",
    "ssn_first": "ssn_first", "ssn_last": "ssn_last",
    "sex": "sex", "number": "number", "street": "street", "unit": "unit", "zip": "zip", "phone": "phone",
    "email": "email", "employer": "employer", "household": "household",
    "household_of": "source",
}  # fmt: skip
"""Columns that become tokens, and the namespace each is made in."""

VECTORS: tuple[str, ...] = ("given", "surname", "street")
"""Columns that become bit vectors of letter pairs as well."""

NUMBERS: tuple[str, ...] = ("birth", "ssn")
"""Columns that become packed digits as well, named `<column>_digits`."""

THREADS = 2
"""Columns encoded at a time."""

_WORD = re.compile(r"\w+")
_FUNCTIONS = frozenset({"least", "greatest"})
_NAMES = "least(given, surname), greatest(given, surname)"
_SOUNDS = "least(given_phonetic, surname_phonetic), greatest(given_phonetic, surname_phonetic)"
BLOCKS: Mapping[str, tuple[str, int]] = {
    "ssn": ("ssn", 500),
    "birth_given": ("day_month, birth_year, given_phonetic", 500),
    "birth_surname": ("day_month, birth_year, surname_phonetic", 500),
    "name": (_NAMES, 40),
    "name_zip": (f"{_NAMES}, zip", 100),
    "name_year": (f"{_NAMES}, birth_year", 200),
    "name_middle": (f"{_NAMES}, middle_initial", 60),
    "sound": (_SOUNDS, 12),
    "sound_zip": (f"{_SOUNDS}, zip", 60),
    "sound_year": (f"{_SOUNDS}, birth_year", 100),
    "sound_day": ("day_month, given_phonetic, surname_phonetic", 60),
    "part_year": ("part_a, given_phonetic, birth_year", 100),
    "part_zip": ("part_a, given_phonetic, zip", 60),
    "given_year_zip": ("given_phonetic, birth_year, zip", 60),
    "household_given": ("household, given_phonetic", 60),
    "place_given": ("street, number, given_phonetic", 200),
    "employer_name": ("employer, given_phonetic, surname_phonetic", 100),
    "birth_ssn_last": ("birth, ssn_last", 200),
    "birth_ssn_first": ("birth, ssn_first", 200),
    "given_ssn_first": ("given_phonetic, ssn_first", 60),
    "given_ssn_last": ("given_phonetic, ssn_last", 60),
    "surname_ssn_first": ("surname_phonetic, ssn_first", 60),
    "surname_ssn_last": ("surname_phonetic, ssn_last", 60),
    "initials_surname": ("surname, initial, middle_initial", 40),
    "birth": ("birth", 12),
    "place_birth": ("street, number, birth", 50),
    "place_surname": ("street, number, surname_phonetic", 12),
    "birth_household": ("day_month, birth_year, household", 100),
    "birth_zip": ("birth, zip, sex", 30),
    "phone_given": ("phone, given_phonetic", 100),
    "email": ("email", 100),
}
"""Blocking keys: the fields that must all be equal, and the largest block that is used.

A key more records share than that says little and is left out for them; such records
meet on other keys. Day and month are in ascending order, names unordered, so that
swapped ones meet too.
"""


def encode(connection: duckdb.DuckDBPyConnection, key: bytes, *, blocks: bool = True) -> None:
    """Make `link_encoded` from `link_standard`.

    Args:
        connection: Holds the standardised table.
        key: The run's key, 32 bytes; nothing made here can be compared with another run's.
        blocks: Whether blocking keys are made too; not for pairs known otherwise.
    """
    standard = connection.execute("SELECT * FROM link_standard").to_arrow_table()
    connection.register("link_encoded_data", _encoded(standard, Encoder(key)))
    if blocks:
        add_blocks(connection, "link_encoded_data", "link_encoded")
    else:
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE link_encoded AS
                SELECT *, {key_sql("number, street")} AS place FROM link_encoded_data"""
        ).fetchall()
    connection.unregister("link_encoded_data")


def add_blocks(connection: duckdb.DuckDBPyConnection, source: str, table: str) -> None:
    """Make a temporary table of the source's columns, `place` and the blocking keys.

    Args:
        connection: Holds the source.
        source: Relation with `node` and the fields that keys are made of.
        table: Name of the table to make.
    """
    keys = ", ".join(f"{key_sql(fields)} AS block_{name}" for name, (fields, _) in BLOCKS.items())
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE link_blocks AS SELECT node, {keys} FROM {source}"
    ).fetchall()
    capped = ", ".join(
        f"""CASE WHEN block_{name} NOT IN ({_large_sql(f"block_{name}", largest)})
            THEN block_{name} END AS block_{name}"""
        for name, (_, largest) in BLOCKS.items()
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {table} AS
            WITH capped AS (SELECT node, {capped} FROM link_blocks)
            SELECT s.*, {key_sql("number, street")} AS place, capped.* EXCLUDE (node)
            FROM {source} s JOIN capped USING (node)"""
    ).fetchall()
    connection.execute("DROP TABLE link_blocks").fetchall()


def drop(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the encodings; they are personal data and end with the run."""
    connection.execute("DROP TABLE IF EXISTS temp.link_encoded").fetchall()


def _encoded(standard: pa.Table, encoder: Encoder) -> pa.Table:
    columns: dict[str, pa.Array] = {"node": standard["node"]}
    with ThreadPoolExecutor(THREADS) as pool:
        for made in pool.map(lambda name: _column(name, standard[name], encoder), TOKENS):
            columns |= made
    return pa.table(columns)


def _column(name: str, values: pa.ChunkedArray, encoder: Encoder) -> dict[str, pa.Array]:
    """Return all encodings of a column."""
    column = distinct(values)
    columns: dict[str, pa.Array] = {name: encoder.token(TOKENS[name], column)}
    if name in VECTORS:
        words, bits = letter_vectors(encoder, name, column)
        for word in range(WORDS):
            columns[f"{name}_{word}"] = pa.array(np.ascontiguousarray(words[:, word]))
        columns[f"{name}_n"] = pa.array(bits)
    if name in NUMBERS:
        columns[f"{name}_digits"] = packed_digits(encoder, name, column)
    return columns


def key_sql(fields: str) -> str:
    """SQL for one number that stands for several values, NULL if any is missing."""
    if fields.isidentifier():
        return fields
    known = " AND ".join(f"{name} IS NOT NULL" for name in sorted(set(_WORD.findall(fields)) - _FUNCTIONS))
    return f"CASE WHEN {known} THEN (hash({fields}) >> 1)::BIGINT END"


def _large_sql(column: str, largest: int) -> str:
    """SELECT of the keys that too many records share."""
    return f"""SELECT {column} FROM link_blocks WHERE {column} IS NOT NULL
        GROUP BY {column} HAVING count(*) > {largest}"""
