"""The registry as a whole.

Belongs here: `Registry`, which opens the database and hands out its parts. Does
not: what any part does.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from data_sharing_agreements.registry.accounts import Accounts, Sessions
from data_sharing_agreements.registry.budgets import Budgets
from data_sharing_agreements.registry.copies import Copies
from data_sharing_agreements.registry.deliveries import Deliveries
from data_sharing_agreements.registry.ends import Ends
from data_sharing_agreements.registry.generations import Generations
from data_sharing_agreements.registry.incidents import Incidents
from data_sharing_agreements.registry.models import LinkModels
from data_sharing_agreements.registry.notices import RestrictionNotices
from data_sharing_agreements.registry.products import IndicatorResults, LinkVersions, Marts
from data_sharing_agreements.registry.reviews import Reviews
from data_sharing_agreements.registry.runs import Runs
from data_sharing_agreements.registry.stops import Stops
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, utc_now


class Registry:
    """One deployment's registry. Close it when done, or use it in a `with`.

    Args:
        database: Its database; see `create` and `open`.
        clock: The present moment.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self.database = database
        self.deliveries = Deliveries(database, clock)
        self.runs = Runs(database, clock)
        self.link_versions = LinkVersions(database, clock)
        self.link_models = LinkModels(database, clock)
        self.marts = Marts(database, clock)
        self.indicator_results = IndicatorResults(database, clock)
        self.ends = Ends(database, clock)
        self.copies = Copies(database, clock)
        self.generations = Generations(database, clock)
        self.restriction_notices = RestrictionNotices(database, clock)
        self.accounts = Accounts(database, clock)
        self.sessions = Sessions(database, clock)
        self.budget = Budgets(database, clock)
        self.stops = Stops(database, clock)
        self.incidents = Incidents(database, clock)
        self.reviews = Reviews(database, clock)

    @classmethod
    def create(cls, url: str, clock: Clock = utc_now) -> Self:
        """Make a registry, or bring an existing one up to date, and open it.

        Args:
            url: SQLAlchemy URL: `sqlite:///path` or `postgresql+psycopg://…`.
            clock: The present moment.
        """
        return cls(Database.create(url), clock)

    @classmethod
    def open(cls, url: str, clock: Clock = utc_now) -> Self:
        """Open an existing registry.

        Raises:
            Invalid: There is none, or a newer version of the program made it.
            IntegrityFault: What is there is not a registry.
        """
        return cls(Database.open(url), clock)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    def __enter__(self) -> Self:
        """Return the registry itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the registry."""
        self.close()
