"""What is refused at the door is written into the log of the home, so that the board reads of it.

Belongs here: the entry for a document or an act that did not get in. Does not: refusing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.cli.context import Context

if TYPE_CHECKING:
    from data_sharing_agreements.errors import ErrorDetail

KIND = "refused-at-door"


@contextmanager
def refusal_logged(context: Context, what: str) -> Iterator[None]:
    """Write down that something was refused inside, and by which rules; then pass it on.

    A deployment that has no home yet has no log. The entry holds the document's id, the
    rules and the terms they are about, and nothing else of what the file says.

    Args:
        context: The deployment.
        what: `document` or `act`.
    """
    from data_sharing_agreements.errors import Invalid, Refused

    try:
        yield
    except (Invalid, Refused) as error:
        if context.deployment().keys_dir.is_dir():
            _write_down(context, what, error.details)
        raise


def _write_down(context: Context, what: str, details: "Sequence[ErrorDetail]") -> None:
    clauses = sorted({clause for detail in details if (clause := _clause(detail))})
    facts = {
        "what": what,
        "document": clauses[0][0] if clauses else None,
        "rules": sorted({detail.code for detail in details}),
    }
    with context.hub() as hub:
        hub.log.append(KIND, facts, clauses)


def _clause(detail: "ErrorDetail") -> tuple[str, str] | None:
    """The document and the term of a fault, if both are words of ours and point at nobody."""
    from pydantic import TypeAdapter, ValidationError

    from data_sharing_agreements.errors import UsageFault
    from data_sharing_agreements.log.kinds import check_texts
    from data_sharing_agreements.models import Dsa, Dul, Emou
    from data_sharing_agreements.terms import Identifier

    term = (detail.clause or "").partition(".")[0]
    try:
        document = TypeAdapter(Identifier).validate_python(detail.document)
        check_texts([document])
    except (ValidationError, UsageFault):
        return None
    known = {"acts", *Emou.model_fields, *Dsa.model_fields, *Dul.model_fields}
    return (document, term) if term in known else None
