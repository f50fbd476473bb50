"""What lies in a home outside its stores: deliveries as sent, pages, databases, logs.

Belongs here: removing spent deliveries of a source, and searching every byte of the
other files for what an ending took away. Does not: stores (`search.py`).

A landing directory outside the home is an agency's or an operator's and is never
written: what still lies there is counted and told.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import MetaData, select

from data_sharing_agreements.registry.ends import Ending
from warehouse.ends.needles import Needles
from warehouse.ends.search import read_needles
from warehouse.ends.worklist import worklist
from warehouse.hub import Hub
from warehouse.ingest import discover
from warehouse.ingest.discovery import Places

_NOT_SEARCHED = frozenset({"keys", "landing", "spill", "purge", "staging"})
_BLOCK = 8 * 1024**2
_OVERLAP = 1024
_SQLITE = b"SQLite format 3\x00"
_SUFFIXES = (".duckdb", ".duckdb.wal")


def remove_spent_deliveries(hub: Hub, source: str) -> tuple[int, int]:
    """Remove a source's deliveries from the home's own landing directory.

    Returns:
        Files removed, and files of its deliveries that lie in other directories.
    """
    own = hub.deployment.landing.resolve()
    removed = 0
    if own.is_dir():
        for arrival in discover(hub, own):
            for file in arrival.files if arrival.source == source else ():
                overwrite(file.path)
                removed += 1
    places = Places(hub.deployment.home)
    elsewhere = 0
    for delivery in hub.registry.deliveries.all():
        if delivery.source == source:
            paths = [path for path, _ in places.files(delivery.id) if path.exists()]
            elsewhere += sum(not path.resolve().is_relative_to(own) for path in paths)
            places.drop(delivery.id)
    places.save()
    return removed, elsewhere


def overwrite(path: Path) -> None:
    """Write zeros over a file of the home, and remove it."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        for start in range(0, size, _BLOCK):
            file.write(b"\0" * min(_BLOCK, size - start))
        file.flush()
    path.unlink()


def search_files(hub: Hub, ending: Ending) -> dict[str, object]:
    """Search every file of the home that is no store, and the registry, for numbers and ids that are gone.

    Returns:
        Files and bytes looked at, and the files in which something was found.
    """
    with hub.opener.session(read=[worklist(ending.id)]) as session:
        needles = read_needles(hub, session, ending.id, "key", "id", "number")
    files = total = 0
    found: list[str] = []
    for path in _files(hub.deployment.home):
        files += 1
        total += path.stat().st_size
        if any(len(needles.found_in(block)) for block in _blocks(path)):
            found.append(path.relative_to(hub.deployment.home).as_posix())
    if _registry_holds(hub, needles):
        found.append("registry")
    return {"files": files, "bytes": total, "found": sorted(set(found))}


def _files(home: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        apart = path.relative_to(home).parts[0] in _NOT_SEARCHED or path.name.endswith(_SUFFIXES)
        if path.is_file() and not path.is_symlink() and not apart:
            yield path


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes in overlapping blocks, and of an SQLite file its values too."""
    with path.open("rb") as file:
        block = file.read(_BLOCK)
        database = block.startswith(_SQLITE)
        while block:
            yield block
            following = file.read(_BLOCK)
            block = block[-_OVERLAP:] + following if following else b""
    if database:
        yield from _values(path)


def _values(path: Path) -> Iterator[bytes]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            quoted = str(table).replace('"', '""')
            yield from _joined(connection.execute(f'SELECT * FROM "{quoted}"'))
    except sqlite3.Error:
        return
    finally:
        connection.close()


def _registry_holds(hub: Hub, needles: Needles) -> bool:
    """Whether any value of the registry's tables holds a text, whatever database it lies in."""
    tables = MetaData()
    tables.reflect(hub.registry.database.engine)
    with hub.registry.database.reading() as connection:
        return any(
            len(needles.found_in(block))
            for table in tables.sorted_tables
            for block in _joined(connection.execute(select(table)))
        )


def _joined(rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """Yield rows as bytes, values parted by line breaks, some thousands of rows at a time."""
    block: list[str] = []
    for row in rows:
        block += [json.dumps(v) if isinstance(v, dict | list) else str(v) for v in row]
        if len(block) > _OVERLAP * 10:
            yield "\n".join(block).encode()
            block = []
    yield "\n".join(block).encode()
