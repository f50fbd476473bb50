"""Writing deliveries: one system, one period, its files as the contract lays them out.

Belongs here: bytes. Does not: what is in them (`values`, `lines`, `feeds`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.contracts_model import ColumnType, FileFormat, FileKind, Table
from warehouse.synthetic.arrays import Draws, choose, take, texts
from warehouse.synthetic.calendar import Calendar
from warehouse.synthetic.feeds.rows import Feed, Period, Rows
from warehouse.synthetic.lines import Sheet, assemble, group_sheets, table_sheet, template_text
from warehouse.synthetic.registration import Registrations
from warehouse.synthetic.systems import FileSpec, System, TableSpec
from warehouse.synthetic.values import Columns

_SLICE = 400_000
"""Lines written at a time, so that memory stays within bounds."""


@dataclass(frozen=True)
class Written:
    """What one delivery holds: rows by table, and record ids with their registrations."""

    rows: Mapping[str, int]
    records: pa.Table


class Writer:
    """Writes one system's deliveries below a landing directory."""

    def __init__(
        self,
        draws: Draws,
        system: System,
        feed: Feed,
        registrations: Registrations,
        calendar: Calendar,
        landing: Path,
    ) -> None:
        self._draws = draws
        self._system = system
        self._feed = feed
        self._registrations = registrations
        self._calendar = calendar
        self._landing = landing

    def write(self, period: Period) -> Written:
        """Write every file of one period."""
        rows = {name: self._repeat(name, period, found) for name, found in self._feed.rows(period).items()}
        context = self._context(period)
        counts: dict[str, int] = {}
        records = []
        for file in self._system.files:
            columns = {name: self._columns(name, period, rows[name]) for name in file.tables}
            counts |= {name: len(rows[name]) for name in file.tables}
            records += [self._records(name, rows[name], columns[name]) for name in file.tables]
            path = self._landing / self._system.source / file.path.format(period=period.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write_file(path, file, rows, columns, context)
        return Written(counts, pa.concat_tables(records).group_by(["record_id", "unit"]).aggregate([]))

    def _repeat(self, name: str, period: Period, rows: Rows) -> Rows:
        """Deliver a few rows twice, where the system does."""
        share = self._spec(name).repeated
        if not share:
            return rows
        twice = (
            self._draws.stream("repeated", self._system.source, name, period.name).random(len(rows)) < share
        )
        return rows.take(np.sort(np.concatenate([np.arange(len(rows)), np.flatnonzero(twice)])))

    def _columns(self, name: str, period: Period, rows: Rows) -> dict[str, pa.Array]:
        table, spec = self._system.contract.by_name[name], self._spec(name)
        values = Columns(rows, self._registrations, spec.columns, self._system.writes)
        columns = {column.name: values.text(column) for column in table.columns}
        rng = self._draws.stream("faults", self._system.source, name, period.name)
        for fault in spec.faults:
            broken = rng.random(len(rows)) < fault.share
            columns[fault.column] = choose(broken, pa.scalar(fault.text), columns[fault.column])
        return columns

    def _spec(self, name: str) -> TableSpec:
        return self._system.tables.get(name, TableSpec())

    def _records(self, name: str, rows: Rows, columns: Mapping[str, pa.Array]) -> pa.Table:
        """Return the record ids of a table's rows as its contract composes them."""
        table = self._system.contract.by_name[name]
        if not table.record_id or not len(rows):
            return pa.table({"record_id": texts([]), "unit": pa.array([], pa.int64())})
        parts = [pc.utf8_trim_whitespace(pc.fill_null(columns[part], "")) for part in table.record_id]
        ids = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "|")
        return pa.table({"record_id": ids, "unit": pa.array(rows.unit)})

    def _context(self, period: Period) -> dict[str, str]:
        calendar = self._calendar
        last = period.last
        quarter = (int(calendar.calendar_month(last)) + 2) // 3
        year = int(calendar.year(last))
        return {
            "period": period.name,
            "year": str(year),
            "quarter": str(quarter),
            "quarter_end": f"{quarter * 3:02d}{year}",
            "state": self._registrations.population.places.state_fips,
            "export_date": f"{calendar.day(last + 1)} 02:00:00",
        }

    def _write_file(
        self,
        path: Path,
        file: FileSpec,
        rows: Mapping[str, Rows],
        columns: Mapping[str, Mapping[str, pa.Array]],
        context: Mapping[str, str],
    ) -> None:
        form = self._system.contract.format
        if form.kind is FileKind.FIXED_WIDTH:
            lines = self._fixed(file, rows, columns, context)
            _write_lines(path, lines, form.encoding, self._system.writes.line_end)
            return
        name = file.tables[0]
        table = self._system.contract.by_name[name]
        if form.kind is FileKind.PARQUET:
            _write_parquet(path, table, columns[name])
            return
        also = {
            title: take(
                template_text(text, {k: texts([v]) for k, v in context.items()}),
                np.zeros(len(rows[name]), dtype=np.int64),
            )
            for title, text in self._spec(name).also
        }
        lines = _delimited(table, columns[name], also, form, self._system.writes.quote)
        _write_lines(path, lines, form.encoding, self._system.writes.line_end)

    def _fixed(
        self,
        file: FileSpec,
        rows: Mapping[str, Rows],
        columns: Mapping[str, Mapping[str, pa.Array]],
        context: Mapping[str, str],
    ) -> pa.Array:
        """Return the lines of a fixed-width file, with the lines around groups and totals."""
        sheets: list[Sheet] = []
        for name in file.tables:
            order = rows[name].order
            order = np.arange(len(rows[name])) if order is None else order
            table = self._system.contract.by_name[name]
            sheets.append(table_sheet(table, self._spec(name).line, columns[name], order, context))
        totals = {"rows": sum(len(rows[name]) for name in file.tables)}
        if file.groups:
            first = rows[file.tables[0]]
            assert first.order is not None
            sums = {name: np.asarray(first.columns[name], dtype=np.int64) for name in file.groups.sums}
            before, after, totals["groups"] = group_sheets(file.groups, first.order, sums, context)
            totals |= {name: int(values.sum()) for name, values in sums.items()}
            sheets = [before, *sheets, after]
        return assemble(file, sheets, context, totals)


