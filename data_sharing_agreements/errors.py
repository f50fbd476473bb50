"""Errors every package raises, and the exit code each means.

Belongs here: the shape of an error (what, why, what next) and its exit code.
Does not: any value from a person's record; `count` and rule names are the most
an error may say about data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import ClassVar, Self


@dataclass(frozen=True)
class ErrorDetail:
    """One fault: what happened, why (the rule or clause), what to do next.

    Args:
        code: Stable kebab-case name programs may rely on.
        what: What is wrong, in one sentence.
        why: The rule or clause behind it.
        next: The next step for the person reading.
        source, rule, document, clause: Where it applies, if anywhere.
        count: Number of rows concerned; never below a cell rule in public output.
    """

    code: str
    what: str
    why: str = ""
    next: str = ""
    source: str | None = None
    rule: str | None = None
    count: int | None = None
    document: str | None = None
    clause: str | None = None


class CommonwealError(Exception):
    """Base of every error a user may see. `exit_code` 1 means a bug."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *details: ErrorDetail) -> None:
        if not details:
            raise ValueError("an error needs at least one detail")
        self.details: tuple[ErrorDetail, ...] = details
        super().__init__("; ".join(f"{d.code}: {d.what}" for d in details))

    @classmethod
    def of(
        cls,
        code: str,
        what: str,
        *,
        why: str = "",
        next: str = "",  # noqa: A002 - the word of the interface
        source: str | None = None,
        rule: str | None = None,
        count: int | None = None,
        document: str | None = None,
        clause: str | None = None,
    ) -> Self:
        """Build an error of this class from one detail."""
        return cls(ErrorDetail(code, what, why, next, source, rule, count, document, clause))

    @classmethod
    def collect(cls, details: Iterable[ErrorDetail]) -> None:
        """Raise this error with all details at once, if there are any."""
        found = tuple(details)
        if found:
            raise cls(*found)

    def to_json(self) -> dict[str, object]:
        """Return the error object of `commonweal/error/1`."""
        return {
            "schema": "commonweal/error/1",
            "exit_code": self.exit_code,
            "errors": [asdict(d) for d in self.details],
        }


class UsageFault(CommonwealError):
    """The call is wrong: an unknown name, SQL that does not parse."""

    exit_code = 2


class Refused(CommonwealError):
    """Governance says no; `document` and `clause` say where."""

    exit_code = 3


class Held(CommonwealError):
    """Data does not meet its contract and was held."""

    exit_code = 4


class Invalid(CommonwealError):
    """A configuration, contract or agreement is invalid; all faults at once."""

    exit_code = 5


class IntegrityFault(CommonwealError):
    """The log or a store is not what it should be."""

    exit_code = 6


class Busy(CommonwealError):
    """Another run holds the home directory."""

    exit_code = 7


EXIT_ORDER: tuple[int, ...] = (1, 6, 5, 3, 4)
"""Which exit code wins when several apply at once, first to last."""


def worst_exit_code(codes: Iterable[int]) -> int:
    """Return the exit code that wins among several; 0 if there is none."""
    found = {code for code in codes if code}
    return next((code for code in EXIT_ORDER if code in found), min(found, default=0))
