"""The clauses about the people in the data: their rights, and whose rows are kept back.

Belongs here: subject rights, public notice, tribal authority, row restrictions and
compelled disclosure, each well formed on its own. Does not: the clauses every document
has (`terms.py`), who approves (`terms_governing.py`), or one person's restriction.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from data_sharing_agreements.terms import Clause, Text
from data_sharing_agreements.vocabulary import Demand, Purpose, RestrictionKind


class Right(Clause):
    """One right of a person: within how many calendar days it is answered, and how."""

    days: int = Field(ge=1)
    how: Text


class SubjectRights(Clause):
    """What a person may ask, through whom, and how soon it is answered.

    Args:
        through: Where a person asks; never the hub, which knows nobody by name.
        inspect: To see what is held.
        correct: To have it corrected.
        contest_link: To say that two records are not one person, or are.
        opt_out: To be left out.
        hub_days: Calendar days within which the hub acts on what the agency tells it.
    """

    through: Text
    inspect: Right
    correct: Right
    contest_link: Right
    opt_out: Right
    hub_days: int = Field(ge=1)


class PublicNotice(Clause):
    """What people are told about the use of their data.

    Args:
        where: Where the notice is posted.
        since: From which day.
        purposes: The purposes it names; a use it does not name is not covered by it.
        words: What it says.
        languages: Languages it is posted in.
    """

    where: Text
    since: date
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    words: Text
    languages: tuple[Text, ...] = ()


class TribalAuthority(Clause):
    """What tribal nations decide about data in which their members can be told apart.

    Args:
        tribes: Names of the nations concerned, each a party; in the memorandum none
            means whichever nation an agreement names.
        approves: What needs their approval.
        may_withdraw: Whether they may withdraw what they approved.
        withdrawal_days: Calendar days within which a withdrawal is carried out.
        words: The clause in words.
    """

    tribes: tuple[Text, ...] = ()
    approves: tuple[Literal["use", "publication"], ...] = Field(min_length=1)
    may_withdraw: bool
    withdrawal_days: int = Field(ge=0)
    words: Text


class RowRestrictions(Clause):
    """Which restrictions of single persons apply to the rows of a source.

    Args:
        kinds: The kinds of restriction the agency may send and the hub applies.
        unknown: What happens to a person of whom nothing is known about a kind that
            the law makes a condition: `exclude` keeps the rows back.
        words: Where the law or the agency's practice asks for it.
    """

    kinds: tuple[RestrictionKind, ...]
    unknown: Literal["exclude", "include"]
    words: Text


class DemandClock(Clause):
    """Who is told of one kind of demand, and within how many hours."""

    notify: tuple[Text, ...] = Field(min_length=1)
    hours: int = Field(ge=1)


class CompelledDisclosure(Clause):
    """Subpoenas, public-records requests and federal demands: who is told, and how soon.

    `without_counsel` has one value: nothing is produced before counsel has agreed.
    """

    subpoena: DemandClock
    public_records: DemandClock
    federal: DemandClock
    without_counsel: Literal["nothing"]
    words: Text

    def clock(self, demand: Demand) -> DemandClock:
        """Return the clock of one kind of demand."""
        clocks = {
            Demand.SUBPOENA: self.subpoena,
            Demand.PUBLIC_RECORDS: self.public_records,
            Demand.FEDERAL: self.federal,
        }
        return clocks[demand]
