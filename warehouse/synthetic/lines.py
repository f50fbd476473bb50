"""Lines of fixed-width files.

Belongs here: placing texts in lines, folding repeated groups, lines around
groups, first and last lines. Does not: what the texts are (`values`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.contracts_model import Column, ColumnType, Repeat, Table
from warehouse.synthetic.arrays import Ints, take, texts
from warehouse.synthetic.systems import FileSpec, GroupSpec, LineSpec

_FORMAT = re.compile(r"(?P<zero>0)?(?P<right>>)?(?P<width>\d+)?d?")


@dataclass(frozen=True)
class Piece:
    """A column of text in a line: first character from 1, and width."""

    start: int
    width: int
    text: pa.Array


@dataclass(frozen=True)
class Sheet:
    """Lines with the key by which they are sorted into the file."""

    lines: pa.Array
    order: Ints


def place(column: Column, text: pa.Array) -> Piece:
    """Return a contract's column as a piece: numbers filled with zeros, text with blanks."""
    assert column.place is not None
    width = column.place.length
    delivered = _enciphered(pc.fill_null(text, ""), column)
    if column.type in (ColumnType.INTEGER, ColumnType.NUMBER):
        return Piece(column.place.start, width, pc.utf8_lpad(delivered, width, "0"))
    return Piece(column.place.start, width, pc.utf8_rpad(delivered, width, " "))


def _enciphered(text: pa.Array, column: Column) -> pa.Array:
    """Apply the contract's cipher, from clear to delivered, digit by digit."""
    if not column.cipher:
        return text
    marked = text
    for clear in column.cipher.values():
        marked = pc.replace_substring(marked, clear, chr(0xE000 + ord(clear)))
    for delivered, clear in column.cipher.items():
        marked = pc.replace_substring(marked, chr(0xE000 + ord(clear)), delivered)
    return marked


def table_sheet(
    table: Table, line: LineSpec, columns: Mapping[str, pa.Array], order: Ints, context: Mapping[str, str]
) -> Sheet:
    """Return the lines of one table, several rows a line where the contract repeats columns."""
    placed = [place(column, columns[column.name]) for column in table.columns]
    fixed = [_constant(start, text, context, len(order)) for start, text in line.pieces]
    if table.repeat is None:
        return Sheet(_line(placed + fixed, line.length, line.filler, len(order)), order)
    return _folded(table.repeat, placed, fixed, line, order)


def _folded(repeat: Repeat, placed: list[Piece], fixed: list[Piece], line: LineSpec, order: Ints) -> Sheet:
    """Put rows that stand together under one key into one line, as many as it holds."""
    size = len(order)
    sequence = np.argsort(order, kind="stable")
    key = order[sequence]
    nth = np.arange(size) - np.searchsorted(key, key)
    heads = np.flatnonzero(nth % repeat.count == 0)
    end = repeat.start + repeat.step
    inner = [
        Piece(p.start - repeat.start + 1, p.width, p.text) for p in placed if repeat.start <= p.start < end
    ]
    block = take(_line(inner, repeat.step, line.filler, size), sequence)
    blank = texts([" " * repeat.step])
    blocks = []
    for k in range(repeat.count):
        at = np.minimum(heads + k, max(size - 1, 0))
        there = (heads + k < size) & (nth[at] == nth[heads] + k) if size else np.zeros(0, dtype=np.bool_)
        text = pc.if_else(pa.array(there), take(block, at), blank[0])
        blocks.append(Piece(repeat.start + k * repeat.step, repeat.step, text))
    rows = sequence[heads]
    shared = [Piece(p.start, p.width, take(p.text, rows)) for p in placed if p.start < repeat.start]
    outer = [Piece(p.start, p.width, take(p.text, rows)) for p in fixed]
    return Sheet(_line(shared + outer + blocks, line.length, line.filler, len(rows)), order[rows])


