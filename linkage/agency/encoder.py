"""Encoding standardised records as an agency sends them: a row for each of a record's blocks.

Belongs here: what is marked, over batches of records. Does not: hiding vectors and digits
(hidden.py), parameters (privacy.agency_parameters), files, or keys (privacy.agreed_keys).

Every value first becomes a secret number under the key; those never leave the process. The
numbers of a block's values become its salt, and everything in a row is a mark of a secret
number under that salt. Rows of different blocks, or under different keys, have nothing in
common. Equal values under one salt have equal marks; names close to each other have close
vectors; of two numbers one sees in how many digits they differ. A vector is covered by a mask of the
block's, so that not even the number of its bits can be seen; of two rows in one block only
their difference can. What all rows of a block share by its definition has the mark zero.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.agency.hidden import DIGIT_NOISE, ORDER_NOISE, hide_digits, put_in_order
from linkage.vectors import PAIRS, SYMBOLS, gram_bits
from privacy.agency_parameters import (
    BLOCKS,
    FIELDS,
    NUMBERS,
    PLACE,
    VECTOR_WORDS,
    VECTORS,
    Block,
)
from privacy.encodings import Distinct, Encoder, distinct
from privacy.salted import Salted, Words

CHUNK = 1 << 13
"""Records encoded at a time: what one step touches stays in the processor's cache."""

THREADS = 2
_PLACES = 15
_NIBBLE = 4
_NO_DIGITS = np.uint64((1 << _PLACES * _NIBBLE) - 1)
_DIGIT = (np.arange(256, dtype=np.uint64) + np.uint64(2)) % np.uint64(10) ^ np.uint64(15)
"""What makes the mark of no digit that of a digit, by its byte; `0` is byte 48."""

_ORDER = tuple(f"order {i}" for i in range(ORDER_NOISE))
_COVERS = tuple(f"cover {name}" for name in VECTORS)
_DIGITS = tuple(f"digits {i}" for i in range(DIGIT_NOISE))
_PLACE_FIELDS = ("street", "number")
_ALONE = {name for name, kind in FIELDS.items() if Counter(FIELDS.values())[kind] == 1}
Bools = npt.NDArray[np.bool_]
Rows = slice | npt.NDArray[np.int64]
Made = dict[str, npt.NDArray[Any]]
_Fields = tuple[bool, tuple[str, ...]]


@dataclass
class _Batch:
    """A batch's secret numbers: of fields that are known at all, of names, numbers and blocks."""

    vectors: Words
    numbers: Words
    values: dict[str, Words] = field(default_factory=dict)
    known: dict[str, Bools] = field(default_factory=dict)
    joined: dict[_Fields, Words] = field(default_factory=dict)


@dataclass(frozen=True)
class _Part:
    """Some records of one block, and where their rows begin in what is made."""

    block: int
    rows: Rows
    start: int


