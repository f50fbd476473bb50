"""The table builder: declared dimensions and measures, controlled and within a budget.

Belongs here: permission, what may be asked, counting, suppression, noise, rounding,
the log entry. Does not: who the actor is, or the suppression itself (privacy).

Control is in this order: threshold and complementary suppression on true counts, of a
table together with every smaller one inside it, so that a cell is hidden everywhere or
nowhere; then noise that is the same for the same cell in any table of the project, then
rounding. Shares and means are taken from what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data_sharing_agreements.decisions import Decision, Obligations, Request
from data_sharing_agreements.errors import UsageFault
from data_sharing_agreements.registry import AuditEvent
from data_sharing_agreements.separation import Statement
from privacy.cell_rules import CellRules
from privacy.disclosure import SUPPRESSED, Magnitude, suppress
from privacy.noise import cell_id, noise
from privacy.releases import Release
from privacy.rounding import round_to_base
from warehouse.hub import Hub
from warehouse.marts.aggregate import NOT_KNOWN, TOTAL
from warehouse.marts.published import Published, published
from warehouse.oversight.duties import duties_of
from warehouse.query.answer import Answer
from warehouse.query.refusals import refusals_logged

MAX_DIMENSIONS = 3
"""Dimensions of one table, rows and columns together."""

_COST = 1.0
_SIGNIFICANT = 3
"""Digits a mean is shown with."""


@dataclass(frozen=True)
class NoiseSource:
    """Where a mart's noise comes from: the project's key, and the mart's name."""

    key: bytes
    mart: str

    def draw(
        self, frame: pd.DataFrame, dimensions: Sequence[str], counted: str, sd: float
    ) -> npt.NDArray[np.int64]:
        """Return each cell's noise, which depends on its definition and not on the table it is in."""
        places = frame[list(dimensions)].to_dict("records")
        ids = [
            cell_id(f"{self.mart}.{counted}", {str(d): v for d, v in place.items() if not pd.isna(v)})
            for place in places
        ]
        return noise(self.key, ids, sd)


@dataclass(frozen=True)
class _Question:
    """What is asked: one measure of one mart, by dimensions in order."""

    mart: str
    measure: str
    kind: str
    column: str | None
    dimensions: tuple[str, ...]


def table(
    hub: Hub, project: str, rows: Sequence[str], columns: Sequence[str], measure: str, actor: str
) -> Answer:
    """Return a table of one measure by declared dimensions.

    Args:
        hub: The hub; its roles must open marts.
        project: The project asked about.
        rows, columns: Dimensions; the answer has one row a cell whichever they are in.
        measure: A measure declared by one of the project's marts, as `measure` or
            `mart.measure`.
        actor: Account that signed in; never an argument of the user's.

    Returns:
        One row a cell: the dimensions (`all` for a total), the numbers (NULL where
        withheld) and `suppressed`.

    Raises:
        Refused: The license does not permit aggregates to this account, or the budget
            does not reach.
        UsageFault: An undeclared dimension or measure, or too many; no mart yet.
    """
    decision = hub.gate.require(Request("query", project=project, actor=actor, form="aggregates"))
    current = published(hub, project)
    with refusals_logged(hub, "table", project, actor, decision):
        question = _question(current, measure, (*rows, *columns))
        limit = decision.obligations.query_budget
        audit = AuditEvent(summary={"mart": question.mart, "measure": question.measure})
        hub.registry.budget.spend(project, actor, _COST, limit=limit, audit=audit)
        with hub.opener.session(read=[current.store]) as session:
            tables = {
                dims: session.frame(cells_sql(question.mart, question.kind, question.column, dims))
                for dims in subsets(question.dimensions)
            }
        source = NoiseSource(bytes.fromhex(hub.keys.store_key(f"project/{project}")), question.mart)
        frame = controlled(tables, question.kind, decision.obligations, source)
    _note(hub, current, actor, question, decision)
    return _answer(frame, question, decision, duties_of(hub))


def cells_sql(
    mart: str, kind: str, column: str | None, dimensions: Sequence[str], store: str = "mart"
) -> str:
    """Return the SELECT of the cells: dimensions, `persons`, and what the kind of measure needs."""
    named = [f"coalesce(CAST({d} AS VARCHAR), '{NOT_KNOWN}') AS {d}" for d in dimensions]
    known = f"WHERE {column} IS NOT NULL" if column else ""
    numbers = {
        "count": [],
        "share": [f"count(*) FILTER (WHERE {column}) AS part"],
        "mean": [
            f"coalesce(sum({column}), 0)::DOUBLE AS total",
            f"coalesce(max({column}), 0)::DOUBLE AS largest",
            f"coalesce(max({column}, 2)[2], 0)::DOUBLE AS second",
        ],
    }[kind]
    selected = ", ".join([*named, "count(*) AS persons", *numbers])
    return f"SELECT {selected} FROM {store}.{mart} {known} GROUP BY {', '.join(dimensions)}"


def subsets(dimensions: Sequence[str]) -> list[tuple[str, ...]]:
    """Return every set of the dimensions, small before large, each in order of name."""
    ordered = sorted(dimensions)
    return [dims for size in range(1, len(ordered) + 1) for dims in combinations(ordered, size)]


