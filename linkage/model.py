"""The linkage model: what is compared, and what agreement is worth.

Belongs here: the model as frozen values, its JSON, and its translation into Splink
settings. Does not: estimating its numbers (train.py) or applying them (predict.py).

Each level of a comparison has three probabilities: `m`, of seeing it among records of
one person; `u`, among records of strangers (both as in Fellegi and Sunter 1969); and
`kin`, among records of two people of one household, who share a surname, an address and
sometimes a number. A level's condition is plain SQL on columns with `_l` and `_r`;
`dice(field)` stands for the Dice similarity of the field's two bit vectors, `apart(field)` for the
number of digits in which two numbers differ.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from data_sharing_agreements.errors import ErrorDetail, Invalid
from linkage.encode import BLOCKS
from linkage.vectors import WORDS

_SMALLEST = 1e-9
_DICE = re.compile(r"dice\((\w+)\)")
_APART = re.compile(r"apart\((\w+)\)")
_NIBBLES = 0x1111111111111111
_SIDE = re.compile(r"\b(\w+)_([lr])\b")


@dataclass(frozen=True)
class Level:
    """One outcome of a comparison.

    Args:
        label: What is shown in charts; never a value.
        when: SQL condition; empty for the last level, which is everything else.
        null: Whether it means that nothing can be said.
        term: Column whose frequency sharpens `u`, if any: a rare name says more.
        m, u, kin: Probabilities; see the module's text.
        fixed_u: Whether `u` stays as given; else it is estimated from random pairs.
        u_per_record: If positive, `u` is this divided by the number of records: how often
            a record carries some other person's unique number.
    """

    label: str
    when: str = ""
    null: bool = False
    term: str | None = None
    m: float = 0.0
    u: float = 0.0
    kin: float = 0.0
    fixed_u: bool = False
    u_per_record: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """A named sequence of levels; the first whose condition holds is the outcome."""

    name: str
    levels: tuple[Level, ...]

    def of_two(self) -> bool:
        """Whether two records alone tell the outcome; else it is unknown until others do (households.py)."""
        return any(level.when for level in self.levels if not level.null)


@dataclass(frozen=True)
class Model:
    """Everything that decides who is linked with whom.

    Args:
        name: Name and version of the settings.
        comparisons: What is compared.
        prior: Probability that two random records are of one person.
        kin_density: Probability that two random records are of two people of one household.
        predict_from: Lowest match weight (log2 odds) of a pair that is kept at all.
        unscored: Weight a pair without a score counts as, when clusters are averaged.
        doubt: How much such a pair counts in the mean, and one that says neither yes nor no.
        contradiction: Evidence below which a pair that is not linked counts in full.
        stop: Mean weight at which clusters are no longer merged.
        clip: Largest absolute weight a pair may bring to a mean.
        pair_threshold: Weight from which a pair by itself counts as linked.
        seed: Seed of the sampling in training.
        namesakes: By class of whole names (namesakes.py), log2 of the factor by which strangers
            share one more often than its parts say; none before it was estimated.
    """

    name: str
    comparisons: tuple[Comparison, ...]
    prior: float = 1e-6
    kin_density: float = 1e-6
    predict_from: float = -6.0
    unscored: float = -6.0
    doubt: float = 0.1
    contradiction: float = -3.0
    stop: float = 0.0
    clip: float = 20.0
    pair_threshold: float = 0.0
    seed: int = 1
    namesakes: tuple[float, ...] = ()

    def to_json(self) -> str:
        """Return the model as JSON that `read_model` reads back; it holds no value of a record."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    def digest(self) -> str:
        """Return a hash of everything in it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def read_model(path: Path | None = None) -> Model:
    """Read a model.

    Args:
        path: A JSON file; none is the default model.

    Raises:
        Invalid: It is not a model; all faults at once.
    """
    text = (
        path.read_text(encoding="utf-8")
        if path
        else (files("linkage") / "models" / "default.json").read_text(encoding="utf-8")
    )
    return model_from_json(json.loads(text))


def model_from_json(raw: Mapping[str, Any]) -> Model:
    """Return the model of a JSON object as `Model.to_json` writes it.

    Raises:
        Invalid: It is not a model; all faults at once.
    """
    numbers = dict(raw)
    comparisons = tuple(
        Comparison(c["name"], tuple(Level(**level) for level in c["levels"]))
        for c in numbers.pop("comparisons")
    )
    namesakes = tuple(numbers.pop("namesakes", ()))
    model = Model(comparisons=comparisons, namesakes=namesakes, **numbers)
    Invalid.collect(_faults(model))
    return model


def _faults(model: Model) -> list[ErrorDetail]:
    faults = []
    for comparison in model.comparisons:
        levels = comparison.levels
        if not levels[0].null or levels[-1].when:
            faults.append(
                f"{comparison.name}: the first level must be the unknown one, the last without condition"
            )
        for name in ("m", "kin"):
            total = sum(getattr(level, name) for level in levels)
            if abs(total - 1) > 0.01:
                faults.append(f"{comparison.name}: {name} adds up to {total:.3f}, not 1")
    return [ErrorDetail("model-invalid", fault, why="linkage/model.py") for fault in faults]


def condition_sql(level: Level) -> str:
    """SQL of a level's condition, with `dice` and `apart` written out."""

    def dice(match: re.Match[str]) -> str:
        name = match[1]
        shared = " + ".join(f"bit_count({name}_{i}_l & {name}_{i}_r)::INTEGER" for i in range(WORDS))
        return f"2.0 * ({shared}) / nullif({name}_n_l + {name}_n_r, 0)"

    def apart(match: re.Match[str]) -> str:
        x = f"xor({match[1]}_digits_l, {match[1]}_digits_r)"
        return f"bit_count(({x} | ({x} >> 1) | ({x} >> 2) | ({x} >> 3)) & {_NIBBLES})"

    return _APART.sub(apart, _DICE.sub(dice, level.when)) or "ELSE"


