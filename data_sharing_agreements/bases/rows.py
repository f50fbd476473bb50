"""What the legal bases of an agreement and its own clause say about single persons' rows.

Belongs here: `row_rules`, the strictest of all of them. Does not: any person's
restriction, or applying one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data_sharing_agreements.bases.model import Basis
from data_sharing_agreements.models import Dsa
from data_sharing_agreements.vocabulary import RestrictionKind


@dataclass(frozen=True)
class RowRules:
    """How the rows of one source are held back.

    Args:
        kinds: The kinds of restriction that are applied.
        consent_required: Whether only persons known to have consented are used.
        exclude_unknown: Whether a person of whom nothing is known is left out.
        lasting_spine: Whether records may stand in the statewide spine.
    """

    kinds: frozenset[RestrictionKind]
    consent_required: bool
    exclude_unknown: bool
    lasting_spine: bool


def row_rules(dsa: Dsa, bases: Mapping[str, Basis]) -> RowRules:
    """Return the strictest rules for the rows of an agreement's source.

    An agreement that says nothing about rows applies every kind and excludes what is
    unknown: what is not said is not permitted.
    """
    laws = [bases[use.code] for use in dsa.legal_basis]
    asked = {kind for law in laws for kind in law.restrictions}
    consent = any(_needs_consent(law, laws) for law in laws)
    own = dsa.row_restrictions
    if own is None:
        kinds, unknown = frozenset(RestrictionKind), True
    else:
        kinds, unknown = frozenset(own.kinds) | asked, own.unknown == "exclude"
    return RowRules(
        kinds=kinds,
        consent_required=consent,
        exclude_unknown=unknown or any(_excludes(law, laws) for law in laws),
        lasting_spine=all(law.lasting_spine for law in laws),
    )


def _needs_consent(law: Basis, laws: Sequence[Basis]) -> bool:
    waived = {other.code for other in laws} & set(law.consent_waived_with)
    return law.consent_required and not waived


def _excludes(law: Basis, laws: Sequence[Basis]) -> bool:
    """A law that excludes the unknown because it asks for consent does not, where that is waived."""
    return law.unknown == "exclude" and (not law.consent_required or _needs_consent(law, laws))
