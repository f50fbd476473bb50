"""A document beside the file it came from, and how its faults are placed.

Belongs here: `Found` and the fault every check words the same way. Does not: any check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.models import Document

AnyDocument = TypeVar("AnyDocument", bound=Document, covariant=True)


@dataclass(frozen=True)
class Found(Generic[AnyDocument]):
    """A document and the file it came from."""

    place: str
    stem: str
    document: AnyDocument

    def fault(self, code: str, path: str, what: str, why: str, next_step: str) -> ErrorDetail:
        """Return a fault of this document at `path`."""
        return ErrorDetail(
            code,
            f"{self.place}:{path}: {what}",
            why=why,
            next=next_step,
            document=self.document.id,
            clause=path,
        )

    def beyond(self, path: str, what: str) -> ErrorDetail:
        """Return the fault of asking for more than the document it rests on gives."""
        return self.fault(
            "beyond-parent",
            path,
            what,
            "A document can give no more than the one it rests on.",
            "Amend the parent first, or remove this.",
        )

    def reversed(self, path: str, what: str) -> ErrorDetail:
        """Return the fault of two dates in the wrong order."""
        return self.fault(
            "dates-reversed",
            path,
            what,
            "What a document says about time must be possible.",
            "Correct one of the two dates.",
        )
