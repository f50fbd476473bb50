"""From standardised values to keyed encodings: the only table Splink is given.

Belongs here: which field becomes a token, which a bit vector, and the keys on which
records are brought together (blocking). Does not: the encoding itself
(privacy.encodings), or what is compared with what (models/*.json).

Tokens of all names share one namespace, so that swapped names can be found. Keys made
of several fields are hashes of keyed tokens, and so as unreadable as those.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa

from linkage.vectors import WORDS, letter_vectors, packed_digits
from privacy.encodings import Encoder

TOKENS: Mapping[str, str] = {
    "given": "name", "initial": "letter", "formal": "name", "other_formal": "name", "root": "name",
    "given_phonetic": "sound", "surname": "name", "part_a": "name", "part_b": "name", "part_c": "name",
    "surname_phonetic": "sound", "middle": "name", "middle_initial": "letter", "suffix": "suffix",
    "birth": "birth", "birth_year": "year", "day_month": "day", "ssn": "ssn", "ssn_first": "ssn_first", "ssn_last": "ssn_last",
    "sex": "sex", "number": "number", "street": "street", "unit": "unit", "zip": "zip", "phone": "phone",
    "email": "email", "employer": "employer", "household": "household",
}  # fmt: skip
"""Columns that become tokens, and the namespace each is made in."""

VECTORS: tuple[str, ...] = ("given", "surname", "street")
"""Columns that become bit vectors of letter pairs as well."""

NUMBERS: tuple[str, ...] = ("birth", "ssn")
"""Columns that become packed digits as well, named `<column>_digits`."""

_NAMES = "least(given, surname), greatest(given, surname)"
BLOCKS: Mapping[str, tuple[str, int]] = {
    "ssn": ("ssn", 500),
    "birth_given": ("day_month, birth_year, given_phonetic", 500),
    "birth_surname": ("day_month, birth_year, surname_phonetic", 500),
    "name": (_NAMES, 40),
    "name_zip": (f"{_NAMES}, zip", 100),
    "name_year": (f"{_NAMES}, birth_year", 200),
    "name_middle": (f"{_NAMES}, middle_initial", 60),
    "sound_zip": ("given_phonetic, surname_phonetic, zip", 60),
    "sound_year": ("given_phonetic, surname_phonetic, birth_year", 60),
    "place_given": ("street, number, given_phonetic", 200),
    "employer_name": ("employer, given_phonetic, surname_phonetic", 100),
    "birth_ssn_last": ("birth, ssn_last", 200),
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


def encode(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Make `link_encoded` from `link_standard`.

    Args:
        connection: Holds the standardised table.
        key: The run's key, 32 bytes; nothing made here can be compared with another run's.
    """
    standard = connection.execute("SELECT * FROM link_standard").to_arrow_table()
    connection.register("link_encoded_data", _encoded(standard, Encoder(key)))
    make_key_macro(connection)
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_encoded AS
            SELECT *, {_key_sql("number, street")} AS place FROM link_encoded_data"""
    ).fetchall()
    connection.unregister("link_encoded_data")
    add_blocks(connection, "link_encoded")


def make_key_macro(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `link_key(parts)`: one number that stands for several values, NULL if any is missing."""
    connection.execute(
        """CREATE OR REPLACE TEMP MACRO link_key(parts) AS
            CASE WHEN len(list_filter(parts, lambda p: p IS NULL)) = 0 THEN (hash(parts) >> 1)::BIGINT END"""
    ).fetchall()


def add_blocks(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Add the blocking keys to a table that has the fields they are made of."""
    keys = ", ".join(f"{_key_sql(fields)} AS block_{name}" for name, (fields, _) in BLOCKS.items())
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE link_blocks AS SELECT *, {keys} FROM {table}"
    ).fetchall()
    large = {name: _large_sql(f"block_{name}", largest) for name, (_, largest) in BLOCKS.items()}
    kept = ", ".join(
        f"CASE WHEN block_{name} NOT IN ({sql}) THEN block_{name} END AS block_{name}"
        for name, sql in large.items()
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * REPLACE ({kept}) FROM link_blocks"
    ).fetchall()
    connection.execute("DROP TABLE link_blocks").fetchall()


def drop(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the encodings; they are personal data and end with the run."""
    connection.execute("DROP TABLE IF EXISTS temp.link_encoded").fetchall()


def _encoded(standard: pa.Table, encoder: Encoder) -> pa.Table:
    columns: dict[str, pa.Array] = {"node": standard["node"]}
    for column, namespace in TOKENS.items():
        columns[column] = encoder.token(namespace, standard[column])
    for column in VECTORS:
        words, bits = letter_vectors(encoder, column, standard[column])
        for word in range(WORDS):
            columns[f"{column}_{word}"] = pa.array(np.ascontiguousarray(words[:, word]))
        columns[f"{column}_n"] = pa.array(bits)
    for column in NUMBERS:
        columns[f"{column}_digits"] = packed_digits(encoder, column, standard[column])
    return pa.table(columns)


def _key_sql(fields: str) -> str:
    """SQL for one number that stands for several tokens, NULL if any is missing."""
    return fields if fields.isidentifier() else f"link_key([{fields}])"


def _large_sql(column: str, largest: int) -> str:
    """SELECT of the keys that too many records share."""
    return f"""SELECT {column} FROM link_blocks WHERE {column} IS NOT NULL
        GROUP BY {column} HAVING count(*) > {largest}"""
