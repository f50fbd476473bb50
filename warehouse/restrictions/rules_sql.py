"""The reading of restrictions in SQL, made from the same table of rules.

Belongs here: which entries stand on a day, and which records a use leaves out. Does
not: the rules (`data_sharing_agreements.restrictions`), to which a test holds this.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from data_sharing_agreements.restrictions import MAJORITY_YEARS, RULES, Act, Entry, Kind, Use, entry_bars
from warehouse.readers.staged import listed, literal

NO_BIRTHS = "(SELECT NULL::VARCHAR AS source, NULL::VARCHAR AS token, NULL::INTEGER AS born WHERE false)"
"""For readings in which nobody's age matters: a relation (source, token, born) without rows."""

_ADULT = MAJORITY_YEARS * 10_000


def standing_sql(entries: str, births: str = NO_BIRTHS) -> str:
    """SQL of the entries that stand on `$day`: source, token, kind, granted, scope, bars, start, until.

    Args:
        entries: Relation with the columns of `vault.restriction`.
        births: Relation (source, token, born) with birth dates as numbers YYYYMMDD.
    """
    record = "PARTITION BY source, token, kind ORDER BY sequence, position"
    later = f"OVER ({record} ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)"
    majority = listed([kind for kind, rule in RULES.items() if rule.until_majority])
    today = "(year($day::DATE) * 10000 + month($day::DATE) * 100 + day($day::DATE))"
    return f"""
        WITH begun AS (
            SELECT *,
                coalesce(bool_or(act = '{Act.REVOKE}') {later}, false) AS revoked,
                coalesce(bool_or(act = '{Act.SET}') {later}, false) AS set_again
            FROM {entries} WHERE start <= $day::DATE
        )
        SELECT e.source, e.token, e.kind, e.kind = '{Kind.CONSENT}' AND e.act = '{Act.SET}' AS granted,
            e.scope, e.bars, e.start, e.until
        FROM begun AS e LEFT JOIN {births} AS b ON b.source = e.source AND b.token = e.token
        WHERE CASE WHEN e.act = '{Act.REVOKE}' THEN e.kind = '{Kind.CONSENT}' AND NOT e.set_again
            ELSE NOT e.revoked AND (e.until IS NULL OR e.until >= $day::DATE)
                AND NOT (e.kind IN ({majority}) AND coalesce({today} >= b.born + {_ADULT}, false)) END
    """


def bars_sql(use: Use) -> str:
    """SQL condition over kind, granted and bars: an entry that stands bars the use."""
    whole = [kind for kind in Kind if entry_bars(_plain(kind), use)]
    narrow = [kind for kind, rule in RULES.items() if rule.bars and rule.narrows]
    named = "true"
    if use.purpose is not None:
        named = f"list_has_any(bars, [{listed(sorted(use.verbs | {use.purpose}))}])"
    return (
        f"(NOT granted AND CASE WHEN kind IN ({listed(narrow)}) AND len(bars) > 0 THEN {named} "
        f"ELSE {_among(whole)} END)"
    )


def keeps_out_sql() -> str:
    """SQL condition over kind, granted and bars: rows of the record are not taken in."""
    kinds = [kind for kind, rule in RULES.items() if rule.keeps_out]
    return f"(NOT granted AND len(bars) = 0 AND {_among(kinds)})"


def hides_address_sql() -> str:
    """SQL condition over kind: linkage may not see the record's address."""
    return _among(kind for kind, rule in RULES.items() if rule.hides_address)


def excluded_sql(use: Use, asked: Iterable[tuple[str, str]] = (), house: str = "warehouse") -> str:
    """SQL of the keys of records that may not be read for a use, from what was settled today.

    Args:
        use: What they would be read for.
        asked: (source, relation of its record keys) of sources that ask consent: of
            these, records without a word of consent are excluded too.
        house: Name under which the warehouse is attached.
    """
    entry = f"{house}.restriction.entry"
    parts = [f"SELECT record_key FROM {entry} WHERE {bars_sql(use)}"]
    parts += [
        f"SELECT record_key FROM {records} ANTI JOIN "
        f"(SELECT record_key FROM {entry} WHERE granted AND source = {literal(source)}) USING (record_key)"
        for source, records in asked
    ]
    return " UNION ".join(parts)


def _plain(kind: Kind) -> Entry:
    """Return an entry that begins the kind's restriction; of consent, one that withdraws it."""
    return Entry(kind, Act.REVOKE if kind is Kind.CONSENT else Act.SET, date.min)


def _among(kinds: Iterable[Kind]) -> str:
    found = listed(list(kinds))
    return f"kind IN ({found})" if found else "false"
