"""The life of a document: states, signed acts, who may do what, and where each stands.

Belongs here: the table of states, acts and their signatures, the roster of signatories,
and `judge`. Does not: what a document in force permits (`decisions/`).
"""

from data_sharing_agreements.lifecycle.acts import (
    Act,
    Filed,
    Subject,
    new_act,
    parse_act,
    place_act,
    read_acts,
    subject_of,
)
from data_sharing_agreements.lifecycle.judging import Standings, judge
from data_sharing_agreements.lifecycle.replay import Step
from data_sharing_agreements.lifecycle.requirements import Requirement
from data_sharing_agreements.lifecycle.roster import (
    ROSTER_ID,
    Board,
    Roster,
    Rosters,
    Signatory,
    read_rosters,
)
from data_sharing_agreements.lifecycle.standing import Approval, Objection, Standing, governing
from data_sharing_agreements.lifecycle.states import TRANSITIONS, ActKind, Day, State

__all__ = [
    "ROSTER_ID",
    "TRANSITIONS",
    "Act",
    "ActKind",
    "Approval",
    "Board",
    "Day",
    "Filed",
    "Objection",
    "Requirement",
    "Roster",
    "Rosters",
    "Signatory",
    "Standing",
    "Standings",
    "State",
    "Step",
    "Subject",
    "governing",
    "judge",
    "new_act",
    "parse_act",
    "place_act",
    "read_acts",
    "read_rosters",
    "subject_of",
]
