"""Parameters of the encodings an agency sends: one version, the same for everybody.

Belongs here: blocks, fields and sizes, as data. Does not: making the encodings
(linkage.agency.encoder), or comparing them (linkage.agency.compare). Whoever changes anything here counts
`VERSION` up: deliveries of two versions cannot be compared and are refused.

A record is written once for each of its blocks. A block is a combination of values that
hardly two people share; its keyed token brings records together. Everything else in that
row is made under the block's value as salt: it can be compared with other rows of the same
block, and with nothing else. So no value has the same encoding in two blocks, there is no
frequency to count, and a row that is alone in its block is as good as random.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = 2
"""Counts up with every change here or in the encoder that changes an encoding."""


@dataclass(frozen=True)
class Block:
    """A combination of standardised values on which records are brought together.

    Args:
        name: For reports.
        fields: All must be known.
        unordered: The first two are put in order, so that swapped names meet.
        most: More records than these in one block are not compared.
    """

    name: str
    fields: tuple[str, ...]
    unordered: bool = False
    most: int = 100


BLOCKS: tuple[Block, ...] = (
    Block("ssn", ("ssn",)),
    Block("birth_given", ("birth_year", "day_month", "given_phonetic")),
    Block("birth_surname", ("birth_year", "day_month", "surname_phonetic")),
    Block("names_day", ("given_phonetic", "surname_phonetic", "day_month"), unordered=True),
    Block("names_year_zip", ("given_phonetic", "surname_phonetic", "birth_year", "zip"), unordered=True),
    Block("names_ssn_last", ("given_phonetic", "surname_phonetic", "ssn_last"), unordered=True),
    Block("birth_ssn_last", ("birth", "ssn_last")),
    Block("place_given", ("street", "number", "given_phonetic")),
    Block("place_birth", ("street", "number", "birth")),
    Block("names_zip", ("given_phonetic", "surname_phonetic", "zip"), unordered=True),
)
"""Each at least as rare as a birth date with half a name; none is a single common value."""

FIELDS: Mapping[str, str] = {
    "given": "name", "initial": "letter", "formal": "name", "other_formal": "name",
    "given_phonetic": "sound", "surname": "name", "part_a": "name", "part_b": "name", "part_c": "name",
    "surname_phonetic": "sound", "middle": "name", "middle_initial": "letter", "suffix": "suffix",
    "birth": "birth", "birth_year": "year", "day_month": "day", "ssn": "ssn", "ssn_last": "ssn_last",
    "sex": "sex", "number": "number", "street": "street", "unit": "unit", "zip": "zip",
    "phone": "phone", "email": "email",
}  # fmt: skip
"""Standardised columns that are carried in every row as salted marks of 16 bits, and the
namespace each is made in: fields of one namespace can be compared with each other."""

PLACE = "place"
"""A mark of house number and street together."""

VECTORS: tuple[str, ...] = ("given", "surname")
"""Columns carried as salted bit vectors of letters and pairs of letters as well."""

VECTOR_WORDS = 2
"""Length of such a vector in words of 64 bits."""

NUMBERS: tuple[str, ...] = ("birth", "ssn")
"""Columns carried as salted digits as well, four bits each."""

MOST_IN_DELIVERY = 8
"""A block that more different people of one delivery share is left out of it."""


def fingerprint() -> str:
    """Return a digest of all parameters, which goes into the key and the manifest."""
    said = (VERSION, BLOCKS, tuple(FIELDS.items()), VECTORS, VECTOR_WORDS, NUMBERS, MOST_IN_DELIVERY)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def columns() -> dict[str, str]:
    """Return the columns of an encoded row and their DuckDB types, without whose it is."""
    found = {"block": "TINYINT", "token": "BIGINT"}
    found |= dict.fromkeys((*FIELDS, PLACE), "SMALLINT")
    found |= {f"{name}_digits": "BIGINT" for name in NUMBERS}
    return found | {f"{name}_{word}": "BIGINT" for name in VECTORS for word in range(VECTOR_WORDS)}


ADDRESS_FIELDS: tuple[str, ...] = ("number", "street", "unit", "zip", PLACE)
"""Columns that say where a person lives."""


def address_blocks() -> tuple[int, ...]:
    """Return the blocks, by place, that an address is part of."""
    return tuple(i for i, block in enumerate(BLOCKS) if set(block.fields) & set(ADDRESS_FIELDS))
