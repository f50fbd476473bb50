"""Which language a name may come from: a keyed class, to see whether links are fair to all names.

Belongs here: the classes, from surnames by the lists in `vocabulary/name_languages.csv`.
Does not: any person's own language, race or origin, which a name does not tell; using
the class in linkage, which never sees it; keeping it, which is never done by record.

A surname's class is the first of its words that is listed, or ends like one of the
listed endings; every other name is `other`, a record without a surname `none`. The class
goes into the only table that holds it as a token under the run's key.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from linkage.standardise import IDENTITY
from linkage.standardise_names import macros_sql
from linkage.vocabulary import name_languages
from privacy.encodings import Encoder

OTHER, NONE = "other", "none"
_NAMESPACE = "name_language"


def name_languages_of(connection: duckdb.DuckDBPyConnection, key: bytes) -> Mapping[int, str]:
    """Make `link_name_language` (record_key, token): the class of each record's latest surname.

    Args:
        connection: Holds `permitted_identity`.
        key: The run's key.

    Returns:
        Token → name of the class, for whoever prints totals.
    """
    classes = sorted({OTHER, NONE, *(group for _, _, group in name_languages())})
    tokens = Encoder(key).token(_NAMESPACE, pa.array(classes)).to_pylist()
    connection.register("link_class", pa.table({"grp": classes, "token": pa.array(tokens, pa.int64())}))
    connection.register("link_listed", _listed())
    for statement in macros_sql():
        connection.execute(statement).fetchall()
    endings = " ".join(
        f"WHEN word LIKE '%{word}' THEN '{group}'"
        for kind, word, group in name_languages()
        if kind == "ending"
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE link_name_language AS
            WITH latest AS (
                SELECT record_key, arg_max(said, (period, said)) AS name
                FROM (SELECT record_key, period, coalesce(surname, full_name) AS said FROM {IDENTITY})
                GROUP BY record_key
            ), name AS (SELECT DISTINCT name FROM latest WHERE name IS NOT NULL),
            word AS (
                SELECT name, unnest(words) AS word, unnest(range(len(words))) AS place
                FROM (SELECT name, list_concat(w, [array_to_string(w, '')]) AS words
                      FROM (SELECT name, link_words(name) AS w FROM name))
            ), found AS (
                SELECT name, arg_min(grp, place) AS grp FROM (
                    SELECT name, place, coalesce(l.grp, CASE {endings} END) AS grp
                    FROM word LEFT JOIN link_listed l USING (word)
                ) WHERE grp IS NOT NULL GROUP BY name
            )
            SELECT record_key, token FROM latest LEFT JOIN found USING (name)
            JOIN link_class c
                ON c.grp = coalesce(found.grp, CASE WHEN name IS NULL THEN '{NONE}' ELSE '{OTHER}' END)"""
    ).fetchall()
    connection.unregister("link_class")
    connection.unregister("link_listed")
    return dict(zip(tokens, classes, strict=True))


def _listed() -> pa.Table:
    rows = [(word, group) for kind, word, group in name_languages() if kind == "surname"]
    return pa.table({"word": [word for word, _ in rows], "grp": [group for _, group in rows]})
