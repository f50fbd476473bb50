"""Keys agreed between parties: everybody ends with one key, nobody with another's."""

import json
from pathlib import Path

import pytest

from data_sharing_agreements.errors import Invalid, Refused, UsageFault
from privacy.agreed_keys import PartyKey, read_key, write_key


def agreed(agreement: str = "emou-1") -> tuple[PartyKey, PartyKey]:
    first = PartyKey.new(agreement, "hub", first=True)
    other = PartyKey.new(agreement, "clinic", first=False)
    grant = first.grant(other.offer(), other.fingerprint)
    return first, other.granted(grant, first.fingerprint)


def test_parties_end_with_one_key_and_secrets_of_their_own() -> None:
    first, other = agreed()
    assert first.encoding_key() == other.encoding_key()
    assert first.linkage_fingerprint == other.linkage_fingerprint
    assert first.own_key("a") != other.own_key("a") != other.own_key("b")
    assert agreed()[0].encoding_key() != first.encoding_key()
    assert PartyKey("emou-2", "hub", first.private, first.own, first.linkage).encoding_key() != (
        first.encoding_key()
    )


def test_nothing_is_accepted_that_was_not_heard_or_not_meant_for_us() -> None:
    first = PartyKey.new("emou-1", "hub", first=True)
    other = PartyKey.new("emou-1", "clinic", first=False)
    stranger = PartyKey.new("emou-1", "clinic", first=False)
    with pytest.raises(Refused, match="fingerprint-differs"):
        first.grant(stranger.offer(), other.fingerprint)
    with pytest.raises(Refused, match="fingerprint-differs"):
        first.grant(other.offer(), "")
    with pytest.raises(Refused, match="other-agreement"):
        first.grant(other.offer() | {"agreement": "emou-2"}, other.fingerprint)
    grant = first.grant(other.offer(), other.fingerprint)
    with pytest.raises(Refused, match="grant-not-for-us"):
        stranger.granted(grant, first.fingerprint)
    altered = grant | {"sealed": grant["sealed"][:-2] + ("00" if grant["sealed"][-2:] != "00" else "01")}
    with pytest.raises(Refused, match="grant-not-for-us"):
        other.granted(altered, first.fingerprint)
    with pytest.raises(Refused, match="fingerprint-differs"):
        other.granted(grant | {"party": "another"}, first.fingerprint)
    with pytest.raises(Invalid, match="not-an-offer"):
        other.granted(other.offer(), other.fingerprint)
    with pytest.raises(UsageFault, match="key-not-agreed"):
        other.encoding_key()


def test_a_key_file_is_closed_and_read_back(tmp_path: Path) -> None:
    path, (first, _) = tmp_path / "hub.key", agreed()
    write_key(path, first, new=True)
    assert path.stat().st_mode & 0o077 == 0
    assert read_key(path) == first
    assert first.linkage.hex() not in repr(first)
    with pytest.raises(UsageFault, match="key-exists"):
        write_key(path, first, new=True)
    path.chmod(0o644)
    with pytest.raises(Refused, match="key-file-exposed"):
        read_key(path)
    path.chmod(0o600)
    for broken in (
        "[]",
        "{",
        json.dumps({"schema": "other"}),
        path.read_text().replace(first.own.hex(), "aa"),
    ):
        path.write_text(broken)
        with pytest.raises(Invalid):
            read_key(path)
    with pytest.raises(UsageFault, match="no-key-file"):
        read_key(tmp_path / "none.key")
