"""Each obligation of the engine as a constraint or a duty of ODRL.

Belongs here: the table from rule to ODRL, with the value kept exactly. Does not: which
obligations there are (`decisions/`), or the policy around them (`odrl.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from data_sharing_agreements.decisions import Obligation
from data_sharing_agreements.documents.odrl_terms import Node, asset_iri, constraint, day, party, span
from data_sharing_agreements.vocabulary import Form

Said = Callable[[Any], Node]


def as_constraint(obligation: Obligation) -> Node | None:
    """Return an obligation that limits what may be done, or None if it is a duty."""
    if obligation.rule in _DUTIES:
        return None
    said = _CONSTRAINTS.get(obligation.rule)
    node = said(obligation.value) if said else _plainly(obligation)
    return node | _origin(obligation)


def as_duty(obligation: Obligation) -> Node | None:
    """Return an obligation to do something, or None if it is a limit."""
    said = _DUTIES.get(obligation.rule)
    return None if said is None else {"@type": "Duty"} | said(obligation.value) | _origin(obligation)


def _origin(obligation: Obligation) -> Node:
    return {
        "cw:rule": obligation.rule,
        "cw:value": plain(obligation.value),
        "cw:document": obligation.document,
        "cw:clause": obligation.clause,
    }


def plain(value: object) -> str:
    """Return an obligation's value as one text that stands for it and no other."""
    if isinstance(value, tuple):
        return " ".join(plain(part) for part in value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _plainly(obligation: Obligation) -> Node:
    """A rule the table does not know is said in our own words, never left out."""
    return constraint(f"cw:{obligation.rule}", "eq", plain(obligation.value))


def _only(source: str) -> Node:
    """The limit holds for the data of one source."""
    return {"cw:of_source": {"@id": asset_iri(source)}}


def _forms(value: Form) -> list[str]:
    return [form.value for form in Form if Form(value).allows(form)]


_CONSTRAINTS: Mapping[str, Said] = {
    "min_cell": lambda least: constraint("count", "gteq", least, unit="cw:person"),
    "zero_is_small": lambda small: constraint("cw:zero_is_small", "eq", small),
    "rounding": lambda base: constraint("cw:rounding", "gteq", base, unit="cw:person"),
    "dominance": lambda rule: constraint("cw:share_of_largest", "lteq", rule[1]) | {"cw:largest": rule[0]},
    "p_percent": lambda part: constraint("cw:p_percent", "gteq", part),
    "release_form": lambda form: constraint("cw:release_form", "isAnyOf", _forms(form)),
    "outputs": lambda form: constraint("cw:outputs", "isAnyOf", _forms(form)),
    "public": lambda public: constraint("cw:public", "eq", public),
    "k_anonymity": lambda k: constraint("cw:k_anonymity", "gteq", k, unit="cw:person"),
    "trajectory_share": lambda share: constraint("cw:trajectory_share", "lteq", share),
    "noise_sd": lambda deviation: constraint("cw:noise_sd", "gteq", deviation, unit="cw:person"),
    "query_budget": lambda tables: constraint("cw:query_budget", "lteq", tables),
    "period_from": lambda at: constraint("cw:service_day", "gteq", day(at.day)) | _only(at.source),
    "period_until": lambda at: constraint("cw:service_day", "lteq", day(at.day)) | _only(at.source),
    "restriction": lambda kept: constraint("cw:restriction", "isNoneOf", str(kept.kind)) | _only(kept.source),
}

_DUTIES: Mapping[str, Said] = {
    "review_days": lambda days: {
        "action": "reviewPolicy",
        "constraint": [constraint("delayPeriod", "gteq", span(days=days))],
    },
    "reviewer": lambda who: {"action": "reviewPolicy", "assignee": party(who)},
    "destroy_on": lambda by: {"action": "delete", "constraint": [constraint("dateTime", "lteq", day(by))]},
    "landing_hours": lambda hours: {
        "action": "delete",
        "constraint": [constraint("elapsedTime", "lteq", span(hours=hours))],
        "description": "A delivery leaves the landing directory when it is taken in.",
    },
    "attribution": lambda words: {"action": "attribute", "description": words},
}
