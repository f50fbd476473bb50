"""Values of two records, as far as policy lets a reviewer see them.

Belongs here: the policies, reading two records' identifiers, masking them. Does not: who
may look, or writing down that somebody did. Under `pattern`, the default, nothing here is
called and the vault is not opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import duckdb

PATTERN, INITIALS, CLEAR = "pattern", "initials", "none"
MASKS = (PATTERN, INITIALS, CLEAR)
"""`pattern`: levels of comparisons and no value. `initials`: first letters of names, years, which
digits agree. `none`: values as they came."""

_NAMES = ("given_name", "middle_name", "surname", "full_name")
_WORDS = ("suffix", "sex")
_DIGITS = ("birth_date", "ssn", "phone", "zip")
_ONLY_WHETHER = ("street_number", "street", "unit", "email", "employer", "household")
ROLES = (*_NAMES, *_WORDS, *_DIGITS, *_ONLY_WHETHER)
"""Roles of the vault that are shown, in this order."""

_HIDDEN = "·"


@dataclass(frozen=True)
class Shown:
    """One field of both records, as masked; None where a record has nothing."""

    field: str
    left: str | None
    right: str | None


def masked_values(
    connection: duckdb.DuckDBPyConnection, left: int, right: int, mask: str
) -> tuple[Shown, ...]:
    """Return the latest values of two records, masked.

    Args:
        connection: With the relation `permitted_identity`.
        left, right: Record keys.
        mask: `initials` or `none`; `pattern` shows nothing.
    """
    if mask == PATTERN:
        return ()
    latest = ", ".join(f"arg_max({role}, (period, {role}))" for role in ROLES)
    rows = connection.execute(
        f"""SELECT record_key, {latest} FROM permitted_identity
            WHERE record_key IN (?, ?) GROUP BY record_key""",
        [left, right],
    ).fetchall()
    values = {row[0]: dict(zip(ROLES, row[1:], strict=True)) for row in rows}
    none: Mapping[str, str | None] = dict.fromkeys(ROLES)
    first, second = values.get(left, none), values.get(right, none)
    return tuple(
        Shown(role.replace("_", " "), *_masked(role, first[role], second[role], mask))
        for role in ROLES
        if first[role] is not None or second[role] is not None
    )


def _masked(role: str, left: str | None, right: str | None, mask: str) -> tuple[str | None, str | None]:
    if mask == CLEAR:
        return left, right
    rule = next(rule for roles, rule in _RULES if role in roles)
    return (
        None if left is None else rule(left, right),
        None if right is None else rule(right, left),
    )


def _initials(value: str, _other: str | None) -> str:
    return " ".join(word[0].upper() + _HIDDEN for word in value.split())


def _plain(value: str, _other: str | None) -> str:
    return value


def _digits(value: str, other: str | None) -> str:
    """Mark each place: whether both have the same there; without another record, nothing but a mark."""
    if other is None:
        return _HIDDEN
    if len(value) != len(other):
        return "same" if value == other else "other"
    return "".join("=" if a == b else "≠" for a, b in zip(value, other, strict=True))


def _date(value: str, other: str | None) -> str:
    """Show the year, and which places agree."""
    return f"{value[:4]}{_HIDDEN} {_digits(value, other)}"


def _whether(value: str, other: str | None) -> str:
    if other is None:
        return _HIDDEN
    return "same" if value.upper() == other.upper() else "other"


_RULES: tuple[tuple[tuple[str, ...], Callable[[str, str | None], str]], ...] = (
    (_NAMES, _initials),
    (_WORDS, _plain),
    (("birth_date",), _date),
    (_DIGITS, _digits),
    (_ONLY_WHETHER, _whether),
)
