"""Laws that only forbid: what may never enter the hub, whoever agrees to it.

Belongs here: the model of a prohibition, the loader of a directory of them, and which
of them a column would break. Does not: laws that permit (`model.py`), or reporting the
fault (`documents/checks.py` for agreements, the contracts' own check for contracts).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from data_sharing_agreements.bases.model import BASES_DIRECTORY, Described, read_laws
from data_sharing_agreements.terms import Clause, Name, Slug, Text
from data_sharing_agreements.vocabulary import RestrictionKind

PROHIBITIONS_DIRECTORY = BASES_DIRECTORY / "prohibitions"
"""The prohibitions that come with the program."""


class Columns(Clause):
    """Columns told by their names.

    Args:
        columns: Regular expressions; a column is meant if one matches its whole name.
        unless: Names that are not meant although one matches.
        what: What such a column holds, in words.
    """

    columns: tuple[Text, ...] = Field(min_length=1)
    unless: tuple[Name, ...] = ()
    what: Text

    @field_validator("columns")
    @classmethod
    def _patterns_compile(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in columns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError("this is not a regular expression") from error
        return columns

    def means(self, column: str) -> bool:
        """Whether a column of that name is meant."""
        return column not in self.unless and any(re.fullmatch(p, column) for p in self.columns)


class Condition(Columns):
    """Columns that may enter only where a kind of restriction is applied to the rows."""

    restriction: RestrictionKind


class Marker(Clause):
    """What an agreement on a basis must license, so that rows that may not enter can be told apart."""

    basis: Slug
    column: Name
    what: Text


class Prohibition(Described):
    """One law that forbids.

    Args:
        rule: What it forbids, in words.
        never: Columns that may never enter.
        conditions: Columns that need a kind of restriction.
        markers: Columns by which rows that may not enter are told apart.
    """

    kind: Literal["prohibition"]
    rule: Text
    never: tuple[Columns, ...] = Field(min_length=1)
    conditions: tuple[Condition, ...] = ()
    markers: tuple[Marker, ...] = ()


def load_prohibitions(directory: Path = PROHIBITIONS_DIRECTORY) -> Mapping[str, Prohibition]:
    """Read every prohibition of a directory, by code.

    Raises:
        Invalid: With the faults of all files at once.
    """
    return read_laws(directory, Prohibition, folder="bases/prohibitions")


@cache
def standing_prohibitions() -> tuple[Prohibition, ...]:
    """The prohibitions that come with the program, which no deployment can leave out."""
    return tuple(load_prohibitions().values())


def forbidding(prohibitions: Iterable[Prohibition], column: str) -> tuple[Prohibition, Columns] | None:
    """Return the first prohibition a column of that name would break, with what it is, or None."""
    found = ((law, never) for law in prohibitions for never in law.never if never.means(column))
    return next(found, None)
