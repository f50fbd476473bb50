"""The card of a trained model: what a reviewer must know before it is used.

Belongs here: what the card holds. Does not: whether the model may be used (assets),
keeping the card (the registry), how it looks (report.py, the command line).

A card holds numbers of the model and counts of records by source, no value of one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from linkage.drift import Drift
from linkage.model import Model, model_from_json

SCHEMA = "commonweal/model-card/1"

PURPOSE = (
    "To estimate the odds that two records are of one person, so that records can be grouped into persons."
)
NOT_FOR = (
    "It is not made to find a person, to prove who somebody is, or to decide anything about one: "
    "every join can be wrong."
)
LIMITS = (
    "Twins of one sex cannot be told apart where a record has neither given name nor number.",
    "Names written in many ways, moved families and thin records link worse; see the errors by group.",
    "What it expects of itself is only as right as its assumptions; review and truth come before it.",
)


def card(
    model: Model,
    settings: str,
    trained_on: Mapping[str, Any],
    moved: Drift | None = None,
    reference: str | None = None,
) -> dict[str, Any]:
    """Return the card of a trained model as plain JSON.

    Args:
        model: Settings and trained numbers.
        settings: Digest of the settings.
        trained_on: What it was trained on: `sources`, each with `source`, `records`, `deliveries`,
            `from` and `until`; `on`, the day.
        moved: How far it has moved from the model it is compared with.
        reference: Digest of that model.
    """
    return {
        "schema": SCHEMA,
        "name": model.name,
        "digest": model.digest(),
        "settings": settings,
        "purpose": PURPOSE,
        "not_for": NOT_FOR,
        "limits": list(LIMITS),
        "method": "Fellegi-Sunter weights against strangers and against kin, estimated by expectation "
        "maximisation without a truth; average-link clusters",
        "trained_on": dict(trained_on),
        "software": {name: version(name) for name in ("splink", "duckdb")},
        "parameters": {
            "prior": model.prior,
            "kin_density": model.kin_density,
            "threshold": model.pair_threshold,
            "stop": model.stop,
            "seed": model.seed,
        },
        "levels": level_rows(model),
        "drift": None if moved is None else {"reference": reference, **moved.to_json()},
        "model": asdict(model),
    }


def model_of(made: Mapping[str, Any]) -> Model:
    """Return the model of a card."""
    return model_from_json(made["model"])


def records_of(made: Mapping[str, Any]) -> int:
    """Return how many records a card's model was trained on."""
    return sum(int(one["records"] or 0) for one in made["trained_on"].get("sources", ()))


def level_rows(model: Model) -> list[dict[str, Any]]:
    """Return one row a level that says something: its probabilities and weights."""
    return [
        {
            "comparison": comparison_words(comparison.name),
            "level": level.label,
            "m": level.m,
            "u": level.u,
            "kin": level.kin,
            "weight": _bits(level.m, level.u),
            "against_kin": _bits(level.m, level.kin),
        }
        for comparison in model.comparisons
        for level in comparison.levels
        if not level.null
    ]


def comparison_words(name: str) -> str:
    """Say what is compared."""
    return {"ssn": "social security number", "co_residents": "co-residents"}.get(name, name.replace("_", " "))


def _bits(one: float, other: float) -> float:
    """Return what a level is worth; nothing before its numbers are known."""
    return math.log2(one / other) if one > 0 and other > 0 else 0.0