def _delimited(
    table: Table, columns: Mapping[str, pa.Array], also: Mapping[str, pa.Array], form: FileFormat, quote: str
) -> pa.Array:
    """Return the lines of a delimited file, its names first."""
    listed = {c.physical_name: columns[c.name] for c in table.columns} | dict(also)
    mark = form.quote
    cells = [_quoted(values, form, quote == "all") for values in listed.values()]
    names = [f"{mark}{name}{mark}" if quote == "all" and mark else name for name in listed]
    header = texts([form.delimiter.join(names)])
    if not len(cells[0]):
        return header
    return pa.concat_arrays([header, pc.binary_join_element_wise(*cells, form.delimiter)])


def _quoted(values: pa.Array, form: FileFormat, always: bool) -> pa.Array:
    """Return values as cells: quoted if asked or needed, empty where there is none."""
    filled = pc.fill_null(values, "")
    if not form.quote:
        return filled
    doubled = pc.replace_substring(filled, form.quote, form.escape + form.quote)
    inside = pc.binary_join_element_wise(form.quote, doubled, form.quote, "")
    if always:
        return inside
    needed = pc.or_(pc.match_substring(filled, form.delimiter), pc.match_substring(filled, form.quote))
    return pc.if_else(needed, inside, filled)


def _write_lines(path: Path, lines: pa.Array, encoding: str, line_end: str) -> None:
    """Write lines in an encoding, a slice at a time."""
    end = "\r\n" if line_end == "windows" else "\n"
    with path.open("wb") as out:
        for start in range(0, len(lines), _SLICE):
            ended = pc.binary_join_element_wise(lines.slice(start, _SLICE), end, "")
            offsets = np.frombuffer(ended.buffers()[1], dtype=np.int32)[
                ended.offset : ended.offset + len(ended) + 1
            ]
            data = memoryview(ended.buffers()[2])[int(offsets[0]) : int(offsets[-1])]
            out.write(data if encoding == "utf-8" else bytes(data).decode().encode(encoding, "replace"))


_ARROW = {
    ColumnType.DATE: pa.date32(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.decimal128(18, 2),
}


def _write_parquet(path: Path, table: Table, columns: Mapping[str, pa.Array]) -> None:
    """Write a Parquet file with the contract's names and types."""
    data = pa.table(
        {c.physical_name: columns[c.name].cast(_ARROW.get(c.type, pa.string())) for c in table.columns}
    )
    pq.write_table(data, path, compression="zstd", row_group_size=200_000)
