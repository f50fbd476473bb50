"""Which documents, rosters and acts the hub worked under, and from when: entries of the log.

Belongs here: writing an entry when a document is new, changed or gone, when a roster is
admitted, when an act arrives; and noticing that one which was there is not any more.
Does not: judging them (`lifecycle/`). A decision can so be traced to the bytes of the
documents it rested on: those written down last before it.

The first roster is pinned here on first use: whoever could exchange it could sign for
anybody. Only genuine acts are written down, so that a stray file pins nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from data_sharing_agreements.documents.agreements import Agreements
from data_sharing_agreements.errors import ErrorDetail, IntegrityFault
from data_sharing_agreements.lifecycle import ROSTER_ID, Act, Filed, Signatory
from data_sharing_agreements.log.entries import Draft, append, canonical
from data_sharing_agreements.reading import digest
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock
from data_sharing_agreements.store.schema import meta

AGREEMENT = "agreement"
ACT = "act"
ROSTER = "roster"
"""Kinds of the entries written here."""

_NAME = "agreements"


@dataclass(frozen=True)
class Known:
    """What was written down last: digests of documents by `id@version`, of rosters, of acts."""

    documents: Mapping[str, str] = field(default_factory=dict)
    rosters: tuple[str, ...] = ()
    acts: Mapping[str, str] = field(default_factory=dict)

    def to_text(self) -> str:
        """Return it as the registry keeps it."""
        return canonical({"documents": self.documents, "rosters": self.rosters, "acts": self.acts})


def write_down_documents(database: Database, clock: Clock, agreements: Agreements) -> int:
    """Write an entry for each document, roster and act that was not written down yet.

    Returns:
        The number of entries written; 0 if nothing changed.

    Raises:
        IntegrityFault: A roster was exchanged, an act that was there is gone, or an act of
            a revoked key turns up late. Each names the document and the act.
    """
    filed = {item.act.digest: item for item in agreements.acts}
    with database.reading() as connection:
        known = _known(connection)
    now = _now(known, filed, agreements)
    if now == known:
        return 0
    with database.writing() as connection:
        known = _known(connection)
        now = _now(known, filed, agreements)
        drafts = [
            *_changes(known, now, agreements),
            *_rosters(known, agreements),
            *_acts(known, now, filed, agreements),
        ]
        append(connection, drafts, clock)
        connection.execute(delete(meta).where(meta.c.name == _NAME))
        connection.execute(insert(meta).values(name=_NAME, value=now.to_text()))
    return len(drafts)


def _known(connection: Connection) -> Known:
    value = connection.execute(select(meta.c.value).where(meta.c.name == _NAME)).scalar_one_or_none()
    found: dict[str, Any] = {} if value is None else json.loads(value)
    return Known(found.get("documents", {}), tuple(found.get("rosters", ())), found.get("acts", {}))


def _now(known: Known, filed: Mapping[str, Filed], agreements: Agreements) -> Known:
    """Return what is to be known now, once nothing has vanished or been exchanged."""
    rosters = agreements.rosters.digests()
    faults = [*_exchanged(known, rosters), *_vanished(known, filed)]
    new = {name: item for name, item in filed.items() if name not in known.acts}
    genuine = {name: item.act for name, item in new.items() if _is_genuine(item.act, agreements)}
    if known.rosters:
        faults += _late(genuine.values(), agreements)
    IntegrityFault.collect(faults)
    acts = {**known.acts, **{name: _label(act) for name, act in genuine.items()}}
    documents = {_key(d.id, d.version): digest(d) for d in agreements.versions}
    return Known(documents, rosters, acts)


def _is_genuine(act: Act, agreements: Agreements) -> bool:
    standing = agreements.standing.get((act.document, act.version))
    if standing is None:
        return act.document == ROSTER_ID and _enrolled(act, agreements)
    return any(signed.act == act for signed in standing.dossier.acts)


def _enrolled(act: Act, agreements: Agreements) -> bool:
    """Whether an act admitted one of the rosters that count."""
    digests = agreements.rosters.digests()
    return act.version <= len(digests) and act.sha256 == digests[act.version - 1]


def _exchanged(known: Known, rosters: tuple[str, ...]) -> Iterator[ErrorDetail]:
    if rosters[: len(known.rosters)] != known.rosters:
        yield ErrorDetail(
            "roster-exchanged",
            "The roster of signatories is not the one that was used before.",
            why="Whoever may exchange the roster may sign for anybody; its digest is in the log.",
            next="Put the roster back. A change is a new version that two of the board admit.",
            document=ROSTER_ID,
            clause="signatories",
        )


def _vanished(known: Known, filed: Mapping[str, Filed]) -> Iterator[ErrorDetail]:
    for name in sorted(known.acts.keys() - filed.keys(), key=lambda n: known.acts[n]):
        document, _, act = known.acts[name].partition(" ")
        yield ErrorDetail(
            "act-vanished",
            f"An act on {document} that counted is gone: {act}.",
            why="What was signed stays; only a later act undoes an earlier one.",
            next="Put the file of the act back into its folder.",
            document=document.partition("@")[0],
            clause=f"acts.{act.partition(' ')[0]}",
        )


def _late(acts: Iterable[Act], agreements: Agreements) -> Iterator[ErrorDetail]:
    """Acts of a revoked key that nobody has seen before the key was revoked."""
    for act in acts:
        entry = _signatory(act, agreements)
        if entry is not None and entry.revoked is not None:
            yield ErrorDetail(
                "act-backdated",
                f"An act of a revoked key turns up on {act.document}: {act.act} by {act.signatory}.",
                why="Whoever stole the key can give an act any date; only acts seen before count.",
                next="Remove the file, and have somebody whose key is valid sign.",
                document=act.document,
                clause=f"acts.{act.act}",
            )


def _changes(known: Known, now: Known, agreements: Agreements) -> Iterator[Draft]:
    for document in agreements.versions:
        key = _key(document.id, document.version)
        if known.documents.get(key) != now.documents[key]:
            facts = {
                "document": document.id,
                "version": document.version,
                "sha256": now.documents[key],
                "replaces": _before(known, document.id, document.version),
            }
            yield Draft(AGREEMENT, facts, ((document.id, "signatories"),))
    left = {document.id for document in agreements.versions}
    for key in sorted(known.documents):
        name = key.partition("@")[0]
        if name not in left:
            yield Draft(AGREEMENT, {"document": name, "sha256": None, "replaces": known.documents[key]})


def _before(known: Known, name: str, version: int) -> str | None:
    """Digest of the same version as it was, else of the newest version before it."""
    for earlier in range(version, 0, -1):
        if (found := known.documents.get(_key(name, earlier))) is not None:
            return found
    return None


def _rosters(known: Known, agreements: Agreements) -> Iterator[Draft]:
    digests = agreements.rosters.digests()
    for at in range(len(known.rosters), len(digests)):
        roster = agreements.rosters.chain[at]
        facts = {
            "version": roster.version,
            "sha256": digests[at],
            "replaces": digests[at - 1] if at else None,
            "signatories": len(roster.signatories),
        }
        yield Draft(ROSTER, facts, ((ROSTER_ID, "signatories"),))


def _acts(known: Known, now: Known, filed: Mapping[str, Filed], agreements: Agreements) -> Iterator[Draft]:
    new = [filed[name].act for name in now.acts if name not in known.acts]
    for act in sorted(new, key=lambda a: (a.at, a.digest)):
        entry = _signatory(act, agreements)
        facts = {
            "act": act.act,
            "document": act.document,
            "version": act.version,
            "sha256": act.sha256,
            "signatory": act.signatory,
            "office": entry.office if entry is not None else None,
            "party": entry.party if entry is not None else None,
            "at": act.at,
            "effective": act.effective,
            "digest": act.digest,
            "revokes": act.revokes,
        }
        yield Draft(ACT, facts, ((act.document, f"acts.{act.act}"),))


def _signatory(act: Act, agreements: Agreements) -> Signatory | None:
    roster = agreements.rosters.current
    return None if roster is None else roster.find(act.signatory)


def _label(act: Act) -> str:
    return f"{_key(act.document, act.version)} {act.act} by {act.signatory}"


def _key(name: str, version: int) -> str:
    return f"{name}@{version}"
