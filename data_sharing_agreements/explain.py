"""A decision in a few sentences that a board member understands, each with its clause.

Belongs here: the words. Does not: deciding (`decisions/`), finding the request somebody
means (`warehouse/impact/`), or printing.

A decision was made by clauses alone, so that is all there is to tell: who may do what,
because of which documents, and what binds them; or why not, and what could be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from data_sharing_agreements.decisions import Decision, Request
from data_sharing_agreements.decisions.obligations import Obligation
from data_sharing_agreements.vocabulary import Form

_ACTS: Mapping[str, str] = {
    "ingest": "take in {fields} of {sources}",
    "encode": "encode {fields} of {sources}{purpose}",
    "link": "link {sources}{purpose}",
    "evaluate": "measure the linkage of {sources} against known truth{purpose}",
    "review": "look at uncertain links between {sources}{purpose}",
    "build": "build {form} for the project {project} from {fields} of {sources}",
    "show": "show {form} of the project {project} inside the hub",
    "prepare": "prepare {form} of the project {project} for their reviewers",
    "query": "ask for {form} of the project {project}",
    "release": "take {form} of the project {project} out of the enclave",
    "export": "publish {form} of the project {project}",
    "report": "count the refused rows of {sources}",
    "restrict": "take a notice that holds a person's rows of {sources} back",
    "keep": "keep its stores in order",
    "backup": "copy its stores, as they are, to a safe place",
    "destroy": "destroy what it holds of {subject}",
}
"""What each verb means, after `may` or `may not`."""

_FORMS: Mapping[str | None, str] = {
    Form.ROWS: "rows",
    Form.AGGREGATES: "tables of aggregates",
    Form.NONE: "nothing",
    None: "data",
}

_DUTIES: Mapping[str, Callable[[Any], str]] = {
    "min_cell": lambda v: f"No cell under {v} may be shown",
    "zero_is_small": lambda v: "A count of zero is hidden like a small one" if v else "",
    "rounding": lambda v: f"Counts are rounded to {v}" if v > 1 else "",
    "p_percent": lambda v: f"No total may let one contributor be guessed to within {v:.0%}",
    "dominance": lambda v: f"No figure may be shown of which {_largest(v[0])} more than {v[1]:.0%}",
    "k_anonymity": lambda v: f"At least {v} people share each combination of telling traits",
    "trajectory_share": lambda v: f"At most {v:.0%} of people may be singled out by a few of their months",
    "noise_sd": lambda v: f"Counts carry noise of {v:g} persons" if v else "",
    "query_budget": lambda v: f"One account may ask for {v:g} tables",
    "destroy_on": lambda v: f"All of it is destroyed by {said(v)}",
    "landing_hours": lambda v: f"Delivered files may lie {v} hours",
    "review_days": lambda v: f"Reviewers have {v} working days before anything leaves" if v else "",
}
"""Each duty in words; an empty text where the value binds nobody."""

_OF_SOURCES: Mapping[str, tuple[Callable[[Any], object], Callable[[list[Any]], str]]] = {
    "period_from": (
        lambda v: v.day,
        lambda vs: f"Nothing before {said(vs[0].day)} is used of {_listed([v.source for v in vs])}",
    ),
    "period_until": (
        lambda v: v.day,
        lambda vs: f"Nothing after {said(vs[0].day)} is used of {_listed([v.source for v in vs])}",
    ),
    "restriction": (
        lambda v: v.source,
        lambda vs: (
            f"Of {vs[0].source}, rows are left out that are held back as "
            f"{_listed([_plain(v.kind) for v in vs], most=_MANY)}"
        ),
    ),
}
"""Duties of single sources: what is told together, and in which words."""

_BY_VERB: Mapping[str, tuple[str, ...]] = {
    "ingest": ("period_from", "period_until", "restriction", "landing_hours", "destroy_on"),
    "build": ("k_anonymity", "trajectory_share", "min_cell", "period_from", "period_until", "destroy_on"),
    "show": ("min_cell", "zero_is_small", "rounding", "dominance", "p_percent"),
    "prepare": ("min_cell", "zero_is_small", "rounding", "dominance", "p_percent", "review_days"),
    "release": ("min_cell", "zero_is_small", "rounding", "dominance", "p_percent", "review_days"),
    "export": ("min_cell", "zero_is_small", "rounding", "dominance", "p_percent", "review_days"),
}
"""The duties worth a sentence, in order, for each verb."""

_TABLES = ("min_cell", "zero_is_small", "rounding", "noise_sd", "query_budget", "destroy_on")
_ROWS = ("k_anonymity", "trajectory_share", "period_from", "period_until", "destroy_on")
_LINKING = ("period_from", "period_until", "restriction", "destroy_on")

_MOST_NAMED = 3
_MANY = 8


@dataclass(frozen=True)
class Explanation:
    """A decision told: the question, the answer, and the sentences."""

    request: Request
    on: date
    decision: Decision
    sentences: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the object of `commonweal/explain/1`."""
        return {
            "schema": "commonweal/explain/1",
            "request": self.request.to_json(),
            "on": self.on.isoformat(),
            "sentences": list(self.sentences),
            **self.decision.to_json(),
        }


