"""The model of a legal basis and the loader of a directory of them.

Belongs here: what a basis file may say. Does not: applying it, which is the work of
`documents/checks.py` (required terms) and `decisions/` (gates and limits); what never
may enter (`prohibitions.py`); what several bases say together about rows (`rows.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from data_sharing_agreements.errors import ErrorDetail, Invalid
from data_sharing_agreements.models import Dsa
from data_sharing_agreements.reading import read_model
from data_sharing_agreements.terms import Clause, Slug, Text
from data_sharing_agreements.vocabulary import (
    Form,
    ProhibitedUse,
    Purpose,
    Redisclosure,
    RestrictionKind,
)

BASES_DIRECTORY = Path(__file__).parent
"""The bases that come with the program."""


class Limits(Clause):
    """Standing limits on data under a basis, whatever the agreement says."""

    minimum_cell: int | None = Field(default=None, ge=1)
    zero_is_small: bool = False
    release_form: Form = Form.ROWS
    outputs: Form = Form.ROWS
    review_days: int | None = Field(default=None, ge=0)


class BreachClock(Clause):
    """Within how many hours of its discovery a breach is reported, to whom, by which rule."""

    whom: Text
    hours: int = Field(ge=1)
    citation: Text
    checked: bool


class Described(Clause):
    """What a basis and a prohibition have in common: where the law is, and what was read."""

    code: Slug
    title: Text
    citation: Text
    checked_against_text: bool
    unchecked: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _says_what_is_unchecked(self) -> Self:
        if not (self.checked_against_text or self.unchecked):
            raise ValueError("a basis that was not checked says what counsel must read")
        return self


Law = TypeVar("Law", bound=Described)


class Basis(Described):
    """One legal basis.

    Args:
        kind: A basis permits; what only forbids is a `Prohibition`.
        code: The name documents use.
        citation: Where the law is written.
        gate: Who may receive the data and for what, in words.
        purposes: Purposes for which the gate opens.
        linkage_purposes: Purposes for which records may also be linked with others'.
        required_terms: Clauses a DSA must contain, each with what the law asks.
        limits: Standing limits.
        restricted: Whether every column must be named one by one.
        prohibited_uses: Uses that a document under it must ban, itself or its memorandum.
        redisclosure: The most a document under it may permit.
        consent_required: Whether a person's consent must be known to be given.
        consent_waived_with: Bases that, named beside this one, waive the consent.
        restrictions: Kinds of restriction a document under it must apply.
        unknown: Whether a person of whom nothing is known is left out.
        lasting_spine: Whether records may stand in the statewide map of records to
            persons; if not, they link inside one project and only while it lasts.
        breach_hours: The clocks of the law for a breach.
        checked_against_text: Whether this file was checked against the law's text.
        unchecked: What was not, for counsel.
    """

    kind: Literal["permission"] = "permission"
    gate: Text
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    linkage_purposes: tuple[Purpose, ...]
    required_terms: dict[str, Text] = Field(min_length=1)
    limits: Limits = Limits()
    restricted: bool = True
    prohibited_uses: tuple[ProhibitedUse, ...] = ()
    redisclosure: Redisclosure = Redisclosure.UNDER_LICENSE
    consent_required: bool = False
    consent_waived_with: tuple[Slug, ...] = ()
    restrictions: tuple[RestrictionKind, ...] = ()
    unknown: Literal["exclude", "include"] = "include"
    lasting_spine: bool = True
    breach_hours: tuple[BreachClock, ...] = ()

    @field_validator("required_terms")
    @classmethod
    def _terms_exist(cls, terms: dict[str, str]) -> dict[str, str]:
        if any(term not in Dsa.model_fields for term in terms):
            raise ValueError("a required term is not a term of data sharing agreements")
        return terms

    @model_validator(mode="after")
    def _consent_is_complete(self) -> Self:
        if self.consent_required and RestrictionKind.CONSENT not in self.restrictions:
            raise ValueError("where consent is required, consent is one of the restrictions")
        if self.consent_required and self.unknown != "exclude":
            raise ValueError("where consent is required, unknown means exclude")
        return self


def load_bases(directory: Path = BASES_DIRECTORY) -> Mapping[str, Basis]:
    """Read every basis file of a directory, by code.

    Raises:
        Invalid: With the faults of all files at once.
    """
    return read_laws(directory, Basis, folder="bases")


def read_laws(directory: Path, model: type[Law], *, folder: str) -> Mapping[str, Law]:
    """Read every file of a directory as a basis or a prohibition, by code.

    Raises:
        Invalid: With the faults of all files at once.
    """
    found: dict[str, Law] = {}
    faults: list[ErrorDetail] = []
    for path in sorted(directory.glob("*.yaml")):
        law, wrong = read_model(path, model, place=f"{folder}/{path.name}")
        faults += wrong
        if law is None:
            continue
        if law.code != path.stem:
            faults.append(
                ErrorDetail(
                    "basis-misnamed",
                    f"{folder}/{path.name}:code: the code is not the name of the file",
                    why="A document finds a basis by its code.",
                    next="Give the file the name of its code.",
                )
            )
        found[law.code] = law
    Invalid.collect(faults)
    return found