def compared_columns(model: Model) -> frozenset[str]:
    """Return the columns of encodings that comparing by a model reads."""
    levels = [level for comparison in model.comparisons for level in comparison.levels]
    named = {name for level in levels for name, _ in _SIDE.findall(condition_sql(level))}
    return frozenset(named | {level.term for level in levels if level.term})


def splink_settings(model: Model) -> dict[str, Any]:
    """Return the model as Splink settings for tables made by `encode`."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "node",
        "comparisons": [_splink_comparison(c) for c in model.comparisons if c.of_two()],
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"l.block_{name} = r.block_{name}"} for name in BLOCKS
        ],
        "probability_two_random_records_match": model.prior,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "linker_uid": "link",
    }


def _splink_comparison(comparison: Comparison) -> dict[str, Any]:
    levels = []
    for level in comparison.levels:
        entry: dict[str, Any] = {"sql_condition": condition_sql(level), "label_for_charts": level.label}
        if level.null:
            levels.append(entry | {"is_null_level": True})
            continue
        entry |= {"m_probability": max(level.m, _SMALLEST)}
        if level.u > 0:
            entry["u_probability"] = level.u
        if level.fixed_u or level.u_per_record:
            entry["fix_u_probability"] = True
        if level.term:
            entry |= {
                "tf_adjustment_column": level.term,
                "tf_adjustment_weight": 1.0,
                "disable_tf_exact_match_detection": True,
            }
        levels.append(entry)
    return {"output_column_name": comparison.name, "comparison_levels": levels}


def case_sql(comparison: Comparison) -> str:
    """SQL for the number of the level two rows `l` and `r` fall into, counted from 0."""
    whens = " ".join(
        f"WHEN {_on_rows(condition_sql(level))} THEN {i}" for i, level in enumerate(comparison.levels[:-1])
    )
    return f"CASE {whens} ELSE {len(comparison.levels) - 1} END"


def _on_rows(condition: str) -> str:
    return _SIDE.sub(r"\2.\1", condition)
