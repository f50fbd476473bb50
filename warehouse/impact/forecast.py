"""The forecast: two sets of agreements on one day, and what differs for each use.

Belongs here: comparing uses before and after, and saying each difference in a sentence.
Does not: which uses there are (uses.py), or making the change (changes.py).

A use is *refused* if it may be done today and would not be then. It *stands still* if it
may be done and what it is made from is refused: it keeps its last state. It is *made
anew* if it may be done from something else than before: other fields, other duties,
another link version. It *starts* if it may not be done today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from data_sharing_agreements.decisions.obligations import CUMULATIVE
from data_sharing_agreements.documents import Agreements
from data_sharing_agreements.errors import ErrorDetail
from warehouse.hub import Hub
from warehouse.impact.uses import KINDS, Use, Uses

Effect = Literal["refused", "stands still", "made anew", "starts"]

_Key = tuple[str, str]


@dataclass(frozen=True)
class Item:
    """What happens to one use.

    Args:
        kind, name: The use.
        effect: What happens to it.
        sentence: The same for a reader.
        why: The reasons of a refusal in words; empty if it is none.
        reasons: (code, document, clause) of each refusal.
        columns: Its columns that rest on a field that is no longer licensed.
    """

    kind: str
    name: str
    effect: Effect
    sentence: str
    why: str = ""
    reasons: tuple[tuple[str, str, str], ...] = ()
    columns: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the item as plain JSON."""
        return {
            "kind": self.kind,
            "name": self.name,
            "effect": self.effect,
            "sentence": self.sentence,
            "why": self.why,
            "reasons": [{"code": c, "document": d, "clause": k} for c, d, k in self.reasons],
            "columns": list(self.columns),
        }


@dataclass(frozen=True)
class Forecast:
    """What a change would do.

    Args:
        on: The day.
        stops: Uses that would be refused, or stand still.
        changes: Uses made anew, and uses that start.
        unchanged: Number of uses that go on as they are.
        faults: In what the documents would contradict one another.
    """

    on: date
    stops: tuple[Item, ...]
    changes: tuple[Item, ...]
    unchanged: int
    faults: tuple[ErrorDetail, ...] = ()

    def names(self, kind: str, effect: Effect) -> frozenset[str]:
        """Return the uses of a kind to which something happens."""
        items = (*self.stops, *self.changes)
        return frozenset(item.name for item in items if (item.kind, item.effect) == (kind, effect))

    def to_json(self) -> dict[str, Any]:
        """Return the object of `commonweal/impact/1`."""
        return {
            "schema": "commonweal/impact/1",
            "on": self.on.isoformat(),
            "stops": [item.to_json() for item in self.stops],
            "changes": [item.to_json() for item in self.changes],
            "unchanged": self.unchanged,
            "faults": [
                {"code": f.code, "what": f.what, "document": f.document, "clause": f.clause}
                for f in self.faults
            ],
        }


def forecast(
    hub: Hub, before: Agreements, after: Agreements, on: date, faults: tuple[ErrorDetail, ...] = ()
) -> Forecast:
    """Say what would stop or change, if the agreements were others on a day.

    Nothing is done and nothing is logged: SQL is parsed, decisions are made as a run
    would make them.

    Args:
        hub: The hub; no store is opened.
        before, after: The agreements as they are and as they would be.
        on: The day.
        faults: In what the documents would contradict one another.

    Raises:
        Invalid: The SQL of a mart reads what its license does not cover.
    """
    uses = Uses(hub)
    return _compared(uses.under(before, on), uses.under(after, on), on, faults)


def _compared(
    before: Mapping[_Key, Use], after: Mapping[_Key, Use], on: date, faults: tuple[ErrorDetail, ...]
) -> Forecast:
    effects: dict[_Key, Effect] = {}
    items: list[Item] = []
    for key in [*after, *(key for key in before if key not in after)]:
        effect = _effect(before.get(key), after.get(key), effects)
        if effect is not None:
            effects[key] = effect
            items.append(_item(before.get(key), after.get(key), effect, effects))
    items.sort(key=lambda item: KINDS.index(item.kind))
    stopping = ("refused", "stands still")
    return Forecast(
        on,
        tuple(item for item in items if item.effect in stopping),
        tuple(item for item in items if item.effect not in stopping),
        len({*before, *after}) - len(items),
        faults,
    )


