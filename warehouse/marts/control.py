"""Disclosure control of a mart of rows: k enforced, the rest measured and reported.

Belongs here: applying privacy's measures to a mart as its definition and its license
say. Does not: the measures themselves (privacy), or tables of counts (aggregate.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from data_sharing_agreements.decisions import Obligations
from data_sharing_agreements.errors import CommonwealError, Refused
from privacy.anonymity import k_anonymity, l_diversity, t_closeness
from privacy.generalise import enforce_k
from privacy.trajectory import TrajectoryRisk, trajectory_attack
from warehouse.lineage.trace import STUDY_ID
from warehouse.marts.definition import Definition, Trajectory

_DIGITS = 3


def protect_rows(
    frame: pd.DataFrame, definition: Definition, obligations: Obligations
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the rows that may be in the mart, and what was measured of them.

    Quasi-identifiers of groups that are smaller than the license's k are emptied, the
    last declared first; rows that no emptying hides are withheld. Groups are counted in
    persons. l-diversity and t-closeness of the sensitive columns, and the trajectory
    attack, are measured on what is left. Counts are told as shares of rows, so that the
    report itself tells of no few persons.

    Args:
        frame: The mart's rows as its SQL gives them.
        definition: Roles of its columns, and the attack to measure.
        obligations: k, and the largest share the attack may single out.

    Raises:
        Refused: The attack singles out a larger share than the license allows, and the
            mart declares no wider bands.
    """
    quasi = definition.quasi
    before = k_anonymity(frame, quasi, STUDY_ID)
    kept, done = enforce_k(frame, tuple(reversed(quasi)), obligations.k_anonymity, STUDY_ID)
    report: dict[str, Any] = {
        "k_required": obligations.k_anonymity,
        "k_before": before,
        "k": done.k,
        "quasi_identifiers": list(quasi),
        "share_of_rows_withheld": _share(done.withheld, done.rows_in),
        "share_of_values_emptied": {c: _share(n, done.rows_in) for c, n in done.suppressed.items()},
        "l_diversity": {c: l_diversity(kept, quasi, c) for c in definition.sensitive},
        "t_closeness": {c: round(t_closeness(kept, quasi, c), _DIGITS) for c in definition.sensitive},
    }
    if definition.trajectory is not None:
        kept, report["trajectory_attack"] = _withstand(kept, definition, obligations)
    return kept, report


def _share(part: int, whole: int) -> float:
    return round(part / whole, _DIGITS) if whole else 0.0


def _withstand(
    frame: pd.DataFrame, definition: Definition, obligations: Obligations
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the rows with values so coarse that the attack stays within the license's limit."""
    declared, limit = definition.trajectory, obligations.trajectory_share
    assert declared is not None
    report: dict[str, Any] = {"values_known": declared.points, "limit": limit}
    for band in (declared.band, *declared.wider):
        shown = frame if band == declared.band else _rounded_up(frame, declared, band)
        risk = _attack(shown, declared, band, obligations.k_anonymity)
        if limit is None or risk.worst <= limit:
            return shown, report | _told(band, risk)
    if not declared.wider:
        raise _refusal(definition.mart, declared, obligations)
    shown = frame.assign(**dict.fromkeys(declared.columns, np.nan))
    return shown, report | _told(None, _attack(shown, declared, declared.band, obligations.k_anonymity))


def _told(band: float | None, risk: TrajectoryRisk) -> dict[str, Any]:
    """Say how coarse the values are (`None`: withheld) and what the attack achieves on them."""
    return {
        "to_within": band,
        "singled_out_mean": round(risk.mean, _DIGITS),
        "singled_out_worst": round(risk.worst, _DIGITS),
    }


def _rounded_up(frame: pd.DataFrame, declared: Trajectory, band: float) -> pd.DataFrame:
    return frame.assign(**{name: np.ceil(frame[name] / band) * band for name in declared.columns})


def _attack(frame: pd.DataFrame, declared: Trajectory, band: float, k: int) -> TrajectoryRisk:
    """Measure what someone achieves who knows some of a person's values to within a band."""
    if declared.period is None:
        history = frame.melt(STUDY_ID, list(declared.columns), "period", "known")
    else:
        history = frame[[STUDY_ID, declared.period, declared.columns[0]]].set_axis(
            [STUDY_ID, "period", "known"], axis=1
        )
    history = history.dropna(subset=["period", "known"])
    history["known"] = history["known"] // band
    (risk,) = trajectory_attack(history, STUDY_ID, "period", ["known"], known=(declared.points,), k=k)
    return risk


def _refusal(mart: str, declared: Trajectory, obligations: Obligations) -> CommonwealError:
    origin = obligations.origin("trajectory_share")
    return Refused.of(
        "trajectory-attack",
        f"Who knows {declared.points} of a person's values singles out too large a share of the persons "
        f"in {mart}.",
        why=f"The license allows {obligations.trajectory_share:.0%} at most.",
        next="Publish coarser values or fewer periods, or declare wider bands to fall back on.",
        rule="trajectory_share",
        document=origin.document if origin else None,
        clause=origin.clause if origin else None,
    )
