"""The search for absence: every table and column of every store, after a purge.

Belongs here: reading each column as text and comparing it with an ending's hashes,
and record keys, persons and study ids exactly. Does not: hashing (`needles.py`),
files that are no stores (`files.py`), or what to do about a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from warehouse.ends.needles import Needles, needle_key
from warehouse.ends.worklist import worklist
from warehouse.hub import Hub
from warehouse.opener import Session, Store
from warehouse.restrictions.tokens import token_key

_TEXT = ("VARCHAR", "JSON", "BLOB")
_ROWS = 100_000


@dataclass
class Findings:
    """What a search looked at and found.

    Args:
        stores: Store → tables and columns looked at.
        texts: Texts searched for.
        found: Places (`store schema.table.column`) where something was found.
        marks: Hashes of the texts that were found.
    """

    stores: dict[str, dict[str, int]] = field(default_factory=dict)
    texts: int = 0
    found: list[str] = field(default_factory=list)
    marks: set[int] = field(default_factory=set)

    def to_json(self) -> dict[str, Any]:
        """Return what a certificate says of it."""
        return {"stores": self.stores, "texts_searched_for": self.texts, "found": sorted(self.found)}


def read_needles(hub: Hub, session: Session, ending: str, *kinds: str) -> Needles:
    """Read an ending's hashes from its worklist, of some kinds or of all."""
    condition = f"WHERE kind IN ({', '.join(repr(kind) for kind in kinds)})" if kinds else ""
    frame = session.arrow(f"SELECT first, size, mark FROM purge.needle {condition}")
    columns = [frame.column(name).to_numpy() for name in ("first", "size", "mark")]
    first, size, mark = (np.asarray(column) for column in columns)
    return Needles(needle_key(token_key(hub.keys), ending), first, size, mark)


def search_store(
    session: Session,
    store: Store,
    needles: Needles,
    findings: Findings,
    where: Mapping[str, str] | None = None,
) -> None:
    """Search one attached store for texts and for keys.

    Args:
        session: With the store and the worklist attached.
        store: What is searched.
        needles: The texts.
        findings: What is added to.
        where: Rows to look at, by `schema.table`; all if not given. Given, only the
            tables named are searched, and only for texts.
    """
    tables: set[str] = set()
    looked = 0
    for schema, table, column, kind in _columns(session, store.alias):
        name = f"{schema}.{table}"
        if where is not None and name not in where:
            continue
        tables.add(name)
        looked += 1
        place = f"{store.name} {name}.{column}"
        condition = f"WHERE {where[name]}" if where else ""
        source = f'FROM {store.alias}."{schema}"."{table}" {condition}'
        if any(part in kind for part in _TEXT):
            marks = _texts(session, f'"{column}"', source, needles)
            findings.marks |= marks
            if marks:
                findings.found.append(place)
        elif kind == "BIGINT" and where is None and _keys(session, store, column, source):
            findings.found.append(place)
    findings.stores[store.name] = {"tables": len(tables), "columns": looked}
    findings.texts = len(needles)


def _columns(session: Session, alias: str) -> Iterator[tuple[str, str, str, str]]:
    found = session.execute(
        """SELECT c.schema_name, c.table_name, c.column_name, c.data_type
        FROM duckdb_columns() c JOIN duckdb_tables() t USING (database_name, schema_name, table_name)
        WHERE c.database_name = ? ORDER BY ALL""",
        [alias],
    )
    for schema, table, column, kind in found:
        yield str(schema), str(table), str(column), str(kind)


def _texts(session: Session, column: str, source: str, needles: Needles) -> set[int]:
    """Return the hashes found in a column; values are parted by line breaks."""
    found: set[int] = set()
    with session.guard():
        reader = session.raw.execute(
            f"SELECT DISTINCT CAST({column} AS VARCHAR) || chr(10) AS value {source}"
        ).to_arrow_reader(_ROWS)
        for batch in reader:
            found |= {int(mark) for mark in needles.found_in(_bytes(batch.column(0)))}
    return found


def _bytes(column: pa.Array) -> bytes:
    """Return the bytes of a column's values, one after another."""
    texts = pa.concat_arrays([column.cast(pa.large_string())])
    buffer = texts.buffers()[2]
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[: len(texts) + 1]
    return b"" if buffer is None else bytes(buffer[int(offsets[0]) : int(offsets[-1])])


def _keys(session: Session, store: Store, column: str, source: str) -> bool:
    """Whether a column holds a record key, a person or a study id that is gone."""
    project = store.name.split("/")[1] if "/" in store.name else ""
    gone = (
        "SELECT record_key FROM purge.record UNION ALL SELECT person_key FROM purge.person "
        "UNION ALL SELECT study_id FROM purge.study WHERE project = $project"
    )
    sql = f'SELECT count(*) > 0 {source} WHERE "{column}" IN ({gone})'
    return bool(session.one(sql, {"project": project}))


def stores_to_search(hub: Hub) -> Iterator[Store]:
    """Yield every store that is left: the hub's own, marts and study ids of every project."""
    own = [Store.vault(), Store.warehouse(), Store.quarantine()]
    gone = hub.registry.ends.retracted_marts()
    marts = sorted(
        {(m.project, m.version) for p in _all_projects(hub) for m in hub.registry.marts.history(p)} - gone
    )
    own += [Store.mart(project, version) for project, version in marts]
    own += [make(project) for make in (Store.study_ids, Store.own_spine) for project in _all_projects(hub)]
    yield from (store for store in own if hub.opener.exists(store))


def _all_projects(hub: Hub) -> list[str]:
    return sorted({*hub.agreements.projects(), *(mart.project for mart in hub.registry.marts.all())})


def search_stores(hub: Hub, ending: str) -> Findings:
    """Search every store that is left, decrypted, for what an ending took away."""
    findings = Findings()
    for store in stores_to_search(hub):
        with hub.opener.session(read=[store, worklist(ending)]) as session:
            search_store(session, store, read_needles(hub, session, ending), findings)
    return findings