def _effect(old: Use | None, new: Use | None, effects: Mapping[_Key, Effect]) -> Effect | None:
    was, is_now = old is not None and old.permitted, new is not None and new.permitted
    if was != is_now:
        return "refused" if was else "starts"
    if not is_now or old is None or new is None:
        return None
    below = [effects[key] for key in new.rests_on if key in effects]
    if "refused" in below or "stands still" in below:
        return "stands still"
    return "made anew" if below or _made_of(old) != _made_of(new) else None


def _made_of(use: Use) -> object:
    return use.request.fields, use.members, use.decision.obligations.listed()


def _item(old: Use | None, new: Use | None, effect: Effect, effects: Mapping[_Key, Effect]) -> Item:
    use = new or old
    assert use is not None
    why = _why(new) if new is not None else ""
    reasons = () if new is None else tuple((r.code, r.document, r.clause) for r in new.decision.reasons)
    columns = _columns(new) if new is not None and effect == "refused" else ()
    sentence = _sentence(old, new, effect, effects, columns)
    return Item(use.kind, use.name, effect, sentence, why, reasons, columns)


def _why(use: Use) -> str:
    return "; ".join(dict.fromkeys(reason.text.rstrip(".") for reason in use.decision.reasons[:3]))


def _columns(use: Use) -> tuple[str, ...]:
    """Return the columns behind which a field is no longer licensed."""
    told = " ".join(r.text for r in use.decision.reasons if r.code == "field-not-licensed")
    lost = {field for field in use.request.fields if field in told.replace(",", " ").rstrip(".").split()}
    return tuple(sorted(name for name, fields in use.columns.items() if fields & lost))


def _sentence(
    old: Use | None, new: Use | None, effect: Effect, effects: Mapping[_Key, Effect], columns: tuple[str, ...]
) -> str:
    use = new or old
    assert use is not None
    name = _SUBJECTS.get(use.kind, "The {kind} {name}").format(kind=use.kind, name=use.name)
    if effect == "starts":
        return f"{name} may be made, which it may not be now."
    if new is None:
        return f"{name} is no longer named by any document."
    if effect == "refused":
        of = f" Its columns {', '.join(columns)} rest on what is lost." if columns else ""
        return f"{name} {_ENDS.get(use.kind, 'stops')}: {_why(new)}.{of}"
    if effect == "stands still":
        held = ", ".join(n for k, n in new.rests_on if effects.get((k, n)) in ("refused", "stands still"))
        return f"{name} is not brought up to date any more and keeps its last state: it rests on {held}."
    assert old is not None
    return f"{name} is made anew: {'; '.join(_differences(old, new)) or 'what it rests on is made anew'}."


_SUBJECTS = {
    "linked source": "The source {name}",
    "results shown": "The page of the project {name}",
    "account": "The account {name}",
}

_ENDS = {
    "results shown": "is not shown any more",
    "source": "takes nothing in any more",
    "linked source": "leaves the spine",
    "account": "may not ask any more",
}


def _differences(old: Use, new: Use) -> list[str]:
    found = []
    if lost := sorted(set(old.members) - set(new.members)):
        found.append(f"without {', '.join(lost)}")
    if gained := sorted(set(new.members) - set(old.members)):
        found.append(f"with {', '.join(gained)}")
    if dropped := sorted(old.request.fields - new.request.fields):
        found.append(f"without the columns {', '.join(dropped)}")
    if added := sorted(new.request.fields - old.request.fields):
        found.append(f"with the columns {', '.join(added)}")
    return found + _duties(old, new)


def _duties(old: Use, new: Use) -> list[str]:
    """Return the duties whose values differ, each as `rule: before → after`."""
    was, now = _by_rule(old), _by_rule(new)
    return [
        f"{rule.replace('_', ' ')} {was.get(rule, 'none')} → {now.get(rule, 'none')}"
        for rule in sorted({*was, *now})
        if was.get(rule) != now.get(rule)
    ]


def _by_rule(use: Use) -> dict[str, str]:
    """Return the duties with one value; those that add up go with the sources that are named."""
    return {
        item.rule: str(item.value)
        for item in use.decision.obligations.items
        if item.rule not in CUMULATIVE and not isinstance(item.value, tuple)
    }
