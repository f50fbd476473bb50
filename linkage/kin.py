"""How alike two people of one household are, and how many such pairs there are.

Belongs here: estimating `kin` and the density of kin from records that share an address
and a surname. Does not: using them (weigh.py).

Such pairs are of one person or of kin, hardly ever of strangers. Expectation maximisation
over two classes tells them apart by what people of one household do not share: given and
middle name, birth date, social security number, sex.
"""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import numpy.typing as npt

from linkage.model import Comparison, Model, case_sql

PERSONAL: tuple[str, ...] = ("given_name", "middle_name", "birth_date", "ssn", "sex")
LARGEST_PLACE = 30
FEWEST_PAIRS = 300
PSEUDO_PAIRS = 300.0
ROUNDS = 30
_LEAST_DENSITY = 1e-12

Floats = npt.NDArray[np.float64]


def with_kin(connection: duckdb.DuckDBPyConnection, model: Model) -> Model:
    """Return the model with `kin` and `kin_density` estimated from `link_encoded`.

    Where too few records share an address, the model's own numbers stand, and kin are taken
    to be as many as one person's records are.
    """
    personal = tuple(c for c in model.comparisons if c.name in PERSONAL)
    levels, count = _patterns(connection, personal)
    placed = connection.execute("SELECT count(*) FROM link_encoded WHERE place IS NOT NULL").fetchone() or (
        0,
    )
    if count.sum() < FEWEST_PAIRS:
        return replace(model, kin_density=model.prior)
    fitted, kin_pairs = _separate(personal, levels, count)
    by_name = {c.name: c for c in fitted}
    comparisons = tuple(by_name.get(c.name, c) for c in model.comparisons)
    seen = _share_of_first(model, "surname") * _share_of_first(model, "address")
    possible = max(float(placed[0]) * (float(placed[0]) - 1) / 2, 1.0)
    density = max(kin_pairs / seen / possible, model.prior / 1000, _LEAST_DENSITY)
    return replace(model, comparisons=comparisons, kin_density=density)


def _share_of_first(model: Model, name: str) -> float:
    """Return how often kin agree exactly on a comparison."""
    return next(c.levels[1].kin for c in model.comparisons if c.name == name)


def _patterns(
    connection: duckdb.DuckDBPyConnection, personal: tuple[Comparison, ...]
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the combinations of levels among pairs of one house and surname, and their counts."""
    cases = ", ".join(f"{case_sql(c)} AS level_{i}" for i, c in enumerate(personal))
    found = connection.execute(
        f"""WITH place AS (
                SELECT place FROM link_encoded GROUP BY place HAVING count(*) BETWEEN 2 AND {LARGEST_PLACE}
            ), housed AS MATERIALIZED (SELECT * FROM link_encoded SEMI JOIN place USING (place))
            SELECT {cases}, count(*) AS n
            FROM housed l JOIN housed r ON l.place = r.place AND l.surname = r.surname AND l.node < r.node
            GROUP BY ALL ORDER BY ALL"""
    ).fetchnumpy()
    levels = np.stack([np.asarray(found[f"level_{i}"], dtype=np.int64) for i in range(len(personal))])
    return levels, np.asarray(found["n"], dtype=np.float64)


def _separate(
    personal: tuple[Comparison, ...], levels: npt.NDArray[np.int64], count: Floats
) -> tuple[tuple[Comparison, ...], float]:
    """Return the comparisons with kin estimated, and how many of the pairs are of kin."""
    start = {name: [_table(c, name) for c in personal] for name in ("m", "kin")}
    tables = {name: [table.copy() for table in rows] for name, rows in start.items()}
    share = 0.5
    chance = np.zeros(len(count))
    for _ in range(ROUNDS):
        one, kin = (_likelihood(tables[name], levels) for name in ("m", "kin"))
        chance = share * kin / (share * kin + (1 - share) * one)
        share = float(np.clip((count * chance).sum() / count.sum(), 1e-6, 1 - 1e-6))
        tables["kin"] = _updated(start["kin"], levels, count * chance)
        tables["m"] = _updated(start["m"], levels, count * (1 - chance))
    fitted = tuple(
        replace(
            c,
            levels=tuple(x if x.null else replace(x, kin=float(p)) for x, p in zip(c.levels, t, strict=True)),
        )
        for c, t in zip(personal, tables["kin"], strict=True)
    )
    return fitted, float((count * chance).sum())


def _table(comparison: Comparison, name: str) -> Floats:
    return np.array([1.0 if level.null else getattr(level, name) for level in comparison.levels])


def _likelihood(tables: list[Floats], levels: npt.NDArray[np.int64]) -> Floats:
    product = np.ones(levels.shape[1])
    for table, level in zip(tables, levels, strict=True):
        product *= table[level]
    return product


def _updated(start: list[Floats], levels: npt.NDArray[np.int64], count: Floats) -> list[Floats]:
    """Return the shares of levels as counted, drawn towards those at the start."""
    tables = []
    for table, level in zip(start, levels, strict=True):
        seen = np.bincount(level, weights=count, minlength=len(table))
        seen[0] = 0.0
        updated = (seen + PSEUDO_PAIRS * table) / (seen.sum() + PSEUDO_PAIRS)
        updated[0] = 1.0
        tables.append(updated)
    return tables
