"""Linkage models: each one that was trained, with its card, and whether it may be used.

Belongs here: recording a model once, deciding about it, finding it again. Does not: what a
card says (linkage), how far one has moved from another (linkage), who may decide
(`modelling.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, insert, select, update

from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.log.subjects import digest_of
from data_sharing_agreements.registry.audit import AuditEvent, write_down
from data_sharing_agreements.store import Database
from data_sharing_agreements.store.clock import Clock, text_of
from data_sharing_agreements.store.tables_models import link_model

ModelState = Literal["admitted", "waiting", "approved", "withdrawn"]
"""`admitted`: its settings are approved and it has not moved too far; `waiting`: somebody
must look at it; `approved`, `withdrawn`: somebody did."""

USABLE: frozenset[str] = frozenset({"admitted", "approved"})

_WORDS: dict[str, str] = {
    "admitted": "Its settings are approved, and it has not moved too far since.",
    "waiting": "Nobody has approved this model. It is used because the deployment allows it.",
    "approved": "It was reviewed and approved.",
    "withdrawn": "Its approval was withdrawn. It is used because the deployment allows it.",
}

_SHORTEST = 8


def state_words(state: str) -> str:
    """Say what the state of a model in use means."""
    return _WORDS[state]


@dataclass(frozen=True)
class LinkModel:
    """A trained model.

    Args:
        digest: Of its settings and trained numbers.
        settings: Digest of the settings it was trained from.
        name: Name of the settings.
        made_at: When it was first trained.
        version: The newest link version it made; None before the first.
        state: Whether it may be used, and why.
        reference: Digest of the model it was compared with, if there was one.
        drift: How far it has moved from that, in bits.
        card: Everything a reviewer must know.
        decided_by, decided_at: Who approved or withdrew it, and when.
    """

    digest: str
    settings: str
    name: str
    made_at: str
    version: int | None
    state: ModelState
    reference: str | None
    drift: float | None
    card: dict[str, Any]
    decided_by: str | None = None
    decided_at: str | None = None

    @property
    def usable(self) -> bool:
        """Whether it may be used without the setting that allows any."""
        return self.state in USABLE


class LinkModels:
    """The linkage models of a registry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def record(
        self,
        digest: str,
        settings: str,
        state: ModelState,
        card: Mapping[str, Any],
        audit: AuditEvent | None = None,
    ) -> LinkModel:
        """Record a trained model; one that is known keeps its state and its card.

        Args:
            digest, settings: What it is, and what it was trained from.
            state: `admitted` or `waiting`.
            card: Its card: `name`, and `drift` with `reference` and `bits`, are kept beside it.
            audit: What else the log says.
        """
        with self._database.writing() as connection:
            row = connection.execute(select(link_model).where(link_model.c.digest == digest)).one_or_none()
            if row is not None:
                return _model(row)
            drift = card.get("drift") or {}
            made = connection.execute(
                insert(link_model)
                .values(
                    digest=digest,
                    settings=settings,
                    name=card["name"],
                    made_at=text_of(self._clock()),
                    state=state,
                    reference=drift.get("reference"),
                    drift=drift.get("bits"),
                    card=dict(card),
                )
                .returning(link_model)
            ).one()
            facts = {
                "act": "trained",
                "model": digest,
                "settings": settings,
                "state": state,
                "card": digest_of(dict(card)),
            }
            write_down(connection, self._clock, "model", facts, audit)
            return _model(made)

    def used(self, digest: str, version: int) -> None:
        """Note the link version a model made."""
        with self._database.writing() as connection:
            connection.execute(
                update(link_model).where(link_model.c.digest == digest).values(version=version)
            )

    def decide(
        self, digest: str, state: ModelState, account: str, audit: AuditEvent | None = None
    ) -> LinkModel:
        """Approve or withdraw a model.

        Args:
            digest: Which.
            state: `approved` or `withdrawn`.
            account: Who decides.
            audit: What else the log says.

        Raises:
            UsageFault: No such model was ever trained, or it was withdrawn already.
        """
        known = self.find(digest)
        if known.state == state == "withdrawn":
            raise UsageFault.of(
                "model-withdrawn",
                "This model was withdrawn already.",
                why="What is decided is written down once.",
                next="`commonweal model show` tells who withdrew it, and when.",
            )
        with self._database.writing() as connection:
            connection.execute(
                update(link_model)
                .where(link_model.c.digest == known.digest)
                .values(state=state, decided_by=account, decided_at=text_of(self._clock()))
            )
            facts = {
                "act": state,
                "model": known.digest,
                "settings": known.settings,
                "state": state,
                "card": digest_of(dict(known.card)),
                "actor": account,
            }
            write_down(connection, self._clock, "model", facts, audit)
        return self.find(known.digest)

    def find(self, digest: str) -> LinkModel:
        """Return the model of a digest, or of its first letters.

        Raises:
            UsageFault: There is none, or several.
        """
        found = [m for m in self.all() if len(digest) >= _SHORTEST and m.digest.startswith(digest)]
        if len(found) == 1:
            return found[0]
        raise UsageFault.of(
            "model-unknown",
            "No linkage model has this digest." if not found else "Several models begin like that.",
            why="Models are known by the digest of their settings and numbers.",
            next=f"See `commonweal model list`; give at least {_SHORTEST} letters.",
        )

    def get(self, digest: str) -> LinkModel | None:
        """Return the model of a whole digest, or None."""
        return next((model for model in self.all() if model.digest == digest), None)

    def all(self) -> list[LinkModel]:
        """Return every model, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(link_model).order_by(link_model.c.made_at, link_model.c.digest)
            ).all()
            return [_model(row) for row in rows]

    def reference(self, settings: str, counts: Callable[[LinkModel], bool]) -> LinkModel | None:
        """Return what a newly trained model of some settings is compared with.

        The one approved last; while none is, the first that was admitted and counts. So that a
        model cannot wander off in steps each of which is small.

        Args:
            settings: Digest of the settings.
            counts: Whether a model was trained on enough to be compared with.
        """
        own = [model for model in self.all() if model.settings == settings]
        approved = [model for model in own if model.state == "approved"]
        if approved:
            return max(approved, key=lambda model: model.decided_at or "")
        return next((model for model in own if model.state == "admitted" and counts(model)), None)


def _model(row: Row[Any]) -> LinkModel:
    return LinkModel(**row._mapping)
