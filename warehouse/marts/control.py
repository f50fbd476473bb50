"""Disclosure control of a mart of rows: k enforced, the rest measured and reported.

Belongs here: applying privacy's measures to a mart as its definition and its license
say. Does not: the measures themselves (privacy), or tables of counts (aggregate.py).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from data_sharing_agreements.decisions import Obligations
from data_sharing_agreements.errors import Refused
from privacy.anonymity import k_anonymity, l_diversity, t_closeness
from privacy.generalise import enforce_k
from privacy.trajectory import trajectory_attack
from warehouse.lineage.trace import STUDY_ID
from warehouse.marts.definition import Definition

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
        Refused: The attack singles out a larger share than the license allows.
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
        report["trajectory_attack"] = _attack(kept, definition, obligations)
    return kept, report


def _share(part: int, whole: int) -> float:
    return round(part / whole, _DIGITS) if whole else 0.0


def _attack(frame: pd.DataFrame, definition: Definition, obligations: Obligations) -> dict[str, Any]:
    """Measure what someone achieves who knows some of a person's values to within a band."""
    declared = definition.trajectory
    assert declared is not None
    if declared.period is None:
        history = frame.melt(STUDY_ID, list(declared.columns), "period", "known")
    else:
        history = frame[[STUDY_ID, declared.period, declared.columns[0]]].set_axis(
            [STUDY_ID, "period", "known"], axis=1
        )
    history = history.dropna(subset=["period", "known"])
    history["known"] = history["known"] // declared.band
    (risk,) = trajectory_attack(
        history, STUDY_ID, "period", ["known"], known=(declared.points,), k=obligations.k_anonymity
    )
    limit = obligations.trajectory_share
    if limit is not None and risk.worst > limit:
        origin = obligations.origin("trajectory_share")
        raise Refused.of(
            "trajectory-attack",
            f"Who knows {declared.points} of a person's values singles out too large a share of the persons "
            f"in {definition.mart}.",
            why=f"The license allows {limit:.0%} at most.",
            next="Publish coarser values or fewer periods.",
            rule="trajectory_share",
            document=origin.document if origin else None,
            clause=origin.clause if origin else None,
        )
    return {
        "values_known": declared.points,
        "to_within": declared.band,
        "singled_out_mean": round(risk.mean, _DIGITS),
        "singled_out_worst": round(risk.worst, _DIGITS),
        "limit": limit,
    }
