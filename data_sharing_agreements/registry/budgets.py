"""Budgets: how much of a project's allowance an account has used.

Belongs here: spending and what is left. Does not: what a question costs, or how
large an allowance is (the license says).
"""

from __future__ import annotations

import math

from sqlalchemy import Connection, insert, select, update

from data_sharing_agreements.errors import Refused, UsageFault
from data_sharing_agreements.registry.audit import AuditEvent, write_down
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock
from data_sharing_agreements.store.schema import budget


class Budgets:
    """The budgets of a registry, one a project and account."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def spend(
        self,
        project: str,
        account: str,
        amount: float,
        *,
        limit: float | None = None,
        audit: AuditEvent | None = None,
    ) -> float:
        """Spend part of a budget, unless that would pass the limit.

        Args:
            project, account: Whose.
            amount: How much; zero or more.
            limit: `Obligations.query_budget`; None is no limit.
            audit: More for the log.

        Returns:
            What is spent now, in all.

        Raises:
            Refused: It would pass the limit; nothing is spent.
            UsageFault: The amount is not a number of zero or more.
        """
        if not (math.isfinite(amount) and amount >= 0):
            raise UsageFault.of(
                "amount-invalid",
                "An amount to spend is a number of zero or more.",
                why="A budget only goes down.",
                next="Give the cost of the question.",
            )
        with self._database.writing() as connection:
            before = _spent(connection, project, account)
            after = (before or 0.0) + amount
            if limit is not None and after > limit:
                raise Refused.of(
                    "budget-spent",
                    f"The budget of this account in {project} does not reach.",
                    why="Many small answers add up to a disclosure, so a license limits them.",
                    next="Ask the governance board for a larger budget.",
                )
            if before is None:
                connection.execute(insert(budget).values(project=project, account=account, spent=after))
            else:
                mine = (budget.c.project == project) & (budget.c.account == account)
                connection.execute(update(budget).where(mine).values(spent=after))
            facts = {"project": project, "account": account, "amount": amount, "spent": after}
            write_down(connection, self._clock, "budget", facts, audit)
            return after

    def spent(self, project: str, account: str) -> float:
        """Return what an account has spent in a project."""
        with self._database.reading() as connection:
            return _spent(connection, project, account) or 0.0


def _spent(connection: Connection, project: str, account: str) -> float | None:
    query = select(budget.c.spent).where(budget.c.project == project, budget.c.account == account)
    return connection.execute(query).scalar_one_or_none()
