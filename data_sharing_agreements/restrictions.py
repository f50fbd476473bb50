"""Restrictions of rows: what people, agencies and tribes may say about single records.

Belongs here: the kinds of restriction, what each bars, and the pure reading of a
record's entries on a day. Does not: notices and their signatures, or the tables and
SQL that apply them (`warehouse/restrictions`); a test holds the SQL to this reading.

A record's entries are acts in an order. A `set` begins a restriction, a `revoke` ends
every `set` of its kind before it. Of consent, `set` says that it was given and
`revoke` that it was withdrawn. Whoever is not yet of age stays so until the birth
date shows otherwise: what is not known never frees a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from data_sharing_agreements.bases.rows import RowRules, row_rules
from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.vocabulary import Purpose, RestrictionKind, Verb

MAJORITY_YEARS = 18

Kind = RestrictionKind
"""Why a record is restricted."""


class Act(StrEnum):
    """What an entry does: begin a restriction or end it; of consent, give it or withdraw it."""

    SET = "set"
    REVOKE = "revoke"


class Scope(StrEnum):
    """How far an entry reaches: its record, the person's records in its source, all of the person's."""

    RECORD = "record"
    SOURCE = "source"
    PERSON = "person"


@dataclass(frozen=True)
class Rule:
    """What a kind of restriction does.

    Args:
        title: What people call it.
        citation: Where it comes from.
        keeps: Purposes that go on in spite of it.
        bars: Whether it keeps records out of uses at all.
        narrows: Whether an entry may name the uses it bars, and no others.
        keeps_out: Whether rows that are delivered again are not taken in.
        hides_address: Whether linkage never sees the address.
        own_spine: Whether `keeps` holds only inside a project's own spine.
        until_majority: Whether it ends when the person comes of age.
    """

    title: str
    citation: str
    keeps: frozenset[Purpose] = frozenset()
    bars: bool = True
    narrows: bool = False
    keeps_out: bool = False
    hides_address: bool = False
    own_spine: bool = False
    until_majority: bool = False


_HOUSEKEEPING = frozenset({Purpose.PROGRAM_ADMINISTRATION, Purpose.AUDIT})

RULES: Mapping[Kind, Rule] = MappingProxyType(
    {
        Kind.CONSENT: Rule(
            "consent withdrawn", "the consent form of the source", narrows=True, keeps_out=True
        ),
        Kind.OPT_OUT: Rule("opted out", "the memorandum, subject_rights", _HOUSEKEEPING, narrows=True),
        Kind.SEALED: Rule("sealed", "the order of the court", keeps_out=True),
        Kind.EXPUNGED: Rule("expunged", "the order of the court", keeps_out=True),
        Kind.MINOR_CONSENTED: Rule(
            "service a minor consented to",
            "state law on minors' consent",
            _HOUSEKEEPING,
            narrows=True,
            until_majority=True,
        ),
        Kind.TRIBAL: Rule(
            "tribal authority", "the memorandum, tribal_authority", _HOUSEKEEPING, narrows=True
        ),
        Kind.ADDRESS_CONFIDENTIAL: Rule(
            "address confidential", "state law on address confidentiality", bars=False, hides_address=True
        ),
        Kind.PART2: Rule(
            "substance use treatment", "42 CFR Part 2", frozenset({Purpose.RESEARCH}), own_spine=True
        ),
    }
)
"""Each kind and what it does; the SQL is made from this table too."""

BARRABLE: frozenset[str] = frozenset(Purpose) | frozenset(Verb)
"""Words an entry may name as barred: purposes and verbs."""


@dataclass(frozen=True)
class Entry:
    """One act about one record.

    Args:
        kind, act: What it is.
        start, until: First and last day; without `until`, to further notice.
        bars: Purposes and verbs it bars, where the kind may be narrowed; empty means
            all that the kind bars.
        order: Place among the record's acts; a later one may revoke an earlier one.
    """

    kind: Kind
    act: Act
    start: date
    until: date | None = None
    bars: frozenset[str] = frozenset()
    order: tuple[int, int] = (0, 0)

    def runs(self, on: date) -> bool:
        """Whether the day lies within its days."""
        return self.start <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True)
class Use:
    """What records are read for.

    Args:
        verbs: The verbs of the decisions under which they are read.
        purpose: Their purpose; None is barred by whatever bars anything.
        own_spine: Whether the records are linked in a spine of the project's own.
    """

    verbs: frozenset[str]
    purpose: str | None
    own_spine: bool = False


def of_age(born: date | None, on: date) -> bool:
    """Whether somebody is of age on a day; nobody is whose birth date is not known.

    Whoever was born on 29 February is of age on 1 March.
    """
    if born is None:
        return False
    return (on.year - MAJORITY_YEARS, on.month, on.day) >= (born.year, born.month, born.day)


def standing(entries: Iterable[Entry], on: date, born: date | None = None) -> tuple[Entry, ...]:
    """Return the entries of one record that stand on a day.

    These are acts of `set` that run, that no later `revoke` of their kind has ended by
    then, and that majority has not ended; and a `revoke` of consent that no later
    consent follows.
    """
    begun = [entry for entry in entries if entry.start <= on]
    return tuple(entry for entry in begun if _stands(entry, begun, on, born))


def _stands(entry: Entry, begun: Sequence[Entry], on: date, born: date | None) -> bool:
    later = [other for other in begun if other.kind is entry.kind and other.order > entry.order]
    if entry.act is Act.REVOKE:
        return entry.kind is Kind.CONSENT and not any(other.act is Act.SET for other in later)
    if any(other.act is Act.REVOKE for other in later) or not entry.runs(on):
        return False
    return not (RULES[entry.kind].until_majority and of_age(born, on))


def entry_bars(entry: Entry, use: Use) -> bool:
    """Whether an entry that stands bars a use."""
    rule = RULES[entry.kind]
    if not rule.bars or _consents(entry):
        return False
    if rule.narrows and entry.bars:
        return use.purpose is None or bool((use.verbs | {use.purpose}) & entry.bars)
    if rule.own_spine and not use.own_spine:
        return True
    return use.purpose not in rule.keeps


def _consents(entry: Entry) -> bool:
    return entry.kind is Kind.CONSENT and entry.act is Act.SET


def barred(
    entries: Iterable[Entry], use: Use, on: date, *, born: date | None = None, consent_required: bool = False
) -> bool:
    """Whether a record may not be read for a use on a day.

    Args:
        entries: What is said about the record.
        use: What it would be read for.
        on: The day.
        born: The person's birth date, if known.
        consent_required: Whether its source asks consent; then no word means no.
    """
    found = standing(entries, on, born)
    if any(entry_bars(entry, use) for entry in found):
        return True
    return consent_required and not any(_consents(entry) for entry in found)


def keeps_out(entries: Iterable[Entry], on: date) -> bool:
    """Whether rows of a record are not taken in when they are delivered again."""
    return any(
        RULES[entry.kind].keeps_out and not entry.bars and not _consents(entry)
        for entry in standing(entries, on)
    )


def hides_address(entries: Iterable[Entry], on: date) -> bool:
    """Whether linkage may not see the address of a record."""
    return any(RULES[entry.kind].hides_address for entry in standing(entries, on))


def consent_sources(agreements: Agreements) -> frozenset[str]:
    """Return the sources of which a record without a word of consent is excluded."""
    return frozenset(dsa.source for dsa in agreements.dsas if _asks_consent(row_rules(dsa, agreements.bases)))


def _asks_consent(rules: RowRules) -> bool:
    return rules.consent_required or (rules.exclude_unknown and Kind.CONSENT in rules.kinds)


def own_spine_sources(agreements: Agreements) -> frozenset[str]:
    """Return the sources that never enter the statewide spine, and link in a project's own alone."""
    return frozenset(
        dsa.source for dsa in agreements.dsas if not row_rules(dsa, agreements.bases).lasting_spine
    )


def own_spine_projects(agreements: Agreements) -> frozenset[str]:
    """Return the projects licensed for such a source: each has a spine of its own."""
    apart = own_spine_sources(agreements)
    return frozenset(dul.project for dul in agreements.duls if dul.sources & apart)