def _constant(start: int, template: str, context: Mapping[str, str], size: int) -> Piece:
    known = {name: texts([value]) for name, value in {**context, "blank": ""}.items()}
    text = template_text(template, known)[0].as_py()
    return Piece(start, len(text), take(texts([text]), np.zeros(size, dtype=np.int64)))


def _line(pieces: Sequence[Piece], length: int, filler: str, size: int) -> pa.Array:
    """Put pieces side by side, the gaps filled."""
    if not size:
        return texts([])
    parts: list[pa.Array | str] = []
    at = 1
    for piece in sorted(pieces, key=lambda p: p.start):
        if piece.start > at:
            parts.append(filler * (piece.start - at))
        parts.append(piece.text)
        at = piece.start + piece.width
    if at <= length:
        parts.append(filler * (length - at + 1))
    return pc.binary_join_element_wise(*parts, "")


def template_text(template: str, context: Mapping[str, pa.Array]) -> pa.Array:
    """Fill a template such as `F{rows:010d}`, column by column; all columns have one length."""
    parts: list[pa.Array | str] = []
    for literal, name, form, _ in Formatter().parse(template):
        if literal:
            parts.append(literal)
        if name is not None:
            parts.append(_formatted(context[name], form or ""))
    size = len(next(iter(context.values())))
    if all(isinstance(part, str) for part in parts):
        return take(texts(["".join(map(str, parts))]), np.zeros(size, dtype=np.int64))
    return pc.binary_join_element_wise(*parts, "")


def _formatted(values: pa.Array, form: str) -> pa.Array:
    match = _FORMAT.fullmatch(form)
    assert match is not None, form
    text = pc.cast(values, pa.string())
    width = int(match["width"] or 0)
    if match["zero"]:
        return pc.utf8_lpad(text, width, "0")
    return pc.utf8_lpad(text, width, " ") if match["right"] else pc.utf8_rpad(text, width, " ")


def declared_lines(line: LineSpec, context: Mapping[str, pa.Array]) -> pa.Array:
    """Return lines made of templates alone, one for each row of the context."""
    size = len(next(iter(context.values())))
    pieces = []
    for start, template in line.pieces:
        text = template_text(template, context)
        width = int(pc.max(pc.utf8_length(text)).as_py() or 0) if size else 0
        pieces.append(Piece(start, width, text))
    return _line(pieces, line.length, line.filler, size)


def group_sheets(
    groups: GroupSpec, order: Ints, sums: Mapping[str, Ints], context: Mapping[str, str]
) -> tuple[Sheet, Sheet, int]:
    """Return the lines before and after each group, and the number of groups."""
    key, inverse, count = np.unique(order, return_inverse=True, return_counts=True)
    columns = {
        name: take(texts([value]), np.zeros(len(key), dtype=np.int64)) for name, value in context.items()
    }
    columns[groups.by] = pa.array(key)
    columns["lines"] = pa.array(count)
    columns["blank"] = take(texts([""]), np.zeros(len(key), dtype=np.int64))
    for name, values in sums.items():
        columns[name] = pa.array(np.bincount(inverse, weights=values, minlength=len(key)).astype(np.int64))
    before = declared_lines(groups.before, columns)
    return Sheet(before, key), Sheet(declared_lines(groups.after, columns), key), len(key)


def assemble(
    file: FileSpec, sheets: Sequence[Sheet], context: Mapping[str, str], totals: Mapping[str, int]
) -> pa.Array:
    """Return all lines of a file: first lines, sheets sorted into each other, last line."""
    order = np.concatenate([sheet.order for sheet in sheets])
    rank = np.repeat(np.arange(len(sheets)), [len(sheet.order) for sheet in sheets])
    body = take(pa.concat_arrays([sheet.lines for sheet in sheets]), np.lexsort((rank, order)))
    around = {name: texts([value]) for name, value in context.items()}
    around |= {name: pa.array([value]) for name, value in {**totals, "lines": len(body)}.items()}
    first = [declared_lines(line, around) for line in file.first]
    last = [declared_lines(file.last, around)] if file.last else []
    return pa.concat_arrays([*first, body, *last])
