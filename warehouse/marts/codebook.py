"""The codebook of a mart: what its columns mean, where they come from, how good they are.

Belongs here: the JSON that the registry keeps and the page made of it. Does not: any
row or value of the mart; coverage is a share, and counts below the cell rule are not
told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from data_sharing_agreements.pages import render
from warehouse.lineage.trace import Origin
from warehouse.marts.plan import MartPlan, ProjectPlan


@dataclass(frozen=True)
class Facts:
    """What building a mart found out about it.

    Args:
        version: Version all the project's marts share.
        built: The day.
        rows: Rows of the mart.
        types: Column → DuckDB type.
        complete: Column → share of rows with a value.
        disclosure: What was measured and enforced, ready to print.
        link: Link version, its size, and its measured quality.
        sources: Source → deliveries standing, first and last period.
        input_hash: From what the project's marts were made.
    """

    version: str
    built: date
    rows: int
    types: Mapping[str, str]
    complete: Mapping[str, float]
    disclosure: Mapping[str, Any]
    link: Mapping[str, Any]
    sources: Sequence[Mapping[str, Any]]
    input_hash: str


def codebook(plan: ProjectPlan, mart: MartPlan, facts: Facts) -> dict[str, Any]:
    """Return the codebook of one mart as plain JSON."""
    definition = mart.spec.definition
    sources = {field.split(".", 1)[0] for field in mart.fields}
    return {
        "schema": "commonweal/codebook/1",
        "project": plan.project,
        "mart": mart.name,
        "kind": definition.kind,
        "title": definition.title,
        "description": definition.description,
        "grain": definition.grain,
        "version": facts.version,
        "built": facts.built.isoformat(),
        "rows": _rows(facts.rows, plan.decision.obligations.min_cell),
        "identifiability": "aggregates" if definition.kind == "public" else "pseudonymised",
        "fields": [_field(mart, name, facts) for name in definition.columns],
        "coverage": [dict(s) for s in facts.sources if s["source"] in sources],
        "link": dict(facts.link),
        "disclosure": dict(facts.disclosure),
        "table": definition.table.model_dump(mode="json") if definition.table else None,
        "obligations": plan.decision.obligations.listed(),
        "clauses": [{"document": c.document, "clause": c.clause} for c in plan.decision.clauses],
        "input_hash": facts.input_hash,
    }


def _rows(count: int, min_cell: int) -> int | None:
    return count if count >= min_cell or count == 0 else None


def _field(mart: MartPlan, name: str, facts: Facts) -> dict[str, Any]:
    column, trace = mart.spec.definition.columns[name], mart.traces[name]
    return {
        "name": name,
        "type": facts.types[name],
        "role": column.role,
        "unit": column.unit,
        "description": column.description,
        "complete": round(facts.complete[name], 3),
        "value_from": origins_json(trace.values),
        "rows_from": origins_json(trace.rows),
        "fields": sorted(trace.fields),
    }


def origins_json(origins: frozenset[Origin]) -> list[dict[str, str]]:
    """Return origins as the lineage interface has them, in order."""
    return [{"source": o.source, "column": f"{o.table}.{o.column}", "via": o.via} for o in sorted(origins)]


def codebook_html(title: str, book: Mapping[str, Any]) -> str:
    """Return the page of a codebook.

    Args:
        title: Title of the deployment.
        book: What `codebook` gave.
    """
    return render(
        "warehouse.marts",
        "codebook.html.j2",
        home="../../index.html",
        title=title,
        book=book,
        link_words=link_quality_words(book["link"], None),
        groups=book["link"].get("by_group", []),
        share=share_words,
        where=_where,
        words=_words,
    )


def _words(value: object) -> str:
    """Say a value of the report in words: shares in percent, lists and mappings in a line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_words(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, float) and 0 < value < 1:
        return f"{value:.1%}"
    return "none" if value is None else str(value)


def _where(field: Mapping[str, Any]) -> dict[str, str]:
    """Return source → its columns behind a field's values, in a line."""
    found: dict[str, set[str]] = {}
    for origin in field["value_from"]:
        if not origin["column"].endswith("*"):
            found.setdefault(origin["source"], set()).add(origin["column"])
    return {source: ", ".join(sorted(columns)) for source, columns in sorted(found.items())}


def link_quality_words(link: Mapping[str, Any], bound: float | None) -> str:
    """Say in a sentence how good the linkage beneath a mart is.

    Args:
        link: A codebook's `link`.
        bound: Least recall at which a number may be read without a caution, if any.
    """
    recall, precision = link.get("recall"), link.get("precision")
    if recall is None or precision is None:
        return "Linkage errors of this link version are not known."
    words = (
        f"Of records of one person {recall:.1%} are joined, and {precision:.1%} of joins are right "
        f"({link['basis']})."
    )
    if link.get("model_state") in ("waiting", "withdrawn"):
        words += f" {link['model_words']}"
    if link.get("warning"):
        words += f" {link['warning']}"
    if bound is not None and recall < bound:
        words += f" That is under the {bound:.0%} this indicator asks for: read it with caution."
    return words


def share_words(row: Mapping[str, Any], measure: str) -> str:
    """Say a measure of a group in percent, with its interval where there is one."""
    value = row.get(measure)
    if value is None:
        return "–"
    interval = row.get("intervals", {}).get(measure)
    return f"{value:.1%}" + (f" ({interval[0]:.1%} to {interval[1]:.1%})" if interval else "")
