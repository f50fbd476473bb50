"""The clauses of the memorandum about who decides: approvals, witnesses, separated duties.

Belongs here: the shape of each and what makes it well formed on its own. Does not: who
has approved what (`lifecycle/`), or which roles an account has (`registry/`).
"""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from data_sharing_agreements.terms import Clause, Role, Slug, Text

Ground = Literal["statute", "regulation", "court_order", "agreement", "tribal_law"]
"""What may justify a refusal to share where sharing is presumed."""


class Approvals(Clause):
    """Whose approval a document needs before it counts.

    Args:
        each_contributing_agency: Every agency whose data a license uses approves it.
        board: The governance board approves it too.
        counsel_for_unchecked_bases: Counsel signs whatever rests on a legal basis whose
            file was not checked against the law's text; this cannot be waived.
        two_people: Whoever submits or proposes is never one of those who approve.
        presumption_of_sharing: An agency that refuses must name a legal ground.
        objection_grounds: The kinds of ground that count.
        objection_days: Calendar days in which an objection must be made.
        silence_approves: Whether an agency that is silent that long has approved.
        words: The clause in words.
    """

    each_contributing_agency: bool
    board: bool
    counsel_for_unchecked_bases: Literal[True]
    two_people: bool
    presumption_of_sharing: bool
    objection_grounds: tuple[Ground, ...] = ()
    objection_days: int | None = Field(default=None, ge=1)
    silence_approves: bool = False
    words: Text

    @model_validator(mode="after")
    def _presumption_is_complete(self) -> Self:
        if self.presumption_of_sharing and not (self.objection_grounds and self.objection_days):
            raise ValueError("a presumption of sharing needs objection_grounds and objection_days")
        if self.silence_approves and not self.presumption_of_sharing:
            raise ValueError("silence can approve only where sharing is presumed")
        return self


class Witnesses(Clause):
    """Parties that cosign the log's checkpoints.

    Args:
        names: The parties, by name.
        required: How many of them must have cosigned for a checkpoint to be witnessed.
        publication_waits: Whether nothing is published before that.
    """

    names: tuple[Text, ...] = Field(min_length=1)
    required: int = Field(ge=1)
    publication_waits: bool

    @model_validator(mode="after")
    def _enough_witnesses(self) -> Self:
        if len(set(self.names)) != len(self.names):
            raise ValueError("a witness is named twice")
        if self.required > len(self.names):
            raise ValueError("more witnesses are required than are named")
        return self


class SeparationException(Clause):
    """One human who may hold roles that are kept apart otherwise, why, and until when."""

    person: Slug
    roles: tuple[Role, ...] = Field(min_length=2)
    reason: Text
    until: date


class Separation(Clause):
    """Roles that one human may not hold together, and who is excepted.

    Every output made while an exception holds says that duties were not separated.
    """

    forbidden_pairs: tuple[tuple[Role, Role], ...] = Field(min_length=1)
    exceptions: tuple[SeparationException, ...] = ()

    @model_validator(mode="after")
    def _pairs_are_pairs(self) -> Self:
        if any(one == other for one, other in self.forbidden_pairs):
            raise ValueError("a pair names the same role twice")
        return self
