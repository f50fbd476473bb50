"""Messages of others lose their values."""

import io
import logging
from collections.abc import Iterator

import pytest

from privacy.redaction import REDACTED, RedactingFilter, install, redact

VALUES = [
    "123-45-6789",
    "123456789",
    "19840229",
    "1984-02-29",
    "29.02.1984",
    "2/29/1984",
    "(360) 555-0143",
    "360-555-0143",
    "zz.canary@example.org",
    "'ZZCANARYNAME'",
    '"ZZCANARYNAME"',
    "deadbeef" * 8,
]


@pytest.mark.parametrize("value", VALUES)
def test_values_are_taken_out(value: str) -> None:
    assert redact(f"could not convert {value} in row") == f"could not convert {REDACTED} in row"


@pytest.mark.parametrize(
    "text",
    ["42 rows of dshs_tanf 2023Q1 quarantined", "period 2023-01, 1204 of 5000 rows", "rule names-in-text"],
)
def test_our_own_messages_are_left_alone(text: str) -> None:
    assert redact(text) == text


def test_column_names_stay_where_quotes_are_trusted() -> None:
    assert redact('column "county" holds 123-45-6789', quoted=False) == f'column "county" holds {REDACTED}'


@pytest.fixture
def logged() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    out, logger = io.StringIO(), logging.getLogger("test_privacy_redaction")
    handler = logging.StreamHandler(out)
    logger.addHandler(handler)
    logger.propagate = False
    install(logger)
    install(logger)
    assert sum(isinstance(f, RedactingFilter) for f in handler.filters) == 1
    yield logger, out
    logger.removeHandler(handler)


def test_arguments_and_exceptions_are_redacted(logged: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = logged
    try:
        int("ZZCANARYNAME")
    except ValueError:
        logger.exception("row %s of %s failed", 7, "'ZZCANARYNAME'", stack_info=True)
    assert out.getvalue() == f"row 7 of {REDACTED} failed (ValueError)\n"