class AgencyEncoder:
    """Encodes standardised records under a key agreed between the parties.

    The same key and record give the same rows, whatever else is encoded; another key gives
    unrelated ones. It encodes one table at a time.
    """

    def __init__(self, key: bytes) -> None:
        """Take the key of 32 bytes that `privacy.agreed_keys` derives for these parameters."""
        self._encoder = Encoder(hmac.digest(key, b"values", "sha512")[:32])
        marks = hmac.digest(key, b"marks", "sha512")[:32]
        self._salted = [Salted(marks) for _ in range(THREADS)]
        blocks = tuple(f"block {block.name}" for block in BLOCKS)
        uses = (*_ORDER, *_COVERS, *_DIGITS, *blocks)
        grams = [f"gram {i}" for i in range(PAIRS + SYMBOLS)]
        numbers = self._encoder.token("constant", [*uses, *grams]).to_numpy().view(np.uint64)
        constant = dict(zip(uses, numbers, strict=False))
        self._order = [constant[use] for use in (*_ORDER, *_COVERS)]
        self._digits = [constant[use] for use in _DIGITS]
        self._block = [constant[use] for use in blocks]
        self._slots = (numbers[len(uses) :] % np.uint64(64 * VECTOR_WORDS)).astype(np.int64)

    def __repr__(self) -> str:
        return "AgencyEncoder()"

    def encode(self, standard: pa.Table) -> pa.Table:
        """Return the rows of a table of standardised records, block after block.

        Args:
            standard: `node`, and the columns of `FIELDS`; others are left alone.

        Returns:
            `node`, `block` (its place in `BLOCKS`), `token`, and as many marks as there are
            fields; see `schema`. A record none of whose blocks is known has no row.
        """
        batch = self._batch(standard)
        rows = [_rows(batch, block, len(standard)) for block in BLOCKS]
        sizes = [_size(some) for some in rows]
        starts = np.concatenate([[0], np.cumsum(sizes)]).tolist()
        made: Made = {
            column.name: np.zeros(starts[-1], dtype=column.type.to_pandas_dtype())
            for column in schema()
            if _source(column.name) in {*batch.known, None}
        }
        node = standard["node"].to_numpy()
        for i, some in enumerate(rows):
            made["node"][starts[i] : starts[i + 1]] = node[some]
            made["block"][starts[i] : starts[i + 1]] = i
        self._write(batch, [part for i, some in enumerate(rows) for part in _parts(i, some, starts[i])], made)
        there = {name: _bitmap([known[some] for some in rows]) for name, known in batch.known.items()}
        return pa.table([_column(column, made, there, starts[-1]) for column in schema()], schema=schema())

    def _write(self, batch: _Batch, parts: Sequence[_Part], made: Made) -> None:
        def share(which: int) -> None:
            for part in parts[which::THREADS]:
                self._part(self._salted[which], batch, part, made)

        if len(parts) <= len(BLOCKS):
            for which in range(THREADS):
                share(which)
            return
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(share, range(THREADS)))

    def _part(self, salted: Salted, batch: _Batch, part: _Part, made: Made) -> None:
        """Write the rows of a part; each column of `made` is written in its own place only."""
        block = BLOCKS[part.block]
        joined = batch.joined[block.unordered, block.fields][part.rows]
        both = salted.marks(joined, [self._block[part.block]])[0]
        here = slice(part.start, part.start + len(both))
        made["token"][here] = both[:, 0].view(np.int64)
        salt = both[:, 1].copy()
        vectors = batch.vectors[:, part.rows].copy()
        noise = salted.marks(salt, self._order)
        put_in_order(vectors, noise[:ORDER_NOISE])
        vectors ^= noise[ORDER_NOISE:]
        digits = hide_digits(batch.numbers[part.rows], salted.marks(salt, self._digits))
        for name in batch.known:
            if name in VECTORS:
                for word in range(VECTOR_WORDS):
                    made[f"{name}_{word}"][here] = vectors[VECTORS.index(name), :, word].view(np.int64)
            if name in NUMBERS:
                made[f"{name}_digits"][here] = digits[:, NUMBERS.index(name)].view(np.int64)
        marked = [name for name in batch.known if name not in _shared(block)]
        marks = salted.marks(salt, [batch.values[name][part.rows] for name in marked]).view(np.int16)
        for name, mark in zip(marked, marks, strict=True):
            made[name][here] = mark[:, 0]

    def _batch(self, standard: pa.Table) -> _Batch:
        count = len(standard)
        batch = _Batch(
            np.zeros((len(VECTORS), count, VECTOR_WORDS), dtype=np.uint64),
            np.zeros((count, len(NUMBERS)), dtype=np.uint64),
        )
        with ThreadPoolExecutor(THREADS) as pool:
            for name, known in pool.map(lambda name: self._field(name, standard[name], batch), FIELDS):
                if known is not None:
                    batch.known[name] = known
        for block in BLOCKS:
            self._join(batch, (block.unordered, block.fields))
        self._join(batch, (False, _PLACE_FIELDS))
        if (False, _PLACE_FIELDS) in batch.joined:
            batch.values[PLACE] = batch.joined[False, _PLACE_FIELDS]
            batch.known[PLACE] = batch.known["street"] & batch.known["number"]
        return batch

    def _field(self, name: str, values: pa.ChunkedArray, batch: _Batch) -> tuple[str, Bools | None]:
        column = distinct(values)
        if not len(column.offsets) - 1:
            return name, None
        hashed = np.append(self._encoder.hashed(FIELDS[name], column), np.uint64(0))
        batch.values[name] = hashed[column.index]
        if name in VECTORS:
            batch.vectors[VECTORS.index(name)] = gram_bits(column, self._slots, VECTOR_WORDS)[column.index]
        if name in NUMBERS:
            batch.numbers[:, NUMBERS.index(name)] = _packed(column)[column.index]
        return name, column.index >= 0

    def _join(self, batch: _Batch, key: _Fields) -> None:
        """Make one secret number of several fields, field by field; what blocks begin with, once."""
        unordered, fields = key
        if key in batch.joined or not set(fields) <= set(batch.known):
            return
        last = batch.values[fields[-1]]
        if len(fields) == 1:
            batch.joined[key] = last
            return
        self._join(batch, (unordered, fields[:-1]))
        first = batch.joined[unordered, fields[:-1]]
        if unordered and len(fields) == 2:
            first, last = np.minimum(first, last), np.maximum(first, last)
        both = [(first[i : i + CHUNK], last[i : i + CHUNK]) for i in range(0, len(first), CHUNK)]
        batch.joined[key] = np.concatenate([self._salted[0].marks(x, [y])[0, :, 0].copy() for x, y in both])