def hidden_and_shown(
    tables: Mapping[tuple[str, ...], pd.DataFrame], kind: str, rules: CellRules
) -> pd.DataFrame:
    """Return the largest table, unrounded, with what must be hidden hidden in every table alike.

    The table of each set of dimensions is suppressed in the light of those of its own
    subsets, and of nothing else. So what is hidden in one table is hidden in every
    table of the mart that has the cell, whatever was asked before and in which order.

    Args:
        tables: The cells by each set of dimensions, small before large.
        kind: Kind of the measure.
        rules: What must not be shown.

    Raises:
        Refused: The largest table cannot be protected beside the smaller ones.
    """
    measures = ["persons", "part"] if kind == "share" else ["persons"]
    parts = {"part": "persons"} if kind == "share" else {}
    magnitudes = [Magnitude("total", "largest", "second")] if kind == "mean" else []
    unrounded = replace(rules, rounding=1)
    released = [_everyone(next(iter(tables.values())), parts, rules)]
    for dims, cells in tables.items():
        below = [release for release in released if set(release.dims) < set(dims)]
        done = suppress(
            cells, list(dims), measures, unrounded, parts=parts, magnitudes=magnitudes, released=below
        )
        released.append(Release(done.frame, dims))
    return released[-1].frame


def _everyone(cells: pd.DataFrame, parts: Mapping[str, str], rules: CellRules) -> Release:
    """Return the table of no dimension: the total, hidden only if it is small itself."""
    total = cells[[name for name in ("persons", "part") if name in cells]].sum()
    rests = [total[whole] - total[part] for part, whole in parts.items()]
    small = bool(rules.small(np.array([*total, *rests], dtype=np.float64)).any())
    return Release(pd.DataFrame([total.mask(total >= 0) if small else total]), ())


def controlled(
    tables: Mapping[tuple[str, ...], pd.DataFrame], kind: str, obligations: Obligations, source: NoiseSource
) -> pd.DataFrame:
    """Return the largest table with totals as it may be shown: hidden, then noisy, then rounded."""
    rules = CellRules.from_obligations(obligations)
    dimensions = list(tables)[-1]
    frame = hidden_and_shown(tables, kind, rules)
    if kind == "mean":
        mean = frame["total"].astype("Float64") / frame["persons"].astype("Float64")
        frame["value"] = mean.map(_significant, na_action="ignore")
    counts = [name for name in ("persons", "part") if name in frame]
    for name in counts:
        drawn = source.draw(frame, dimensions, name, obligations.noise_sd)
        frame[name] = _shown(frame[name], drawn, rules.rounding)
    if kind == "share":
        frame["part"] = frame[["part", "persons"]].min(axis=1)
        whole = frame["persons"].astype("Float64")
        frame["value"] = (frame["part"].astype("Float64") / whole.where(whole > 0)).round(4)
    for name in dimensions:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), TOTAL)
    return frame


def _shown(counts: pd.Series[Any], drawn: npt.NDArray[np.int64], base: int) -> pd.Series[Any]:
    """Add the noise and round; a count of zero stays zero, and none falls below it."""
    true = counts.to_numpy(dtype=np.float64, na_value=np.nan)
    noisy = np.where(true > 0, np.maximum(true + drawn, 0), true)
    return pd.Series(round_to_base(noisy, base), index=counts.index).astype("Int64")


def _significant(value: float) -> float:
    return float(f"{value:.{_SIGNIFICANT}g}")


def _question(current: Published, measure: str, dimensions: tuple[str, ...]) -> _Question:
    wanted_mart, _, wanted = measure.rpartition(".")
    builders = {mart: book["table"] for mart, book in current.codebooks.items() if book["table"]}
    found = [
        (mart, builder)
        for mart, builder in builders.items()
        if wanted in builder["measures"] and wanted_mart in ("", mart)
    ]
    if len(found) != 1:
        raise _unknown(
            "measure", sorted(f"{m}.{name}" for m, b in builders.items() for name in b["measures"])
        )
    mart, builder = found[0]
    if set(dimensions) - set(builder["dimensions"]) or len(set(dimensions)) != len(dimensions):
        raise _unknown("dimension", list(builder["dimensions"]))
    if not 1 <= len(dimensions) <= MAX_DIMENSIONS:
        raise UsageFault.of(
            "table-too-wide",
            f"A table has from 1 to {MAX_DIMENSIONS} dimensions, rows and columns together.",
            why="Many dimensions make every cell small.",
            next="Leave some out.",
        )
    spec: Mapping[str, Any] = builder["measures"][wanted]
    return _Question(mart, wanted, spec["kind"], spec["column"], dimensions)


def _unknown(what: str, known: list[str]) -> UsageFault:
    fault = UsageFault.of(
        f"table-{what}",
        f"The {what} asked for is not declared, is named twice, or fits several marts.",
        why="A table is made of what the project's marts declare.",
        next=f"Use: {', '.join(known) or 'none is declared'}.",
    )
    assert isinstance(fault, UsageFault)
    return fault


def _answer(frame: pd.DataFrame, question: _Question, decision: Decision, duties: Statement) -> Answer:
    kinds = {"persons": "BIGINT", "part": "BIGINT", "value": "DOUBLE", SUPPRESSED: "BOOLEAN"}
    names = [*question.dimensions, *(name for name in kinds if name in frame)]
    titles = {
        "persons": question.measure if question.kind == "count" else "persons",
        "value": question.measure,
    }
    described = tuple((titles.get(name, name), kinds.get(name, "VARCHAR")) for name in names)
    rows = [
        tuple(None if value is pd.NA or value is None else _python(value) for value in row)
        for row in frame[names].itertuples(index=False, name=None)
    ]
    return Answer("table", described, rows, int(frame[SUPPRESSED].sum()), decision, duties)


def _python(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _note(hub: Hub, current: Published, actor: str, question: _Question, decision: Decision) -> None:
    """Write the question to the log; the answer is not in it."""
    hub.log.append(
        "table",
        {
            "project": current.project,
            "version": current.version,
            "actor": actor,
            "mart": question.mart,
            "measure": question.measure,
            "dimensions": list(question.dimensions),
        },
        [(c.document, c.clause) for c in decision.clauses],
    )
