"""SQL of one column's value: parsed, checked, as it goes to the warehouse or the vault.

Belongs here: expressions over the views of staging. Does not: statements (`checks`,
`split`), or reading files (`readers`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from warehouse.contracts_model import Column, ColumnType, OnInvalid
from warehouse.readers.staged import listed, literal, quoted

_DIGITS = "0123456789"
_SEPARATORS = "-/. "
_DATED = (ColumnType.DATE, ColumnType.TIMESTAMP)
_DIGITS_OF = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}


@dataclass(frozen=True)
class ValueRule:
    """A rule of one column.

    Args:
        rule: Its name.
        column: Logical name.
        broken: SQL that holds for a row whose value breaks it.
        action: What happens to such a value.
    """

    rule: str
    column: str
    broken: str
    action: OnInvalid


def parsed_sql(column: Column) -> str:
    """SQL of the typed value; NULL where the text is none of the type."""
    name = quoted(column.name)
    if column.type is ColumnType.STRING:
        return name
    if column.type is ColumnType.INTEGER:
        return f"TRY_CAST({name} AS BIGINT)"
    if column.type is ColumnType.NUMBER:
        if column.implied_decimals:
            scale = 10**column.implied_decimals
            return f"(TRY_CAST({name} AS BIGINT) / {scale}::DECIMAL(18,0))::DECIMAL(18,2)"
        return f"TRY_CAST({name} AS DECIMAL(18,2))"
    moment = f"try_strptime({name}, {literal(column.date_format)})"
    return f"{moment}::DATE" if column.type is ColumnType.DATE else moment


def rules_of(column: Column) -> Iterator[ValueRule]:
    """Yield the rules of a column's values, its form first."""
    name = quoted(column.name)
    action = column.on_invalid
    if column.required:
        needed = OnInvalid.QUARANTINE if action in (OnInvalid.NULL, OnInvalid.KEEP) else action
        yield ValueRule("missing-value", column.name, f"{name} IS NULL", needed)
    for rule, broken in _forms(column, name):
        yield ValueRule(rule, column.name, f"({name} IS NOT NULL AND ({broken}))", action)


def _forms(column: Column, name: str) -> Iterator[tuple[str, str]]:
    parsed = parsed_sql(column)
    if column.type in _DATED:
        yield "impossible-date", _no_date(column, name, parsed)
    elif column.type is not ColumnType.STRING:
        whole = column.type is ColumnType.INTEGER or column.implied_decimals
        fraction = f" OR translate({name}, '+-{_DIGITS}', '') <> ''" if whole else ""
        yield "not-a-number", f"{parsed} IS NULL{fraction}"
    if column.codes:
        yield "unknown-code", f"{name} NOT IN ({listed(list(column.codes))})"
    if column.pattern:
        yield "wrong-pattern", f"NOT regexp_full_match({name}, {literal(column.pattern)})"
    if column.max_length:
        yield "too-long", f"length({name}) > {column.max_length}"
    bounds = [
        f"{parsed} {sign} {literal(bound)}::{column.type.sql}"
        for sign, bound in (("<", column.minimum), (">", column.maximum))
        if bound is not None
    ]
    if bounds:
        yield "out-of-range", f"coalesce({' OR '.join(bounds)}, false)"


def _no_date(column: Column, name: str, parsed: str) -> str:
    """SQL for a text that is no date. Without separators the length must fit, or 2023111 is two dates."""
    form = column.date_format or ""
    broken = f"{parsed} IS NULL"
    bare = form.replace("%", "").isalpha()
    if bare:
        length = sum(digits for part, digits in _DIGITS_OF.items() if part in form)
        broken += f" OR length({name}) <> {length}"
    return f"{broken} OR year({parsed}) NOT BETWEEN 1800 AND 2200"


def content_sql(column: Column, rules: list[ValueRule]) -> str:
    """SQL of the value the warehouse keeps of an accepted row."""
    value = _recoded(column, parsed_sql(column))
    broken = [rule.broken for rule in rules if rule.column == column.name and rule.action is OnInvalid.NULL]
    if broken and column.role != "sex":
        value = f"CASE WHEN {' OR '.join(broken)} THEN NULL ELSE {value} END"
    return value


def _recoded(column: Column, value: str) -> str:
    if column.role == "sex":
        pairs = column.recode or {"M": "M", "F": "F"}
    elif column.recode:
        pairs = column.recode
    else:
        return value
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in pairs.items())
    otherwise = "NULL" if column.role == "sex" else quoted(column.name)
    recoded = f"CASE {quoted(column.name)} {cases} ELSE {otherwise} END"
    return recoded if column.type is ColumnType.STRING else f"TRY_CAST({recoded} AS {column.type.sql})"


def identity_sql(column: Column) -> str:
    """SQL of the value the vault keeps for linkage, as `privacy.vault` says."""
    name = quoted(column.name)
    if column.role in ("birth_date", "date_of_death"):
        return _date_digits(column)
    if column.role == "ssn":
        bare = f"translate({name}, '- ', '')"
        slow = f"nullif(left(regexp_replace(lower({name}), '[^0-9x]', '', 'g'), 9), '')"
        return f"CASE WHEN length({bare}) <= 9 AND {_all_digits(bare)} THEN {bare} ELSE {slow} END"
    if column.role == "sex" or column.recode:
        return _recoded(column, name)
    return name


def _all_digits(text: str) -> str:
    return f"translate({text}, '{_DIGITS}', '') = ''"


def _date_digits(column: Column) -> str:
    """SQL of a date as YYYYMMDD. Eight digits that are no date are put in the same order all the same."""
    name, form = quoted(column.name), column.date_format or "%Y%m%d"
    bare = f"translate({name}, '{_SEPARATORS}', '')"
    digits = f"regexp_replace({name}, '[^0-9]', '', 'g')"
    slow = (
        f"CASE WHEN length({digits}) = 8 THEN {_year_first(digits, form)} "
        f"ELSE coalesce(strftime({parsed_sql(column)}, '%Y%m%d'), nullif(left({digits}, 8), '')) END"
    )
    if "%H" in form or not all(part in form for part in ("%Y", "%m", "%d")):
        return f"coalesce(strftime({parsed_sql(column)}, '%Y%m%d'), nullif(left({digits}, 8), ''))"
    return (
        f"CASE WHEN length({bare}) = 8 AND {_all_digits(bare)} THEN {_year_first(bare, form)} ELSE {slow} END"
    )


def _year_first(digits: str, form: str) -> str:
    """SQL that puts eight digits written in the order of a date format into the order year, month, day."""
    start, pieces = 1, {}
    for part in sorted(("%Y", "%m", "%d"), key=form.find):
        pieces[part] = f"substr({digits}, {start}, {_DIGITS_OF[part]})"
        start += _DIGITS_OF[part]
    return digits if form.startswith("%Y") else " || ".join(pieces[part] for part in ("%Y", "%m", "%d"))
