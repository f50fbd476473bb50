"""The clauses documents are made of, as frozen Pydantic models.

Belongs here: the shape of one clause (a term, a cell rule, a party) and what
makes it well formed on its own. Does not: whole documents (`models.py`), what a
legal basis requires (`bases/`), or any question about a date or a request.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from data_sharing_agreements.vocabulary import Form, ProhibitedUse, Purpose, Redisclosure

Text = Annotated[str, StringConstraints(min_length=1)]
"""Words; never empty."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$")]
"""The id of a document, for example `DSA-ESD-WAGES`."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""A source, table or column: snake case."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
"""A project, basis, account or person: lower case with hyphens."""

Role = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
"""The role of an account: one lower-case word."""

Fields = dict[Name, tuple[Name, ...]]
"""Columns by table."""


class Clause(BaseModel):
    """Base of every clause: frozen, strict, and no key that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, str_strip_whitespace=True)


class Term(Clause):
    """First and last day in force, both included, and how the document is renewed."""

    start: date
    expiry: date
    renewal: Text | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.expiry < self.start:
            raise ValueError("the expiry lies before the start")
        return self


class Party(Clause):
    """A body bound by the document and the part it plays."""

    name: Text
    role: Literal["data_owner", "hub", "licensee", "board", "witness", "tribe"]


class NamedSignatory(Clause):
    """An office that must sign, and for which party.

    `counsel` confirms that the legal basis was read against its text.
    """

    office: Text
    party: Text
    role: Literal["signatory", "counsel"]


class BasisUse(Clause):
    """A legal basis the document rests on, and how the document meets its gate."""

    code: Slug
    statement: Text


class Linkage(Clause):
    """The sources whose records may be linked with these, and what for."""

    sources: tuple[Name, ...]
    purposes: tuple[Purpose, ...]


class ShareRule(Clause):
    """Dominance: the `n` largest contributors together may not exceed `share` of a cell."""

    n: int = Field(ge=1)
    share: float = Field(gt=0, le=1)


class DominanceRule(Clause):
    """Limits on how much of a magnitude a few contributors may make up.

    Args:
        shares: (n, k) rules; all apply.
        p_percent: The p% rule: the total less the two largest contributors must be
            at least this part of the largest (0.10 is ten percent).
    """

    shares: tuple[ShareRule, ...] = ()
    p_percent: float | None = Field(default=None, gt=0, le=1)


class Cells(Clause):
    """The cell rule for every table that leaves the hub.

    Args:
        minimum: Smallest number of persons a cell may show.
        zero_is_small: Whether a count of zero is hidden like a small one.
        rounding: Base to which shown counts are rounded after suppression; 1 is none.
        dominance: Limits on magnitudes.
    """

    minimum: int = Field(ge=1)
    zero_is_small: bool
    rounding: int = Field(ge=1)
    dominance: DominanceRule | None = None


class Release(Clause):
    """What may be given out, and in which form.

    Args:
        form: The most a project's own mart may hold inside the enclave.
        outputs: The most that may leave the enclave after review.
        public: Whether aggregates may be published as open data.
    """

    form: Form
    outputs: Form
    public: bool = False

    @model_validator(mode="after")
    def _outputs_within_form(self) -> Self:
        if not self.form.allows(self.outputs):
            raise ValueError("outputs may not be freer than the form")
        if self.public and not self.outputs.allows(Form.AGGREGATES):
            raise ValueError("public data needs outputs of aggregates at least")
        return self


class Review(Clause):
    """Who reviews an output before it leaves, and within how many working days."""

    who: tuple[Text, ...] = Field(min_length=1)
    days: int = Field(ge=0)


class Destruction(Clause):
    """By when and how data under the document are destroyed, and who is told.

    Args:
        by: The last day on which anything may be left.
        method: How it is done.
        certificate: Whether the hub signs a certificate of what was done.
        certificate_to: Who is given the certificate.
        attestation: Whether recipients state in writing that their copies are gone.
    """

    by: date
    method: Text
    certificate: bool = True
    certificate_to: tuple[Text, ...] = ()
    attestation: bool = False


class Breach(Clause):
    """Who is told of a breach, and within how many hours; persons concerned within days."""

    hours: int = Field(ge=1)
    notify: tuple[Text, ...] = Field(min_length=1)
    persons_days: int | None = Field(default=None, ge=1)


class Audit(Clause):
    """The right to inspect: by whom, and on what notice."""

    by: tuple[Text, ...] = Field(min_length=1)
    on_site: bool
    notice_days: int = Field(ge=0)


class Transfer(Clause):
    """How data reach the hub: method, timing, format, and how long they may lie."""

    method: Text
    timing: Text
    format: Text
    landing_hours: int = Field(ge=1)


class Period(Clause):
    """The months of service the data may cover; without `until`, to the end of the term."""

    start: date
    until: date | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.until is not None and self.until < self.start:
            raise ValueError("the period ends before it starts")
        return self


class Trained(Clause):
    """One human who may see data, and the dates between which the training holds.

    `person` stands for one human, whatever accounts and roles that human has.
    """

    person: Slug
    office: Text
    trained: date
    valid_until: date

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.valid_until < self.trained:
            raise ValueError("the training ends before it was given")
        return self

    def trained_on(self, on: date) -> bool:
        """Whether the training holds on that day."""
        return self.trained <= on <= self.valid_until


class Recipient(Trained):
    """An account of a licensee that may use a project's data."""

    account: Slug


class Handler(Trained):
    """One of the hub's people named in an agreement, and what they do with the data."""

    role: Role
    duty: Text


class Redisclosed(Clause):
    """To whom the data may be disclosed further, and on what terms."""

    to: Redisclosure
    words: Text


class Bans(Clause):
    """Uses that are banned whatever the purpose: from the controlled list, and in words."""

    uses: tuple[ProhibitedUse, ...] = Field(min_length=1)
    words: tuple[Text, ...] = ()


class RecordsSchedule(Clause):
    """For how many years after its end the document and what was decided under it are kept."""

    years_after_end: int = Field(ge=0)
    words: Text


class Answer(Clause):
    """One of the Four Questions: the answer, who decided it, and when."""

    answer: Text
    decided_by: Text
    decided: date


class FourQuestions(Clause):
    """Is it legal, ethical, a good idea, and how do we know (and who decides)?"""

    legal: Answer
    ethical: Answer
    good_idea: Answer
    who_decides: Answer


class Anonymity(Clause):
    """What a mart of rows must reach before it may be used.

    Args:
        k: Smallest group of persons sharing their quasi-identifiers.
        trajectory_share: Largest share of persons that someone who knows a few of
            their months may single out below `k` (0.05 is five percent).
    """

    k: int = Field(ge=1)
    trajectory_share: float | None = Field(default=None, ge=0, le=1)


class TableBuilder(Clause):
    """Terms of the table builder of an aggregates license.

    Args:
        noise_sd: Standard deviation of the consistent noise, in persons.
        budget: Number of tables one account may ask for over the project's life.
    """

    noise_sd: float = Field(ge=0)
    budget: float = Field(gt=0)