def explain(request: Request, decision: Decision, on: date, steps: Mapping[str, str]) -> Explanation:
    """Tell a decision.

    Args:
        request: What was asked.
        decision: What was decided.
        on: The day.
        steps: What to do about each code of refusal.
    """
    sentences = _permitted(request, decision) if decision.permitted else _refused(request, decision, steps)
    return Explanation(request, on, decision, tuple(sentences))


def said(day: date | str) -> str:
    """Return a day as people say it."""
    when = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{when.day} {when:%B %Y}"


def _permitted(request: Request, decision: Decision) -> list[str]:
    because = _documents([clause.document for clause in decision.clauses])
    first = f"{_who(request)} may {_what(request)}, because {because} {_permit(because)}."
    return [first, *_duties(request, decision)]


def _permit(because: str) -> str:
    return "permit it" if " and " in because else "permits it"


def _refused(request: Request, decision: Decision, steps: Mapping[str, str]) -> list[str]:
    first = f"{_who(request)} may not {_what(request)}."
    reasons = [f"{reason.text} ({reason.document}, {reason.clause})" for reason in decision.reasons]
    shown = reasons[:_MANY]
    if len(reasons) > _MANY:
        shown.append(f"There are {len(reasons) - _MANY} more reasons of the same kinds.")
    wanted = dict.fromkeys(steps[r.code] for r in decision.reasons if r.code in steps)
    return [first, *shown, *wanted]


def _duties(request: Request, decision: Decision) -> list[str]:
    rules = _BY_VERB.get(request.verb, ())
    if request.verb == "query":
        rules = _TABLES if request.form == Form.AGGREGATES else _ROWS
    elif request.verb in ("encode", "link", "evaluate", "review"):
        rules = _LINKING
    return [told for rule in rules for told in _told(rule, decision)]


def _told(rule: str, decision: Decision) -> Iterable[str]:
    """Tell the duties of a rule, those that say the same together."""
    duties = sorted(
        (duty for duty in decision.obligations.items if duty.rule == rule),
        key=lambda duty: (str(duty.value), duty.document),
    )
    together: dict[object, list[Obligation]] = {}
    for duty in duties:
        key = _OF_SOURCES[rule][0](duty.value) if rule in _OF_SOURCES else duty
        together.setdefault(key, []).append(duty)
    for group in together.values():
        values = [duty.value for duty in group]
        words = _OF_SOURCES[rule][1](values) if rule in _OF_SOURCES else _DUTIES[rule](values[0])
        if words:
            yield f"{words}: {_origins(group)}."


def _origins(duties: list[Obligation]) -> str:
    """Name where duties come from; several clauses of one document by what they have in common."""
    documents = list(dict.fromkeys(duty.document for duty in duties))
    if len(documents) > 1:
        return f"{_listed(documents)} say so"
    clauses = [duty.clause for duty in duties]
    clause = clauses[0] if len(clauses) == 1 else clauses[0].partition(".")[0]
    return f"{documents[0]}, {clause} says so"


def _who(request: Request) -> str:
    return f"The account {request.actor}" if request.actor else "The hub"


def _what(request: Request) -> str:
    sources = {*request.sources, *(field.partition(".")[0] for field in request.fields)}
    act = _ACTS.get(request.verb, f"do what is called {request.verb}")
    subject = f"the project {request.project}" if request.project else _listed(sources) or "nothing"
    words = act.format(
        fields=f"{len(request.fields)} columns" if request.fields else "data",
        sources=_listed(sources) or "no source",
        purpose=f" for {_plain(request.purpose)}" if request.purpose else "",
        form=_FORMS.get(request.form, "data"),
        project=request.project or "nobody named",
        subject=subject,
    )
    use = f" for the use {_plain(request.use)}" if request.use else ""
    days = f" from {said(request.period[0])} to {said(request.period[1])}" if request.period else ""
    return f"{words}{use}{days}"


def _documents(names: Iterable[str]) -> str:
    """Name the documents, the licenses before the agreements; legal bases are lower-case."""
    order = {"DUL": 0, "DSA": 1, "EMOU": 2}
    distinct = dict.fromkeys(name for name in names if not name.islower())
    return _listed(sorted(distinct, key=lambda name: (order.get(name.partition("-")[0], 3), name)), most=8)


def _listed(names: Iterable[str], most: int = _MOST_NAMED) -> str:
    found = sorted(names) if isinstance(names, set) else list(names)
    if len(found) > most:
        return f"{', '.join(found[: most - 1])} and {len(found) - most + 1} more"
    return " and ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)


def _largest(number: int) -> str:
    return "one contributor makes up" if number == 1 else f"the {number} largest contributors make up"


def _plain(word: str | None) -> str:
    return str(word or "").replace("_", " ")
