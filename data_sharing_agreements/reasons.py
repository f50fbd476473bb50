"""A reason for a refusal, as documents and decisions share it.

Belongs here: `Reason`. Does not: finding reasons (`lifecycle/`, `decisions/`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """One reason for a refusal, with the clause that refuses."""

    code: str
    text: str
    document: str
    clause: str
