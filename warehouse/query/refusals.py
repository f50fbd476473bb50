"""A question that was permitted to be asked and yet refused: written to the log, and told with help.

Belongs here: the entry, and naming the mart's tables to whoever asked in vain. Does
not: what is refused (check.py, table.py), or permission itself (the gate logs that).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from data_sharing_agreements.decisions import Decision
from data_sharing_agreements.errors import CommonwealError, Refused
from warehouse.hub import Hub


@contextmanager
def refusals_logged(
    hub: Hub, kind: str, project: str, actor: str, decision: Decision, tables: Sequence[str] = ()
) -> Iterator[None]:
    """Log a question that fails inside, by the codes of its faults, and raise it again.

    Args:
        hub: The hub.
        kind: `query` or `table`; the entry is `query-refused` or `table-refused`.
        project, actor: What was asked, and who asked.
        decision: What permitted to ask.
        tables: The mart's tables, named in what a refusal says to do next.
    """
    try:
        yield
    except CommonwealError as error:
        codes = [detail.code for detail in error.details]
        clauses = [(clause.document, clause.clause) for clause in decision.clauses]
        hub.log.append(f"{kind}-refused", {"project": project, "actor": actor, "faults": codes}, clauses)
        if not tables or not isinstance(error, Refused):
            raise
        there = f"Its tables: {', '.join(sorted(tables))}."
        told = (replace(detail, next=f"{detail.next} {there}".strip()) for detail in error.details)
        raise Refused(*told) from None
