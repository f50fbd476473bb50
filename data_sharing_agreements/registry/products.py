"""What the work brought forth: link versions, marts, indicator results.

Belongs here: recording each and finding the current one. Does not: the data
themselves; a result that is kept here has passed disclosure control.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select

from data_sharing_agreements.log.kinds import countable
from data_sharing_agreements.log.subjects import digest_of
from data_sharing_agreements.registry.audit import AuditEvent, write_down
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, text_of
from data_sharing_agreements.store.schema import indicator_result, link_version, mart
from data_sharing_agreements.store.tables_ends import mart_retraction


@dataclass(frozen=True)
class LinkVersion:
    """One version of the spine: what made it, from what, and how large it is."""

    version: int
    created_at: str
    model: str
    thresholds: dict[str, Any]
    input_hash: str
    records: int
    persons: int
    counts: dict[str, Any]


@dataclass(frozen=True)
class Mart:
    """One published mart: where it lies, what it rests on, what binds its users."""

    project: str
    mart: str
    version: str
    path: str
    rows: int
    link_version: int | None
    published_at: str
    obligations: list[dict[str, Any]]
    codebook: dict[str, Any]


@dataclass(frozen=True)
class IndicatorResult:
    """One computed result of an indicator, as the indicator interface has it."""

    indicator: str
    computed_at: str
    result: dict[str, Any]


class LinkVersions:
    """The link versions of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(
        self,
        version: int,
        model: str,
        thresholds: Mapping[str, Any],
        input_hash: str,
        records: int,
        persons: int,
        counts: Mapping[str, Any],
        audit: AuditEvent | None = None,
    ) -> LinkVersion:
        """Record a version; recording the same one again changes nothing."""
        with self._database.writing() as connection:
            known = connection.execute(
                select(link_version).where(link_version.c.version == version)
            ).one_or_none()
            if known is not None:
                return _link_version(known)
            made = connection.execute(
                insert(link_version)
                .values(
                    version=version,
                    created_at=text_of(self._clock()),
                    model=model,
                    thresholds=dict(thresholds),
                    input_hash=input_hash,
                    records=records,
                    persons=persons,
                    counts=dict(counts),
                )
                .returning(link_version)
            ).one()
            facts = {
                "version": version,
                "model": model,
                "thresholds": dict(thresholds),
                "input_hash": input_hash,
                "records": countable(records),
                "persons": countable(persons),
            }
            write_down(connection, self._clock, "link-version", facts, audit)
            return _link_version(made)

    def latest(self) -> LinkVersion | None:
        """Return the newest version, or None."""
        with self._database.reading() as connection:
            query = select(link_version).order_by(link_version.c.version.desc()).limit(1)
            row = connection.execute(query).one_or_none()
            return None if row is None else _link_version(row)

    def all(self) -> list[LinkVersion]:
        """Return every version, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(link_version).order_by(link_version.c.version)).all()
            return [_link_version(row) for row in rows]


class Marts:
    """The published marts of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def publish(
        self,
        project: str,
        mart_name: str,
        version: str,
        path: str,
        rows: int,
        link_version: int | None,
        obligations: Iterable[Mapping[str, Any]],
        codebook: Mapping[str, Any],
        audit: AuditEvent | None = None,
    ) -> Mart:
        """Record a mart as published; it is then the current one of its name.

        Args:
            project, mart_name, version: Its name. A version is published once.
            path: Its file, below the home.
            rows: Rows of its tables.
            link_version: The spine it rests on.
            obligations: `Obligations.listed()` of the decision that permitted it.
            codebook: Fields, coverage, link error.
            audit: More for the log, such as the clauses.
        """
        bound = [dict(obligation) for obligation in obligations]
        with self._database.writing() as connection:
            made = connection.execute(
                insert(mart)
                .values(
                    project=project,
                    mart=mart_name,
                    version=version,
                    path=path,
                    rows=rows,
                    link_version=link_version,
                    published_at=text_of(self._clock()),
                    obligations=bound,
                    codebook=dict(codebook),
                )
                .returning(mart)
            ).one()
            facts = {
                "project": project,
                "mart": mart_name,
                "version": version,
                "path": path,
                "link_version": link_version,
                "obligations": bound,
                "codebook": digest_of(dict(codebook)),
            }
            write_down(connection, self._clock, "mart", facts, audit)
            return _mart(made)

    def current(self, project: str, mart_name: str | None = None) -> list[Mart]:
        """Return the newest version of each mart of a project, or of one of them."""
        named = [found for found in self.all() if found.project == project]
        return [found for found in named if mart_name in (None, found.mart)]

    def all(self) -> list[Mart]:
        """Return the newest version of every mart, by project and name, unless it was retracted."""
        newest = select(func.max(mart.c.id)).group_by(mart.c.project, mart.c.mart)
        standing = mart.c.id.in_(newest) & mart.c.id.not_in(select(mart_retraction.c.mart))
        query = select(mart).where(standing).order_by(mart.c.project, mart.c.mart)
        with self._database.reading() as connection:
            return [_mart(row) for row in connection.execute(query).all()]

    def history(self, project: str) -> list[Mart]:
        """Return every version of a project's marts, oldest first."""
        query = select(mart).where(mart.c.project == project).order_by(mart.c.id)
        with self._database.reading() as connection:
            return [_mart(row) for row in connection.execute(query).all()]


class IndicatorResults:
    """The results of indicators, each set of results kept."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(
        self, indicator: str, results: Iterable[Mapping[str, Any]], audit: AuditEvent | None = None
    ) -> list[IndicatorResult]:
        """Record the results of one indicator, computed together.

        Args:
            indicator: Its id.
            results: One mapping a breakdown, as the indicator interface has it,
                already suppressed and rounded.
            audit: More for the log.
        """
        at = text_of(self._clock())
        rows = [{"indicator": indicator, "computed_at": at, "result": dict(result)} for result in results]
        with self._database.writing() as connection:
            if rows:
                connection.execute(insert(indicator_result), rows)
            facts = {"indicator": indicator, "results": len(rows)}
            write_down(connection, self._clock, "indicator", facts, audit)
        return [IndicatorResult(indicator, at, row["result"]) for row in rows]  # type: ignore[arg-type]

    def latest(self, indicator: str | None = None) -> list[IndicatorResult]:
        """Return the results computed last of each indicator, or of one."""
        newest = (
            select(indicator_result.c.indicator, func.max(indicator_result.c.computed_at).label("at"))
            .group_by(indicator_result.c.indicator)
            .subquery()
        )
        query = (
            select(indicator_result)
            .join(
                newest,
                (newest.c.indicator == indicator_result.c.indicator)
                & (newest.c.at == indicator_result.c.computed_at),
            )
            .order_by(indicator_result.c.indicator, indicator_result.c.id)
        )
        if indicator is not None:
            query = query.where(indicator_result.c.indicator == indicator)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [IndicatorResult(row.indicator, row.computed_at, row.result) for row in rows]


def _link_version(row: Row[Any]) -> LinkVersion:
    return LinkVersion(**{name: row._mapping[name] for name in LinkVersion.__dataclass_fields__})


def _mart(row: Row[Any]) -> Mart:
    return Mart(**{name: row._mapping[name] for name in Mart.__dataclass_fields__})
