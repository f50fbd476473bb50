"""Loading one column of a contract.

Belongs here: an ODCS property and its custom properties to a `Column`.
Does not: checks that need other columns (`contracts_check`).
"""

from __future__ import annotations

import re
from typing import Any

from open_data_contract_standard.model import SchemaProperty

from warehouse.contracts_model import Column, ColumnType, Disclosure, Field, OnInvalid
from warehouse.contracts_properties import Faults, Properties

_DATE_PARTS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_DATE_FORMAT = re.compile(r"yyyy|MM|dd|HH|mm|ss|'[^']*'|[-/. :T]|(?P<unknown>.)")


def strptime_format(standard: str) -> str | None:
    """Translate an ODCS date format (`yyyyMMdd`) to `strptime` (`%Y%m%d`).

    Returns nothing for a format with parts other than yyyy, MM, dd, HH, mm, ss,
    quoted text and the separators `-/. :T`.
    """
    parts = []
    for match in _DATE_FORMAT.finditer(standard):
        if match["unknown"]:
            return None
        text = match[0]
        parts.append(_DATE_PARTS.get(text, text.strip("'")))
    return "".join(parts)


def read_column(standard: SchemaProperty, place: str, faults: Faults) -> Column:
    """Read one column, collecting its faults."""
    own = Properties.custom(standard.customProperties, place, faults)
    options = Properties(standard.logicalTypeOptions or {}, f"{place}.logicalTypeOptions", faults)
    start, length = own.scalar("start", 0), own.scalar("length", 0)
    result = Column(
        name=standard.name or "",
        physical_name=standard.physicalName or standard.name or "",
        type=_choice(ColumnType, standard.logicalType, ColumnType.STRING, f"{place}.logicalType", faults),
        description=standard.description or "",
        required=bool(standard.required),
        unique=bool(standard.unique),
        codes=_codes(standard, place, faults),
        nulls=own.texts("nulls"),
        role=own.scalar("role", "") or None,
        disclosure=_choice(
            Disclosure, standard.classification, Disclosure.ORDINARY, f"{place}.classification", faults
        ),
        pseudonym=own.scalar("pseudonym", "") or None,
        place=Field(start, length) if start > 0 and length > 0 else None,
        date_format=_date_format(options, faults),
        cipher=own.mapping("cipher"),
        recode=own.mapping("recode"),
        pattern=_pattern(options),
        minimum=_bound(options, "minimum"),
        maximum=_bound(options, "maximum"),
        max_length=options.scalar("maxLength", 0) or None,
        implied_decimals=own.scalar("implied_decimals", 0),
        on_invalid=_choice(
            OnInvalid,
            own.scalar("on_invalid", "") or None,
            OnInvalid.QUARANTINE,
            f"{place}.on_invalid",
            faults,
        ),
        tolerance=own.optional_share("tolerance"),
        free_text=own.scalar("free_text", False),
    )
    own.finish()
    options.finish()
    return result


def _choice(kind: Any, value: str | None, default: Any, place: str, faults: Faults) -> Any:
    if value is None:
        return default
    if value not in set(kind):
        faults.add(place, f"must be one of {', '.join(kind)}", "see docs/contracts.md")
        return default
    return kind(value)


def _codes(standard: SchemaProperty, place: str, faults: Faults) -> dict[str, str]:
    codes: dict[str, str] = {}
    for entry in standard.enum or ():
        if not isinstance(entry.value, str):
            faults.add(f"{place}.enum", "a code is not text", "put codes in quotes: '01' is not 1")
            continue
        codes[entry.value] = entry.label or ""
    return codes


def _date_format(options: Properties, faults: Faults) -> str | None:
    given = options.scalar("format", "")
    if not given:
        return None
    result = strptime_format(given)
    if result is None:
        faults.add(
            f"{options.place}.format",
            "has parts this system does not read",
            "use yyyy, MM, dd, HH, mm, ss and separators",
        )
    return result


def _pattern(options: Properties) -> str | None:
    pattern = options.scalar("pattern", "")
    if not pattern:
        return None
    try:
        re.compile(pattern)
    except re.error:
        options.fault("pattern", "is not a regular expression")
    return pattern


def _bound(options: Properties, name: str) -> str | None:
    return options.scalar(name, "") or None
