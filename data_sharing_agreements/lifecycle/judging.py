"""Judging: which acts are genuine, and so where every document stands.

Belongs here: `judge` and the checks of one act against roster, document and clock. Does
not: what genuine acts add up to (`replay.py`), or reading files (`acts.py`).

Each document is judged when it is first asked about, so that a start pays only for the
documents it concerns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property

from data_sharing_agreements.errors import ErrorDetail
from data_sharing_agreements.lifecycle.acts import Act, Filed
from data_sharing_agreements.lifecycle.replay import Dossier, Signed, act_fault
from data_sharing_agreements.lifecycle.requirements import (
    Surroundings,
    requirements_of,
    roles_of,
    tier_of,
)
from data_sharing_agreements.lifecycle.roster import ROSTER_ID, Roster, Signatory
from data_sharing_agreements.lifecycle.standing import Objection, Standing
from data_sharing_agreements.lifecycle.states import ActKind, State
from data_sharing_agreements.models import Document, Dsa, Dul, Emou
from data_sharing_agreements.reading import digest
from data_sharing_agreements.store.clock import utc_now

Key = tuple[str, int]
"""Id and version of a document."""

HUB = "hub"
"""How an act names the hub's own key."""

CLOCKS_DIFFER = timedelta(minutes=10)
"""How far the clock of whoever signs may be ahead of ours."""


def judge(
    documents: Iterable[Document],
    roster: Roster | None,
    acts: Iterable[Filed],
    *,
    now: datetime | None = None,
    hub_key: str | None = None,
    unreadable: Sequence[ErrorDetail] = (),
) -> Standings:
    """Return where every version of every document stands.

    Args:
        documents: All versions of all documents.
        roster: Who may sign; without one no act is genuine.
        acts: Every act there is, genuine or not.
        now: The present moment; an act dated later never counts.
        hub_key: Public key (hex) of the hub, for what the program itself has done.
        unreadable: What is wrong with files that are no acts, to be listed with the rest.
    """
    return Standings(tuple(documents), roster, tuple(acts), now or utc_now(), hub_key, unreadable)


