"""The controlled words of agreements: verbs, forms, purposes, states.

Belongs here: closed lists that documents, requests and decisions share.
Does not: what any of them permits (`decisions/`), or the law (`bases/`).
"""

from __future__ import annotations

from enum import StrEnum


class Verb(StrEnum):
    """What somebody asks to do. Anything else is refused."""

    INGEST = "ingest"
    LINK = "link"
    BUILD = "build"
    QUERY = "query"
    RELEASE = "release"
    EXPORT = "export"


class Form(StrEnum):
    """How much of the data a document lets go: nothing, aggregates, or rows."""

    NONE = "none"
    AGGREGATES = "aggregates"
    ROWS = "rows"

    @property
    def rank(self) -> int:
        """Order of permissiveness; the lower rank is the stricter form."""
        return _FORM_RANK[self]

    def allows(self, asked: Form) -> bool:
        """Whether a document of this form permits the form that is asked for."""
        return asked.rank <= self.rank


_FORM_RANK = {Form.NONE: 0, Form.AGGREGATES: 1, Form.ROWS: 2}


class Purpose(StrEnum):
    """The controlled list of purposes; an agreement permits only those it names."""

    PROGRAM_ADMINISTRATION = "program_administration"
    PROGRAM_EVALUATION = "program_evaluation"
    PERFORMANCE_MANAGEMENT = "performance_management"
    AUDIT = "audit"
    RESEARCH = "research"
    PUBLIC_HEALTH = "public_health"
    PUBLIC_REPORTING = "public_reporting"


class Status(StrEnum):
    """Where a document stands, apart from its dates. Only `active` permits anything."""

    DRAFT = "draft"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"


class Tier(StrEnum):
    """The three tiers of agreements; each rests on the one before."""

    EMOU = "emou"
    DSA = "dsa"
    DUL = "dul"


VERBS: frozenset[str] = frozenset(Verb)
"""The words of `Verb`, for asking whether a string is one."""

FORMS: frozenset[str] = frozenset(Form)
"""The words of `Form`, for asking whether a string is one."""
