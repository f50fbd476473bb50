"""The person rule: one best value per demographic attribute.

Belongs here: the SELECT that chooses. Does not: which sources may vote; a project's
own `person` is chosen from its licensed sources alone, so that no value of another
source shows through.

Each source has one vote, its latest value; a record without a day is its oldest. Most
votes win; then the latest; then the smaller value, so that the choice never depends on
the order of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from warehouse.core.facts import ATTRIBUTES, FACTS

_NO_DAY = "DATE '1000-01-01'"


def person_sql(
    relations: Mapping[str, str], voters: Mapping[str, Sequence[str]], key: str = "person_key"
) -> str:
    """Return a SELECT of (key, each attribute, each attribute's `<attribute>_source`).

    Args:
        relations: Source → relation with the key and demographic columns.
        voters: Attribute → sources that may vote on it; an attribute without any is
            NULL for everyone.
        key: Name of the person's key in the relations.
    """
    everyone = " UNION ".join(f"SELECT {key} FROM {relation}" for relation in relations.values())
    ctes = [f"everyone AS ({everyone})"]
    columns, joins = [f"everyone.{key}"], []
    for attribute in ATTRIBUTES:
        sources = [s for s in voters.get(attribute, ()) if s in relations]
        if not sources:
            columns.append(f"CAST(NULL AS {FACTS['demographic'][attribute]}) AS {attribute}")
            columns.append(f"CAST(NULL AS VARCHAR) AS {attribute}_source")
            continue
        ctes.append(f"{attribute}_chosen AS ({_chosen_sql(attribute, sources, relations, key)})")
        columns += [
            f"{attribute}_chosen.value AS {attribute}",
            f"{attribute}_chosen.source AS {attribute}_source",
        ]
        joins.append(f"LEFT JOIN {attribute}_chosen USING ({key})")
    return f"WITH {', '.join(ctes)} SELECT {', '.join(columns)} FROM everyone {' '.join(joins)}"


def _chosen_sql(attribute: str, sources: Sequence[str], relations: Mapping[str, str], key: str) -> str:
    votes = " UNION ALL ".join(
        f"SELECT {key}, '{source}' AS source, "
        f"max(struct_pack(as_of := coalesce(as_of, {_NO_DAY}), value := {attribute})) AS latest "
        f"FROM {relations[source]} WHERE {attribute} IS NOT NULL GROUP BY {key}"
        for source in sources
    )
    return (
        f"SELECT {key}, latest.value AS value, min(source) AS source FROM ({votes}) "
        f"GROUP BY {key}, latest.value "
        f"QUALIFY row_number() OVER (PARTITION BY {key} "
        "ORDER BY count(*) DESC, max(latest.as_of) DESC, latest.value) = 1"
    )