class Standings(Mapping[Key, Standing]):
    """The standing of every version, worked out when it is asked for."""

    def __init__(
        self,
        documents: tuple[Document, ...],
        roster: Roster | None,
        acts: tuple[Filed, ...],
        now: datetime,
        hub_key: str | None = None,
        unreadable: Sequence[ErrorDetail] = (),
    ) -> None:
        """Used by `judge`."""
        self._documents = {(d.id, d.version): d for d in documents}
        self._entries = {} if roster is None else dict(roster.by_id())
        self._acts: dict[Key, list[Filed]] = defaultdict(list)
        for filed in acts:
            self._acts[(filed.act.document, filed.act.version)].append(filed)
        self._now = now
        self._hub_key = hub_key
        self._unreadable = tuple(unreadable)
        self._alone: dict[Key, Standing] = {}
        self._judged: dict[Key, Standing] = {}

    def __getitem__(self, key: Key) -> Standing:
        """Return where one version stands."""
        if key not in self._judged:
            alone = self._standing_alone(key)
            replaced = self._replaced_on(key)
            dossier = replace(alone.dossier, replaced_on=replaced)
            self._judged[key] = alone if replaced is None else Standing(dossier, alone.refused)
        return self._judged[key]

    def __iter__(self) -> Iterator[Key]:
        """Go through every version."""
        return iter(self._documents)

    def __len__(self) -> int:
        """Return how many versions there are."""
        return len(self._documents)

    @property
    def faults(self) -> tuple[ErrorDetail, ...]:
        """Every act that does not count, and why."""
        found = [fault for standing in self.values() for fault in standing.faults]
        return (*self._unreadable, *found, *self._strays())

    @property
    def objections(self) -> tuple[Objection, ...]:
        """Every objection that counts and was not taken back."""
        return tuple(objection for standing in self.values() for objection in standing.objections)

    def _strays(self) -> Iterator[ErrorDetail]:
        for key, filed in self._acts.items():
            if key not in self._documents and key[0] != ROSTER_ID:
                for item in filed:
                    yield act_fault(item.act, "act-of-no-document", "there is no such version", item.place)

    def _standing_alone(self, key: Key) -> Standing:
        """The standing as if no later version replaced it."""
        if key not in self._alone:
            document = self._documents[key]
            around = self._around(document)
            signed, faults = self._genuine(document)
            askers = {r.person for r in document.recipients} if isinstance(document, Dul) else set()
            dossier = Dossier(
                document=document.id,
                version=document.version,
                tier=tier_of(document).value,
                term=document.term,
                requirements=requirements_of(document, around),
                roles=roles_of(document, around),
                rules=around.emou.approvals,
                askers=frozenset(askers),
                acts=signed,
            )
            self._alone[key] = Standing(dossier, faults)
        return self._alone[key]

    def _around(self, document: Document) -> Surroundings:
        earlier = [d for d in self._versions[document.id] if d.version < document.version]
        before = self._newest_approved(earlier)
        if isinstance(document, Emou):
            return Surroundings(before if isinstance(before, Emou) else document, (), before)
        emous = [d for d in self._documents.values() if isinstance(d, Emou)]
        emou = self._newest_approved(emous) or max(emous, key=lambda d: d.version)
        assert isinstance(emou, Emou)
        return Surroundings(emou, self._rested_on(document), before)

    def _rested_on(self, document: Document) -> tuple[Dsa, ...]:
        if not isinstance(document, Dul):
            return ()
        found: list[Dsa] = []
        for name in document.agreements:
            versions = [d for d in self._versions.get(name, ()) if isinstance(d, Dsa)]
            approved = self._newest_approved(versions)
            found += [approved] if isinstance(approved, Dsa) else versions
        return tuple(found)

    def _newest_approved(self, versions: Iterable[Document]) -> Document | None:
        approved = (d for d in versions if self._standing_alone((d.id, d.version)).first_day(State.APPROVED))
        return max(approved, key=lambda d: d.version, default=None)

    @cached_property
    def _versions(self) -> Mapping[str, list[Document]]:
        found: dict[str, list[Document]] = defaultdict(list)
        for document in self._documents.values():
            found[document.id].append(document)
        return found

    def _replaced_on(self, key: Key) -> date | None:
        later = [d for d in self._versions[key[0]] if d.version > key[1]]
        days = (self._standing_alone((d.id, d.version)).first_day(State.ACTIVE) for d in later)
        return min((day for day in days if day is not None), default=None)

    def _genuine(self, document: Document) -> tuple[tuple[Signed, ...], tuple[ErrorDetail, ...]]:
        """Part a document's acts into genuine ones, in order, and faults."""
        signed: dict[str, Signed] = {}
        faults: list[ErrorDetail] = []
        filed = self._acts.get((document.id, document.version), [])
        wanted = digest(document) if filed else ""
        for item in filed:
            entry = self._signer(item.act)
            why = self._why_not_genuine(item, entry, wanted)
            name = item.act.digest
            if why is None and name in signed:
                why = ("act-repeated", "the same act lies here twice")
            if why is not None:
                faults.append(act_fault(item.act, *why, item.place))
            else:
                signed[name] = Signed(item.act, None if entry is _HUB_ENTRY else entry)
        ordered = sorted(signed.values(), key=lambda s: (s.act.day, s.act.at, s.act.digest))
        return tuple(ordered), tuple(faults)

    def _signer(self, act: Act) -> Signatory | None:
        if act.act is ActKind.DESTROYED and act.signatory == HUB and self._hub_key is not None:
            return _HUB_ENTRY
        return self._entries.get(act.signatory)

    def _why_not_genuine(self, filed: Filed, entry: Signatory | None, wanted: str) -> tuple[str, str] | None:
        act = filed.act
        if entry is None:
            return "act-of-stranger", "the roster knows no such signatory"
        key = self._hub_key if entry is _HUB_ENTRY else entry.public_key
        if key is None or act.public_key != key:
            return "act-by-wrong-key", "it is not signed with this signatory's key"
        if act.sha256 != wanted:
            return "act-over-other-bytes", "the document was another, or was edited after the signature"
        if filed.folder != f"{act.document}@{act.version}":
            return "act-misplaced", "it lies in the folder of another document"
        if act.moment > self._now + CLOCKS_DIFFER:
            return "act-in-future", "it is dated later than the present"
        if entry is not _HUB_ENTRY and not entry.may_sign_on(act.moment.date()):
            return "act-by-dead-key", "the key was not valid on that day: too early, too late, or revoked"
        if not act.is_genuine(key):
            return "act-forged", "the signature does not hold"
        return None


_HUB_ENTRY = Signatory.model_validate(
    {
        "id": HUB,
        "person": HUB,
        "office": HUB,
        "party": HUB,
        "public_key": "0" * 64,
        "from": date.min,
    }
)
"""Stands for the hub's own key, which is no human's."""
