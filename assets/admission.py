"""Whether a trained linkage model may make a version of the spine, and writing it down with its card.

Belongs here: bringing together the model just trained, those that were approved, the
deployment's limits, and the answer. Does not: training, drift itself (linkage.drift),
approving (`commonweal model`).

A model may be used if its settings are approved, by the deployment's file or by somebody's
act, and it has not moved further than the limit from the model approved last. Any other
waits for somebody to look at it; the version before stands meanwhile, unless the
deployment allows models nobody approved, and then every output says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from data_sharing_agreements.cells import smallest_cell, withheld
from data_sharing_agreements.errors import Held
from data_sharing_agreements.registry.models import LinkModel, ModelState, state_words
from linkage import approved
from linkage.cards import card, model_of, records_of
from linkage.drift import Drift, drift
from linkage.model import Model, read_model
from warehouse.hub import Hub

FEWEST_RECORDS = 500
"""Models trained on fewer records move by chance, and are neither judged nor compared with: it is what
the settings' own `m` weigh in training."""


@dataclass
class Admission:
    """Judges the model of one link, when it has been trained.

    Args:
        hub: The hub.
        sources: Whose records take part.
        settings: The settings the link starts from.
        judged: The model, once it was judged.
    """

    hub: Hub
    sources: tuple[str, ...]
    settings: Model = field(init=False)
    judged: LinkModel | None = None

    def __post_init__(self) -> None:
        """Read the deployment's settings."""
        self.settings = read_model(self.hub.deployment.link_model)

    def __call__(self, model: Model, records: Mapping[str, int]) -> Mapping[str, Any]:
        """Write the model down, and let it be used or not.

        Args:
            model: As trained.
            records: How many records of each source it was trained on.

        Returns:
            What the report says of it: `state`, `words`, `drift`.

        Raises:
            Held: It needs somebody's approval first.
        """
        registry, settings = self.hub.registry.link_models, self.settings.digest()
        trained_on = self._trained_on(records)
        enough = sum(records.values()) >= FEWEST_RECORDS
        reference = registry.reference(settings, _comparable) if enough else None
        moved = _moved(reference, model, trained_on)
        state = self._state(settings, moved)
        made = card(model, settings, trained_on, moved, reference.digest if reference else None)
        self.judged = registry.record(
            model.digest(), settings, state, made | self._limits(moved, enough=enough)
        )
        if not self.judged.usable and not self.hub.deployment.use_unapproved_models:
            raise _held(self.judged)
        words = state_words(self.judged.state)
        return {
            "state": self.judged.state,
            "words": words,
            "drift": made["drift"],
            "digest": self.judged.digest,
        }

    @property
    def must_judge(self) -> bool:
        """Whether the standing version's model may be used no more, so that no increment may follow it."""
        standing = self._standing()
        return standing is not None and not standing.usable and not self.hub.deployment.use_unapproved_models

    def _standing(self) -> LinkModel | None:
        latest = self.hub.registry.link_versions.latest()
        return self.hub.registry.link_models.get(latest.counts.get("model", "")) if latest else None

    @property
    def counts(self) -> dict[str, Any]:
        """What the registry keeps of it with the link version; an increment has the model before it."""
        if self.judged is None:
            standing = self._standing()
            return {"model": standing.digest, "model_state": standing.state} if standing else {}
        return {"model": self.judged.digest, "model_state": self.judged.state}

    def _state(self, settings: str, moved: Drift | None) -> ModelState:
        named = frozenset(self.hub.deployment.approved_models) or approved.shipped()
        own = [m for m in self.hub.registry.link_models.all() if m.settings == settings]
        known = settings in named or any(m.state == "approved" for m in own)
        near = moved is None or moved.bits <= self.hub.deployment.max_drift
        return "admitted" if known and near else "waiting"

    def _limits(self, moved: Drift | None, *, enough: bool) -> dict[str, Any]:
        limit = self.hub.deployment.max_drift
        if not enough:
            verdict = f"not judged: fewer than {FEWEST_RECORDS} records"
        elif moved is None:
            verdict = "the first of its settings"
        else:
            verdict = "within the limit" if moved.bits <= limit else "beyond the limit"
        return {"verdict": verdict, "limit": limit, "comparable": enough}

    def _trained_on(self, records: Mapping[str, int]) -> dict[str, Any]:
        """Return what stands by source; small counts of records are withheld."""
        smallest = smallest_cell(self.hub.agreements)
        by_source = {source: self.hub.registry.deliveries.current(source) for source in self.sources}
        return {
            "on": self.hub.deployment.today().isoformat(),
            "sources": [
                {
                    "source": source,
                    "deliveries": len(found),
                    "records": withheld(records.get(source, 0), smallest),
                    "from": min(d.period for d in found),
                    "until": max(d.period for d in found),
                }
                for source, found in by_source.items()
                if found
            ],
        }


def _comparable(model: LinkModel) -> bool:
    return bool(model.card.get("comparable", True))


def _moved(reference: LinkModel | None, model: Model, trained_on: dict[str, Any]) -> Drift | None:
    if reference is None:
        return None
    records = (records_of(reference.card), records_of({"trained_on": trained_on}))
    return drift(model_of(reference.card), model, records)


def _held(model: LinkModel) -> Held:
    drifted = model.drift is not None and model.card["verdict"] == "beyond the limit"
    why = (
        f"It has moved by {model.drift:.2f} bits from the one approved last; "
        f"the limit is {model.card['limit']}."
        if drifted
        else "Neither the deployment nor anybody by an act has approved its settings."
    )
    return Held.of(
        "model-not-approved",
        f"The linkage model {model.digest[:12]} may not be used before somebody has approved it.",
        why=why,
        next=f"See `commonweal model show {model.digest[:12]}`; the board approves it with "
        f"`commonweal model approve {model.digest[:12]} --reason TEXT`. The link version before stands.",
    )
