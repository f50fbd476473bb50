"""Fairness: link errors by people's attributes, as soon as core knows them.

Belongs here: which attributes are looked at, and handing linkage the permitted records
with them. Does not: measuring (linkage.fairness), attributes (warehouse.core), or telling
readers (marts, indicators, reports).
"""

from __future__ import annotations

from datetime import date

from assets.linkage_report import write_linkage_report
from assets.workplace import Workplace
from linkage.quality import read_quality
from linkage.spine import latest_version
from linkage.telling import tell_groups
from warehouse.hub import Hub
from warehouse.opener import Session, Store
from warehouse.restrictions.relations import permit_spine, restrict, spine_use

COLUMNS: tuple[str, ...] = ("race_ethnicity", "sex", "age_band", "language_group", "county")
"""Attributes of persons by which errors are told; a link itself adds source and name."""

AGE_BANDS: tuple[tuple[int, str], ...] = (
    (6, "under_6"),
    (18, "6_to_17"),
    (25, "18_to_24"),
    (45, "25_to_44"),
    (65, "45_to_64"),
)
"""(years of age below which, band); everybody else is 65 or older."""

_OLDEST = "65_and_over"


def make_fairness(workplace: Workplace) -> None:
    """Measure the standing version by group, once, after core was made."""
    hub = workplace.hub
    if hub.opener.exists(Store.warehouse()) and _is_missing(hub):
        tell_fairness(hub)


def tell_fairness(hub: Hub) -> None:
    """Measure the standing version by group, keep it with the version, write the report anew."""
    with hub.opener.session(write=[Store.warehouse()]) as session, session.guard():
        restrict(session, hub, spine_use(hub))
        permit_spine(session)
        session.execute(_members_sql(hub.deployment.scorecard_date()))
        tell_groups(session.raw, "fair_given", COLUMNS)
        session.execute("DROP VIEW temp.fair_given")
        write_linkage_report(hub, session)


def knows_people(session: Session) -> bool:
    """Whether core has made persons before, so that each new version is measured once core is made."""
    return _has(session, "core", "person")


def _is_missing(hub: Hub) -> bool:
    """Whether there are a version and persons, and nothing is known by their attributes."""
    hub.gate.keep()
    with hub.opener.session(read=[Store.warehouse()]) as session, session.guard():
        if not (_has(session, "spine", "version") and knows_people(session)):
            return False
        version = latest_version(session.raw)
        if version is None:
            return False
        known = read_quality(session.raw, version.version).get("model", {}).get("by_subgroup", ())
        return not {part["column"] for part in known} & set(COLUMNS)


def _members_sql(today: date) -> str:
    """Statement that makes `fair_given`: permitted records, their source, their person's attributes."""
    years = f"date_diff('year', birth_month, DATE '{today.isoformat()}')"
    bands = " ".join(f"WHEN {years} < {below} THEN '{band}'" for below, band in AGE_BANDS)
    return f"""CREATE OR REPLACE TEMP VIEW fair_given AS
        SELECT s.record_key, s.person_key, a.source, p.race_ethnicity, p.sex, p.language_group, p.county,
            CASE WHEN birth_month IS NULL THEN NULL {bands} ELSE '{_OLDEST}' END AS age_band
        FROM permitted_spine s
        JOIN (SELECT record_key, source FROM warehouse.spine.assignment WHERE to_version IS NULL) a
            USING (record_key)
        LEFT JOIN warehouse.core.person p USING (person_key)"""


def _has(session: Session, schema: str, table: str) -> bool:
    found = session.execute(
        "SELECT count(*) FROM information_schema.tables "
        "WHERE table_catalog = 'warehouse' AND table_schema = ? AND table_name = ?",
        [schema, table],
    )
    return bool(found[0][0])
