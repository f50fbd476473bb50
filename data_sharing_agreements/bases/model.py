"""The model of a legal basis and the loader of a directory of them.

Belongs here: what a basis file may say. Does not: applying it, which is the work of
`documents/checks.py` (required terms) and `decisions/` (gates and limits).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, field_validator

from data_sharing_agreements.errors import ErrorDetail, Invalid
from data_sharing_agreements.models import Dsa
from data_sharing_agreements.reading import read_model
from data_sharing_agreements.terms import Clause, Slug, Text
from data_sharing_agreements.vocabulary import Form, Purpose

BASES_DIRECTORY = Path(__file__).parent
"""The bases that come with the program."""


class Limits(Clause):
    """Standing limits on data under a basis, whatever the agreement says."""

    minimum_cell: int | None = Field(default=None, ge=1)
    zero_is_small: bool = False
    release_form: Form = Form.ROWS
    outputs: Form = Form.ROWS
    review_days: int | None = Field(default=None, ge=0)


class Basis(Clause):
    """One legal basis.

    Args:
        code: The name documents use.
        citation: Where the law is written.
        gate: Who may receive the data and for what, in words.
        purposes: Purposes for which the gate opens.
        linkage_purposes: Purposes for which records may also be linked with others'.
        required_terms: Clauses a DSA must contain, each with what the law asks.
        limits: Standing limits.
        restricted: Whether every column must be named one by one.
        checked_against_text: Whether this file was checked against the law's text.
        unchecked: What was not, for counsel.
    """

    code: Slug
    title: Text
    citation: Text
    gate: Text
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    linkage_purposes: tuple[Purpose, ...]
    required_terms: dict[str, Text] = Field(min_length=1)
    limits: Limits = Limits()
    restricted: bool = True
    checked_against_text: bool
    unchecked: tuple[Text, ...] = ()

    @field_validator("required_terms")
    @classmethod
    def _terms_exist(cls, terms: dict[str, str]) -> dict[str, str]:
        if any(term not in Dsa.model_fields for term in terms):
            raise ValueError("a required term is not a term of data sharing agreements")
        return terms


def load_bases(directory: Path = BASES_DIRECTORY) -> Mapping[str, Basis]:
    """Read every basis file of a directory, by code.

    Raises:
        Invalid: With the faults of all files at once.
    """
    found: dict[str, Basis] = {}
    faults: list[ErrorDetail] = []
    for path in sorted(directory.glob("*.yaml")):
        basis, wrong = read_model(path, Basis, place=f"bases/{path.name}")
        faults += wrong
        if basis is None:
            continue
        if basis.code != path.stem:
            faults.append(
                ErrorDetail(
                    "basis-misnamed",
                    f"bases/{path.name}:code: the code is not the name of the file",
                    why="A document finds a basis by its code.",
                    next="Give the file the name of its code.",
                )
            )
        found[basis.code] = basis
    Invalid.collect(faults)
    return found
