"""The three kinds of document: EMOU, DSA, DUL.

Belongs here: the whole of each document and what makes it well formed on its own.
Does not: one clause's shape (`terms.py`), how documents must agree with one another
or with the law (`documents/checks.py`), what they permit (`decisions/`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field

from data_sharing_agreements.terms import (
    Anonymity,
    Audit,
    Bans,
    BasisUse,
    Breach,
    Cells,
    Clause,
    Destruction,
    Fields,
    FourQuestions,
    Handler,
    Identifier,
    Linkage,
    Name,
    NamedSignatory,
    Party,
    Period,
    Recipient,
    RecordsSchedule,
    Redisclosed,
    Release,
    Review,
    Slug,
    TableBuilder,
    Term,
    Text,
    Transfer,
)
from data_sharing_agreements.terms_governing import Approvals, Separation, Witnesses
from data_sharing_agreements.terms_people import (
    CompelledDisclosure,
    PublicNotice,
    RowRestrictions,
    SubjectRights,
    TribalAuthority,
)
from data_sharing_agreements.vocabulary import Purpose


class Document(Clause):
    """What all three documents have: identity, term, parties, and who must sign.

    A document holds no state and no signature: those are acts (`lifecycle/`), so that
    what was signed is never changed by what happens to it.
    """

    id: Identifier
    version: int = Field(ge=1)
    title: Text
    term: Term
    parties: tuple[Party, ...] = Field(min_length=2)
    signatories: tuple[NamedSignatory, ...] = Field(min_length=1)
    summary: Text


class Emou(Document):
    """The enterprise memorandum: the frame every other document rests on.

    Its cell rule, review and bans are the floor below which no document may go.
    """

    tier: Literal["emou"]
    default: Literal["deny"]
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    cells: Cells
    review: Review
    reidentification: Text
    prohibited_uses: Bans
    breach: Breach
    audit: Audit
    compelled_disclosure: CompelledDisclosure
    subject_rights: SubjectRights
    public_notice: PublicNotice
    records_schedule: RecordsSchedule
    tribal_authority: TribalAuthority
    approvals: Approvals
    separation: Separation
    witnesses: Witnesses | None = None
    four_questions: FourQuestions


class Dsa(Document):
    """A data sharing agreement: one source's data to the hub, on what terms.

    A clause that may be absent here may still be required by the legal basis; the
    loader then reports it by name.
    """

    tier: Literal["dsa"]
    parent: Identifier
    source: Name
    agency: Name
    legal_basis: tuple[BasisUse, ...] = Field(min_length=1)
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    tables: Fields = Field(min_length=1)
    derived: dict[Name, dict[Name, Name]] = Field(default_factory=dict)
    linkage: Linkage
    release: Release
    cells: Cells
    review: Review
    attribution: Text
    rows: Text | None = None
    period: Period | None = None
    transfer: Transfer | None = None
    recipients: tuple[Handler, ...] = ()
    row_restrictions: RowRestrictions | None = None
    tribal_authority: TribalAuthority | None = None
    redisclosure: Redisclosed | None = None
    safeguards: Text | None = None
    reidentification: Text | None = None
    prohibited_uses: Bans | None = None
    breach: Breach | None = None
    audit: Audit | None = None
    destruction: Destruction | None = None
    costs: Text | None = None
    penalties: Text | None = None
    compelled_disclosure: CompelledDisclosure | None = None
    subject_rights: SubjectRights | None = None
    records_schedule: RecordsSchedule | None = None
    public_notice: PublicNotice | None = None
    privacy_certificate: Text | None = None
    independent_review: Text | None = None
    designation: Text | None = None
    four_questions: FourQuestions | None = None

    @cached_property
    def fields(self) -> frozenset[str]:
        """Licensed columns as `source.table.column`, as delivered."""
        return _qualified(self.source, self.tables)

    @cached_property
    def licensable(self) -> frozenset[str]:
        """What a license may name: delivered columns and the coarser ones derived from them."""
        derived = {table: tuple(columns) for table, columns in self.derived.items()}
        return self.fields | _qualified(self.source, derived)


class Dul(Document):
    """A data use license: one project, its purpose, fields, people and outputs.

    `rows` says in words whose rows the project may use, `period` for which months of
    service; `periods` sets another period for single sources.
    """

    tier: Literal["dul"]
    parent: Identifier
    agreements: tuple[Identifier, ...] = Field(min_length=1)
    project: Slug
    purpose: Purpose
    question: Text
    fields: dict[Name, Fields] = Field(min_length=1)
    rows: Text | None = None
    period: Period | None = None
    periods: dict[Name, Period] = Field(default_factory=dict)
    recipients: tuple[Recipient, ...] = Field(min_length=1)
    release: Release
    cells: Cells
    review: Review
    destruction: Destruction
    attribution: Text
    anonymity: Anonymity | None = None
    table_builder: TableBuilder | None = None
    redisclosure: Redisclosed
    reidentification: Text
    prohibited_uses: Bans
    four_questions: FourQuestions

    @property
    def sources(self) -> frozenset[str]:
        """Sources the project may use."""
        return frozenset(self.fields)

    @cached_property
    def licensed(self) -> frozenset[str]:
        """Fields of the project as `source.table.column`."""
        return frozenset().union(*(_qualified(source, t) for source, t in self.fields.items()))

    def period_for(self, source: str) -> Period | None:
        """Months of service the project may use of one source, or None if it does not say."""
        return self.periods.get(source, self.period)

    def recipient(self, account: str) -> int | None:
        """Position of the recipient with that account, if it is one."""
        return next((i for i, r in enumerate(self.recipients) if r.account == account), None)


def _qualified(source: str, tables: dict[str, tuple[str, ...]]) -> frozenset[str]:
    return frozenset(f"{source}.{table}.{column}" for table, columns in tables.items() for column in columns)
