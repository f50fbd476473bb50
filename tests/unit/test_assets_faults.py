"""Whatever is raised becomes an error without data in it."""

import errno
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from assets.faults import OutOfSpace, Unexpected, guarded, place_of, safe
from data_sharing_agreements.errors import Busy, Held, IntegrityFault, Invalid, UsageFault
from pipelines.lock import Holder

SECRET = "Wimblethwaite"


def raised(error: BaseException) -> BaseException:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def test_ours_pass_unchanged() -> None:
    error = Held.of("missing-column", "A column is missing.")
    assert safe(error) is error


def test_an_unknown_error_keeps_its_type_and_nothing_else() -> None:
    error = safe(raised(ValueError(f"could not convert {SECRET}")))
    assert isinstance(error, Unexpected)
    assert error.exit_code == 1
    assert "ValueError" in error.details[0].what
    assert SECRET not in str(error.to_json())


def test_nothing_is_chained() -> None:
    with pytest.raises(Unexpected) as caught, guarded():
        int(SECRET)
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None


def test_interrupts_are_not_errors() -> None:
    with pytest.raises(KeyboardInterrupt), guarded():
        raise KeyboardInterrupt


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_to_be_full(number: int) -> None:
    error = safe(raised(OSError(number, "no", f"/x/{SECRET}")))
    assert isinstance(error, OutOfSpace)
    assert error.details[0].code == "no-disk-left"
    assert SECRET not in str(error.to_json())


def test_a_full_disk_is_one_error_whoever_met_it() -> None:
    error = safe(Invalid.of("no-disk-left", "No room."))
    assert isinstance(error, OutOfSpace)
    assert error.exit_code == 1
    own = OutOfSpace.of("no-disk-left", "Only 3 MiB are free.")
    assert safe(own) is own


def test_a_missing_permission_names_the_file() -> None:
    error = safe(raised(PermissionError(errno.EACCES, "no", "somewhere/vault.duckdb")))
    assert isinstance(error, UsageFault)
    assert "vault.duckdb" in error.details[0].what


def test_too_little_memory() -> None:
    assert safe(raised(MemoryError())).details[0].code == "no-memory-left"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, OutOfSpace),
        (sqlite3.SQLITE_BUSY, Busy),
        (sqlite3.SQLITE_NOTADB, IntegrityFault),
        (sqlite3.SQLITE_CORRUPT, IntegrityFault),
        (sqlite3.SQLITE_ERROR, Unexpected),
    ],
)
def test_sqlite(code: int, kind: type[Exception]) -> None:
    original = sqlite3.OperationalError(SECRET)
    original.sqlite_errorcode = code
    error = safe(raised(OperationalError(f"INSERT {SECRET}", {"v": SECRET}, original)))
    assert isinstance(error, kind)
    assert SECRET not in str(error.to_json())


def test_the_place_is_in_our_code_only() -> None:
    assert place_of(raised(ValueError())) == "an unknown place"
    with pytest.raises(TypeError) as caught:
        Holder()  # type: ignore[call-arg]
    assert place_of(caught.value) == "an unknown place"
