"""Names in one form: SQL that works once on each distinct name.

Belongs here: parts, particles, suffixes, placeholders, nickname classes and phonetic
codes of given names and surnames. Does not: any other field, or joining names back to
records (standardise.py).
"""

from __future__ import annotations

import re

from linkage.vocabulary import sql_list, words

_LETTER_SOUNDS = ("BFPVCGJKQSXZDTLMNR", "111122222222334556")
"""Consonants and their class in the phonetic code, as in Soundex (Russell 1918)."""


def _particles_joined_sql(text: str) -> str:
    """SQL that writes "DE LA CRUZ" as "DELACRUZ": each particle joins the word after it."""
    particles = "|".join(sorted((re.escape(word) for word in words("particle")), key=len, reverse=True))
    joined = text
    for _ in range(3):
        joined = f"regexp_replace({joined}, '(^| )({particles}) ([A-Z]{{2,}})', '\\1\\2\\3', 'g')"
    return joined


def _repaired_sql(text: str) -> str:
    """SQL that reads letters right which were written as UTF-8 and read as Latin letters."""
    for wrong, right in words("mojibake").items():
        text = f"replace({text}, '{wrong}', '{right}')"
    return text


def macros_sql() -> tuple[str, ...]:
    """Statements that make the macros names are standardised with.

    `link_words(x)`: list of the words of x: upper case, no accents, letters only; digits
    that look like a letter become it (a scanner's 0 for O). `link_phonetic(x)`: first
    letter's sound and up to three consonant classes.
    """
    collapsed = "translate(x, 'AEIOUYHW', '')"
    collapsed = f"translate({collapsed}, '{_LETTER_SOUNDS[0]}', '{_LETTER_SOUNDS[1]}')"
    for digit in "123456":
        collapsed = f"regexp_replace({collapsed}, '{digit}+', '{digit}', 'g')"
    return (
        f"""CREATE OR REPLACE TEMP MACRO link_repaired(x) AS
            CASE WHEN regexp_matches(x, '[ÃÅ]') THEN {_repaired_sql("x")} ELSE x END""",
        """CREATE OR REPLACE TEMP MACRO link_letters(x) AS
            replace(replace(replace(replace(translate(strip_accents(
                upper(replace(link_repaired(x), 'ß', 'ss'))),
                'ØŁĐÐ', 'OLDD'), 'ẞ', 'SS'), 'Æ', 'AE'), 'Œ', 'OE'), 'Þ', 'TH')""",
        f"""CREATE OR REPLACE TEMP MACRO link_words(x) AS
            list_filter(list_transform(
                string_split(regexp_replace(link_letters(x), '[\\s,/_–-]+', ' ', 'g'), ' '),
                lambda w: CASE WHEN list_contains({sql_list("suffix")}, w) THEN w
                    ELSE regexp_replace(translate(w, '01568', 'OISGB'), '[^A-Z]', '', 'g') END),
                lambda w: w <> '')""",
        f"CREATE OR REPLACE TEMP MACRO link_classes(x) AS left({collapsed}, 4)",
        """CREATE OR REPLACE TEMP MACRO link_phonetic(x) AS
            CASE WHEN x IS NULL THEN NULL ELSE
            translate(left(regexp_replace(regexp_replace(regexp_replace(x,
                '^(KN|GN|PN)', 'N'), '^WR', 'R'), '^PH', 'F'), 1), 'CQZXVYE', 'KKSSFII')
            || link_classes(x[2:]) END""",
    )


def _parted_sql(source: str) -> str:
    """CTEs up to `parted`: each name's words without its suffix, and the suffix."""
    suffixes = sql_list("suffix")
    return f"""split AS (
            SELECT raw, link_words(raw) AS parts FROM {source}
        ), parted AS (
            SELECT raw,
                list_filter(parts, lambda w, i: i = 1 OR NOT list_contains({suffixes}, w)) AS parts,
                list_filter(parts, lambda w, i: i > 1 AND list_contains({suffixes}, w))[1] AS suffix
            FROM split
        )"""


def given_names_sql(source: str) -> str:
    """SELECT of one row a distinct given name.

    Args:
        source: Relation with a column `raw`, distinct.

    Columns: raw, given (NULL if it is an initial or a placeholder), initial, second (the
    next word, a middle name if none is given), suffix, formal, other_formal (nickname
    classes), root (the name that stands for the class), phonetic (of root).
    """
    placeholders = sql_list("given_placeholder")
    return f"""
        WITH {_parted_sql(source)}, named AS (
            SELECT raw, suffix, nullif(parts[2], '') AS second,
                CASE WHEN list_contains({placeholders}, parts[1])
                       OR list_contains({placeholders}, array_to_string(parts, '')) THEN NULL
                     ELSE regexp_replace(parts[1], '[^A-Z]', '', 'g') END AS given
            FROM parted
        ), rooted AS (
            SELECT named.*, n.formal, n.other_formal,
                CASE WHEN f.formal IS NOT NULL THEN given ELSE coalesce(n.formal, given) END AS root
            FROM named LEFT JOIN link_nickname n ON n.name = given
            LEFT JOIN (SELECT DISTINCT formal FROM link_nickname) f ON f.formal = given
        )
        SELECT raw, suffix,
            CASE WHEN length(given) > 1 THEN given END AS given,
            nullif(left(given, 1), '') AS initial,
            CASE WHEN given IS NOT NULL THEN second END AS second,
            formal, other_formal,
            CASE WHEN length(given) > 1 THEN root END AS root,
            CASE WHEN length(given) > 1 THEN link_phonetic(root) END AS phonetic
        FROM rooted
    """


def surnames_sql(source: str) -> str:
    """SELECT of one row a distinct surname.

    Args:
        source: Relation with a column `raw`, distinct.

    Columns: raw, surname (all parts as one word), part_a and part_b (first and last part
    of a double surname, both the surname itself if it has one part), suffix, phonetic
    (of the last part, which is kept most often).
    """
    placeholders = sql_list("surname_placeholder")
    return f"""
        WITH {_parted_sql(source)}, joined AS (
            SELECT raw, suffix,
                list_filter(string_split({_particles_joined_sql("array_to_string(parts, ' ')")}, ' '),
                    lambda w: w <> '') AS parts
            FROM parted
        ), named AS (
            SELECT raw, suffix, parts, nullif(array_to_string(parts, ''), '') AS surname FROM joined
        ), known AS (
            SELECT raw, suffix,
                CASE WHEN NOT list_contains({placeholders}, surname) THEN surname END AS surname,
                parts FROM named
        )
        SELECT raw, suffix, surname,
            CASE WHEN surname IS NOT NULL THEN parts[1] END AS part_a,
            CASE WHEN surname IS NOT NULL THEN parts[-1] END AS part_b,
            link_phonetic(part_b) AS phonetic
        FROM known
    """
