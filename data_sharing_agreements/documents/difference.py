"""What one version of a document says otherwise than another, by clause, in words.

Belongs here: comparing two versions. Does not: what a change would stop (`impact`), or
who must agree to it (`lifecycle/`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from data_sharing_agreements.models import Document

LONGEST = 200
"""Characters of a value that a change shows; who signs reads the document for the rest."""

_KEYS = ("account", "code", "name", "office", "n", "role")
"""What tells the items of a list apart, the first that all of them have."""


@dataclass(frozen=True)
class Change:
    """One difference: the clause, what it said, what it says; None where it says nothing."""

    clause: str
    before: str | None
    after: str | None

    @property
    def words(self) -> str:
        """The difference in a sentence."""
        if self.before is None:
            return f"{self.clause} is new: {self.after}"
        if self.after is None:
            return f"{self.clause} is taken out; it said: {self.before}"
        return f"{self.clause} said: {self.before}; now: {self.after}"


def difference(before: Document, after: Document) -> tuple[Change, ...]:
    """Return every clause that differs, in order; who reads them all has read the change.

    The order of a list carries no meaning anywhere in a document, so it is no change.
    """
    left, right = (d.model_dump(mode="json", exclude_unset=True) for d in (before, after))
    found = (change for change in _compare("", left, right) if change.clause != "version")
    return tuple(sorted(found, key=lambda change: change.clause))


def _compare(clause: str, before: object, after: object) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _mappings(clause, before, after)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(clause, before, after)
    else:
        yield Change(clause, _words(before), _words(after))


def _mappings(clause: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Change]:
    for key in dict.fromkeys((*before, *after)):
        yield from _compare(f"{clause}.{key}" if clause else key, before.get(key), after.get(key))


def _lists(clause: str, before: Sequence[object], after: Sequence[object]) -> Iterator[Change]:
    if key := _identity([*before, *after]):
        left, right = ({_name(item, key): item for item in items} for items in (before, after))
        if len(left) == len(before) and len(right) == len(after):
            yield from _mappings(clause, left, right)
            return
    gone = [item for item in before if item not in after]
    new = [item for item in after if item not in before]
    if gone or new:
        yield Change(clause, _words(gone) if gone else None, _words(new) if new else None)


def _identity(items: Sequence[object]) -> tuple[str, ...]:
    """Return the keys that tell items apart, if all items are mappings that have one."""
    if not items or not all(isinstance(item, Mapping) for item in items):
        return ()
    common = set.intersection(*(set(item) for item in items if isinstance(item, Mapping)))
    return tuple(key for key in _KEYS if key in common)


def _name(item: object, keys: tuple[str, ...]) -> str:
    assert isinstance(item, Mapping)
    return ", ".join(str(item[key]) for key in keys)


def _words(value: object) -> str | None:
    """Return a value as a sentence holds it, cut where it is long."""
    if value is None:
        return None
    if isinstance(value, list):
        text = ", ".join(_words(item) or "–" for item in value) or "nothing"
    elif isinstance(value, Mapping):
        text = "; ".join(f"{key}: {_words(item)}" for key, item in value.items())
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
