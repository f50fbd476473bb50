"""Addresses in one form: SQL that works once on each distinct street.

Belongs here: streets, house numbers, units, post office boxes. Does not: geocoding,
which needs data of its own, or any other field.
"""

from __future__ import annotations

from linkage.vocabulary import words

_UNIT_WORDS = "|".join(words("unit"))


def streets_sql(source: str) -> str:
    """SELECT of one row a distinct street.

    Args:
        source: Relation with a column `raw`, distinct. Words are written as in the table
            `link_street_word` (word, standard).

    Columns: raw, street (words abbreviated as the postal service does), number and unit
    where the street's text holds them, else NULL. A post office box is the street POBOX
    with the box as its number.
    """
    return f"""
        WITH cleaned AS (
            SELECT raw, trim(regexp_replace(regexp_replace(link_letters(raw), '[.'']', '', 'g'),
                '[^A-Z0-9#]+', ' ', 'g')) AS line
            FROM {source}
        ), boxed AS (
            SELECT raw, line,
                regexp_extract(line, '^(?:P ?O ?BOX|POST OFFICE BOX|BOX) ?#? ?([0-9A-Z]+)$', 1) AS box,
                regexp_extract(line, '^([0-9]+[A-Z]?) +[A-Z0-9]', 1) AS front,
                regexp_extract(line, ' (?:{_UNIT_WORDS}|#) ?#? ?([A-Z0-9]+)$', 1) AS back
            FROM cleaned
        ), bare AS (
            SELECT raw, box, front, back,
                regexp_replace(regexp_replace(line, '^[0-9]+[A-Z]? +([A-Z0-9])', '\\1'),
                    ' (?:{_UNIT_WORDS}|#) ?#? ?[A-Z0-9]+$', '') AS line
            FROM boxed
        ), word AS (
            SELECT raw, unnest(string_split(line, ' ')) AS word,
                generate_subscripts(string_split(line, ' '), 1) AS place
            FROM bare
        ), spelled AS (
            SELECT raw, string_agg(coalesce(w.standard, word), ' ' ORDER BY place) AS street
            FROM word LEFT JOIN link_street_word w USING (word) GROUP BY raw
        )
        SELECT raw,
            CASE WHEN box <> '' THEN 'POBOX' ELSE nullif(street, '') END AS street,
            CASE WHEN box <> '' THEN box ELSE nullif(front, '') END AS number,
            nullif(back, '') AS unit
        FROM bare JOIN spelled USING (raw)
    """


def house_number_sql(column: str) -> str:
    """SQL for a house number: letters and digits, no zeros in front."""
    return f"nullif(ltrim(regexp_replace(upper({column}), '[^A-Z0-9]', '', 'g'), '0'), '')"


def unit_sql(column: str) -> str:
    """SQL for a unit: what follows words like APT, letters and digits only."""
    bare = f"regexp_replace(upper({column}), '(^| )({_UNIT_WORDS}|#)[ .#]*', '', 'g')"
    return f"nullif(ltrim(regexp_replace({bare}, '[^A-Z0-9]', '', 'g'), '0'), '')"


def zip_sql(column: str) -> str:
    """SQL for the first five digits of a ZIP code, with a scanner's letters read as digits."""
    digits = f"regexp_replace(translate(upper({column}), 'OISB', '0158'), '[^0-9]', '', 'g')"
    return f"CASE WHEN length({digits}) >= 4 THEN left({digits}, 5) END"
