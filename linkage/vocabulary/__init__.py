"""The words standardisation knows: nicknames, placeholders, particles, street words.

Belongs here: lists as data (CSV files beside this module) and their loading. Does
not: what is done with them (standardise_*.py).
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def _rows(name: str) -> list[dict[str, str]]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def words(kind: str) -> Mapping[str, str]:
    """Return the words of a kind and what each is written as ("" where it has no other form).

    Args:
        kind: `given_placeholder`, `surname_placeholder`, `particle`, `suffix`, `street`,
            `unit`, `ssn_placeholder`, `date_placeholder` or `mojibake` (UTF-8 read as Latin letters).
    """
    return {row["word"]: row["standard"] for row in _rows("words.csv") if row["kind"] == kind}


@cache
def nicknames() -> tuple[tuple[str, str, str | None], ...]:
    """Return (name, formal name, second formal name) for names that stand for another."""
    return tuple((row["name"], row["formal"], row["other_formal"] or None) for row in _rows("nicknames.csv"))


@cache
def name_languages() -> tuple[tuple[str, str, str], ...]:
    """Return (kind, word, group): surnames, and endings of surnames, of a language's names.

    A list of common ones, from no file of people; it says where a name is usual, and
    nothing about who bears it.
    """
    return tuple((row["kind"], row["word"], row["group"]) for row in _rows("name_languages.csv"))


def sql_list(kind: str) -> str:
    """Return the words of a kind as a DuckDB list literal."""
    return "[" + ", ".join(f"'{word}'" for word in words(kind)) + "]"


def sql_map(kind: str) -> str:
    """Return the words of a kind and their standard form as a DuckDB map literal."""
    return "MAP {" + ", ".join(f"'{word}': '{standard}'" for word, standard in words(kind).items()) + "}"
