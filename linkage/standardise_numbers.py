"""Numbers in one form: SQL for birth dates, social security numbers and telephones.

Belongs here: which numbers can be true, and which stand for "not known". Does not:
names or addresses; the vault has already brought dates that are dates into the order
year, month, day.
"""

from __future__ import annotations

from linkage.vocabulary import sql_map, words


def _quoted(kind: str) -> str:
    return ", ".join(f"'{word}'" for word in words(kind))


def digits_sql(column: str) -> str:
    """SQL for the digits of a text, NULL if there are none."""
    return f"nullif(regexp_replace({column}, '[^0-9]', '', 'g'), '')"


def birth_digits_sql(column: str) -> str:
    """SQL for a birth date's eight digits, year first, or its raw digits if it has no year.

    Nonsense that is not a date keeps its digits in the order year, rest, so that dates
    can be compared digit by digit. Known placeholders are NULL.
    """
    digits = digits_sql(column)
    year_first = f"length({digits}) = 8 AND left({digits}, 4) BETWEEN '1850' AND '2049'"
    year_last = f"length({digits}) = 8 AND right({digits}, 4) BETWEEN '1850' AND '2049'"
    return f"""CASE
        WHEN {digits} IN ({_quoted("date_placeholder")}) OR length({digits}) < 6 THEN NULL
        WHEN {year_first} THEN {digits}
        WHEN {year_last} THEN right({digits}, 4) || left({digits}, 4)
        ELSE {digits} END"""


def year_of_digits_sql(date_digits: str) -> str:
    """SQL for the year of standardised digits, NULL if they have none."""
    return f"""CASE WHEN length({date_digits}) = 8 AND left({date_digits}, 4) BETWEEN '1850' AND '2049'
        THEN left({date_digits}, 4) END"""


def day_month_sql(date_digits: str, year: str) -> str:
    """SQL for day and month in ascending order, the same whichever was written first."""
    first, second = f"{date_digits}[5:6]", f"{date_digits}[7:8]"
    return f"""CASE WHEN {year} IS NOT NULL AND length({date_digits}) = 8
        THEN least({first}, {second}) || greatest({first}, {second}) END"""


def ssn_sql(column: str) -> str:
    """SQL for a social security number that can have been issued, or a taxpayer number.

    Refused: areas 000 and 666, group 00, serial 0000 (SSA numbering rules), and numbers
    known from advertisements and forms.
    """
    digits = digits_sql(column)
    return f"""CASE WHEN length({digits}) = 9 AND left({digits}, 3) NOT IN ('000', '666')
        AND {digits}[4:5] <> '00' AND {digits}[6:9] <> '0000'
        AND {digits} NOT IN ({_quoted("ssn_placeholder")}) THEN {digits} END"""


def ssn_last_sql(column: str) -> str:
    """SQL for the last four digits of a number whose first five were left out."""
    last = f"regexp_extract(lower({column}), '^(?:[x*#-]{{5,7}})?([0-9]{{4}})$', 1)"
    return f"CASE WHEN {last} NOT IN ('', '0000') THEN {last} END"


def phone_sql(column: str) -> str:
    """SQL for a North American telephone number of ten digits; all digits alike is none."""
    digits = f"right({digits_sql(column)}, 10)"
    return f"""CASE WHEN length({digits}) = 10 AND {digits}[1] NOT IN ('0', '1')
        AND {digits} <> repeat({digits}[1], 10) AND {digits}[4:6] <> '555' THEN {digits} END"""


def suffix_sql(column: str) -> str:
    """SQL for a generation: JR, SR, 2 and so on; NULL for anything else (titles, typing errors)."""
    return f"{sql_map('suffix')}[{column}]"
