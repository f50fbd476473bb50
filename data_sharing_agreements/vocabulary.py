"""The controlled words of agreements: verbs, forms, purposes.

Belongs here: closed lists that documents, requests and decisions share.
Does not: what any of them permits (`decisions/`), or the law (`bases/`).
"""

from __future__ import annotations

from enum import StrEnum


class Verb(StrEnum):
    """What somebody asks to do. Anything else is refused."""

    INGEST = "ingest"
    ENCODE = "encode"
    LINK = "link"
    EVALUATE = "evaluate"
    REVIEW = "review"
    BUILD = "build"
    SHOW = "show"
    PREPARE = "prepare"
    QUERY = "query"
    RELEASE = "release"
    EXPORT = "export"
    REPORT = "report"
    RESTRICT = "restrict"
    KEEP = "keep"
    BACKUP = "backup"
    DESTROY = "destroy"


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


class ProhibitedUse(StrEnum):
    """The controlled list of uses a document bans, whatever the purpose."""

    DECISION_ABOUT_A_PERSON = "decision_about_a_person"
    ELIGIBILITY = "eligibility"
    INVESTIGATION = "investigation"
    IMMIGRATION_ENFORCEMENT = "immigration_enforcement"
    CONTACT = "contact"
    PROCEEDINGS = "proceedings"
    DENIAL_OF_SERVICE = "denial_of_service"
    SALE = "sale"
    MODEL_TRAINING = "model_training"
    FURTHER_LINKAGE = "further_linkage"
    COPYING_ROWS = "copying_rows"


class RestrictionKind(StrEnum):
    """Why one person's rows may be kept back, whatever the document permits."""

    CONSENT = "consent"
    OPT_OUT = "opt_out"
    SEALED = "sealed"
    EXPUNGED = "expunged"
    MINOR_CONSENTED = "minor_consented"
    TRIBAL = "tribal"
    ADDRESS_CONFIDENTIAL = "address_confidential"
    PART2 = "part2"


class Redisclosure(StrEnum):
    """To whom data may be disclosed further, the strictest first."""

    NOBODY = "nobody"
    SOURCE_ONLY = "source_only"
    UNDER_LICENSE = "under_license"

    @property
    def rank(self) -> int:
        """Order of permissiveness; the lower rank is the stricter."""
        return tuple(Redisclosure).index(self)


class Demand(StrEnum):
    """Kinds of demand by which somebody outside may try to obtain data."""

    SUBPOENA = "subpoena"
    PUBLIC_RECORDS = "public_records"
    FEDERAL = "federal"


class Tier(StrEnum):
    """The three tiers of agreements; each rests on the one before."""

    EMOU = "emou"
    DSA = "dsa"
    DUL = "dul"


VERBS: frozenset[str] = frozenset(Verb)
"""The words of `Verb`, for asking whether a string is one."""

FORMS: frozenset[str] = frozenset(Form)
"""The words of `Form`, for asking whether a string is one."""