def schema() -> pa.Schema:
    """Return the columns of encoded rows."""
    marks = [pa.field(name, pa.int16()) for name in (*FIELDS, PLACE)]
    digits = [pa.field(f"{name}_digits", pa.int64()) for name in NUMBERS]
    words = [pa.field(f"{name}_{word}", pa.int64()) for name in VECTORS for word in range(VECTOR_WORDS)]
    head = [pa.field("node", pa.int64()), pa.field("block", pa.int8()), pa.field("token", pa.int64())]
    return pa.schema([*head, *marks, *digits, *words])


def _source(column: str) -> str | None:
    """Return the field that a column is made of, None for those every row has."""
    for name in (*VECTORS, *NUMBERS):
        if column.startswith(f"{name}_") and column not in FIELDS:
            return name
    return column if column in (*FIELDS, PLACE) else None


def _shared(block: Block) -> set[str]:
    """Return fields whose marks all rows of a block share and nothing else is compared with."""
    alone = {PLACE} if set(_PLACE_FIELDS) <= set(block.fields) else set()
    return alone | (_ALONE & set(block.fields))


def _rows(batch: _Batch, block: Block, count: int) -> Rows:
    """Return the records that have a block."""
    if not set(block.fields) <= set(batch.known):
        return slice(0, 0)
    there = np.logical_and.reduce([batch.known[name] for name in block.fields])
    return slice(0, count) if there.all() else np.flatnonzero(there)


def _size(rows: Rows) -> int:
    return rows.stop - rows.start if isinstance(rows, slice) else len(rows)


def _parts(block: int, rows: Rows, start: int) -> Iterator[_Part]:
    for i in range(0, size := _size(rows), CHUNK):
        some = slice(i, min(i + CHUNK, size))
        yield _Part(block, some if isinstance(rows, slice) else rows[some], start + i)


def _bitmap(known: Sequence[Bools]) -> pa.Buffer | None:
    """Return which values are there as Arrow has it, None for all."""
    there = np.concatenate(known)
    return None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))


def _column(column: pa.Field, made: Made, there: Mapping[str, pa.Buffer | None], count: int) -> pa.Array:
    if column.name not in made:
        return pa.nulls(count, column.type)
    known = there.get(_source(column.name) or "")
    return pa.Array.from_buffers(column.type, count, [known, pa.py_buffer(made[column.name])])


def _packed(column: Distinct) -> Words:
    """Return the digits of each distinct value, four bits each, with their ends marked; last, none."""
    starts, lengths = column.offsets[:-1], np.diff(column.offsets)
    packed = np.full(len(starts) + 1, _NO_DIGITS)
    shortest = int(lengths.min(initial=_PLACES))
    for place in range(min(_PLACES, int(lengths.max(initial=0)))):
        live = slice(0, len(starts)) if place < shortest else np.flatnonzero(lengths > place)
        packed[live] ^= _DIGIT[column.data[starts[live] + place]] << np.uint64(_NIBBLE * place)
    return packed
