"""Taking notices in: from the landing directory to the list in the vault.

Belongs here: whether a notice may be applied, and writing its entries down as tokens.
Does not: the shape of a notice (notice.py), or what follows from it (settle.py).

A notice counts if a signatory of the source's own agency signed it, with a key the
roster knew on that day, and it comes after every notice of the source before it.
Whatever does not count is refused, and said; the run goes on without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from data_sharing_agreements.decisions import Request
from data_sharing_agreements.errors import ErrorDetail, Refused
from data_sharing_agreements.registry.notices import NoticeRecord
from warehouse.hub import Hub
from warehouse.ingest.discovery import NOTICES
from warehouse.opener import Session, Store
from warehouse.restrictions.notice import Notice, parse_notice
from warehouse.restrictions.tokens import token_key, token_macro
from warehouse.steps import StepResult

STEP = "restrictions"
DIRECTORY = NOTICES


@dataclass(frozen=True)
class _Found:
    """A notice that lies in the landing directory: its name, digest and content."""

    name: str
    sha256: str
    notice: Notice


def take_notices(hub: Hub, landing: Path) -> list[StepResult]:
    """Apply every notice below `landing/restrictions` that is new and counts.

    Args:
        hub: Opened with the splitter's keys.
        landing: The landing directory; read only.

    Returns:
        One result a source that has a new notice (`rows_in`: notices that are new,
        `rows_out`: of them applied), and one for each that was refused.
    """
    done = {(known.source, known.sha256) for known in hub.registry.restriction_notices.all()
            if known.state == "applied"}  # fmt: skip
    found, results = _read(landing)
    new = [one for one in found if (one.notice.source, one.sha256) not in done]
    applied: dict[str, int] = {}
    for one in sorted(new, key=lambda f: (f.notice.source, f.notice.sequence, f.name)):
        faults = _why_refused(hub, one)
        if faults:
            _note(hub, one, applied=False)
            results.append(StepResult(STEP, one.notice.source, status="refused", errors=tuple(faults)))
            continue
        _apply(hub, one)
        applied[one.notice.source] = applied.get(one.notice.source, 0) + 1
    return results + [StepResult(STEP, s, rows_in=n, rows_out=n) for s, n in sorted(applied.items())]


def new_notices(hub: Hub, landing: Path) -> list[str]:
    """Return the digests of files of notices below a landing directory that nothing is known of."""
    known = {notice.sha256 for notice in hub.registry.restriction_notices.all()}
    found = {hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(landing)}
    return sorted(found - known)


def _files(landing: Path) -> list[Path]:
    return sorted((landing / DIRECTORY).rglob("*.json"))


def _read(landing: Path) -> tuple[list[_Found], list[StepResult]]:
    found, refused = [], []
    for path in _files(landing):
        data = path.read_bytes()
        place = f"{DIRECTORY}/{path.name}"
        notice, faults = parse_notice(data.decode("utf-8", "replace"), place)
        if notice is None:
            refused.append(StepResult(STEP, status="refused", errors=tuple(faults)))
        else:
            found.append(_Found(place, hashlib.sha256(data).hexdigest(), notice))
    return found, refused


def _why_refused(hub: Hub, found: _Found) -> list[ErrorDetail]:
    notice = found.notice
    if notice.source not in hub.contracts.by_source:
        return [_fault(found, "restriction-source-unknown", "it names a source that there is not")]
    try:
        hub.gate.require(Request("restrict", sources=frozenset({notice.source})))
    except Refused as refusal:
        return list(refusal.details)
    what = _why_not_signed(hub, notice)
    if what:
        return [_fault(found, "restriction-not-signed", what)]
    applied = hub.registry.restriction_notices.applied(notice.source)
    if any(known.notice_id == notice.notice_id for known in applied):
        return [
            _fault(
                found, "restriction-notice-replayed", "a notice of this name was applied with other content"
            )
        ]
    if any(known.sequence >= notice.sequence for known in applied):
        return [
            _fault(found, "restriction-notice-replayed", "a later notice of the source was applied already")
        ]
    return []


def _why_not_signed(hub: Hub, notice: Notice) -> str:
    """Return why the signature does not count, or nothing."""
    roster = hub.agreements.rosters.current
    signatory = roster.find(notice.signatory) if roster else None
    if signatory is None:
        return "the roster does not know its signatory"
    dsa = hub.agreements.dsa_for(notice.source)
    if signatory.party not in {party.name for party in dsa.parties if party.role in {"data_owner", "tribe"}}:
        return f"its signatory is not of a party that {dsa.id} names as the owner of the data"
    signed = date.fromisoformat(notice.at[:10])
    today = hub.deployment.today()
    if signed > today or not signatory.may_sign_on(signed):
        return "the key of its signatory was not valid on the day it was signed"
    if signatory.revoked is not None and signatory.revoked <= today:
        return "the key of its signatory was revoked"
    if not notice.is_genuine(signatory.public_key):
        return "its signature is not that of its signatory over this content"
    return ""


def _apply(hub: Hub, found: _Found) -> None:
    """Write the entries into the vault, then say in the registry that the notice was applied.

    A run killed between the two applies it again: the vault first forgets the notice.
    """
    notice = found.notice
    with (
        hub.opener.session(write=[Store.vault()]) as session,
        token_macro(session, token_key(hub.keys)),
        session.transaction("vault"),
    ):
        session.execute(
            "DELETE FROM vault.restriction WHERE source = ? AND notice_id = ?",
            [notice.source, notice.notice_id],
        )
        _write(session, notice)
    _note(hub, found, applied=True)


def _write(session: Session, notice: Notice) -> None:
    entries: Sequence[dict[str, object]] = [
        {
            "record_id": entry.source_id(),
            "position": position,
            "kind": str(entry.kind),
            "act": str(entry.act),
            "scope": str(entry.scope),
            "bars": sorted(entry.bars),
            "start": entry.start,
            "until": entry.until,
        }
        for position, entry in enumerate(notice.entries)
    ]
    session.register("_entries", pa.Table.from_pylist(list(entries), schema=_ENTRY))
    session.execute(
        """INSERT INTO vault.restriction
            SELECT $source, restriction_token($source, record_id), $notice, $sequence, position,
                kind, act, scope, bars, start, until FROM _entries""",
        {"source": notice.source, "notice": notice.notice_id, "sequence": notice.sequence},
    )
    session.unregister("_entries")


_ENTRY = pa.schema(
    [
        ("record_id", pa.string()),
        ("position", pa.int64()),
        ("kind", pa.string()),
        ("act", pa.string()),
        ("scope", pa.string()),
        ("bars", pa.list_(pa.string())),
        ("start", pa.date32()),
        ("until", pa.date32()),
    ]
)


def _note(hub: Hub, found: _Found, *, applied: bool) -> None:
    notice = found.notice
    if notice.source not in hub.agreements.by_source:
        return
    hub.registry.restriction_notices.record(
        NoticeRecord(
            notice.source,
            found.sha256,
            notice.notice_id,
            notice.sequence,
            notice.signatory,
            "applied" if applied else "refused",
        ),
        notice.kinds if applied else (),
        ((hub.agreements.by_source[notice.source].id, "row_restrictions"),),
    )


def _fault(found: _Found, code: str, what: str) -> ErrorDetail:
    return ErrorDetail(
        code,
        f"{found.name}: {what}.",
        why="A restriction counts if the agency whose records it is about signed it, once and in turn.",
        next="Ask the agency to sign a new notice with the next number.",
        source=found.notice.source,
        rule=code,
    )
