"""Encoding standardised records as an agency sends them: a row for each of a record's blocks.

Belongs here: the arithmetic, over batches of records. Does not: parameters (parameters.py),
files, or keys (privacy.agreed_keys).

Every value first becomes a secret number under the key; those never leave the process. The
numbers of a block's values become its salt, and everything in a row is a mark of a secret
number under that salt. Rows of different blocks, or under different keys, have nothing in
common. Equal values under one salt have equal marks; names close to each other have close
vectors, digits in the same place are equal or not. A vector is covered by a mask of the
block's, so that not even the number of its bits can be seen; of two rows in one block only
their difference can.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from privacy.agency_parameters import (
    BLOCKS,
    FIELDS,
    NUMBERS,
    PLACE,
    VECTOR_WORDS,
    VECTORS,
    Block,
)
from privacy.encodings import Encoder
from privacy.salted import Salted, Words

CHUNK = 1 << 14
"""Records encoded at a time: what one step touches stays in the processor's cache."""

_SYMBOLS = 37
_PAIRS = _SYMBOLS * _SYMBOLS
_DIGITS = 10
_SHUFFLES = 256
_BITS = 64 * VECTOR_WORDS
_NIBBLE = 4
_USES = ("token", "cover given", "cover surname", "digits birth", "digits ssn")
Bools = npt.NDArray[np.bool_]


@dataclass
class _Batch:
    """A batch's secret numbers: of each field, zero where not known; and the letters of names."""

    values: dict[str, Words] = field(default_factory=dict)
    known: dict[str, Bools] = field(default_factory=dict)
    grams: dict[str, npt.NDArray[np.int16]] = field(default_factory=dict)
    digits: dict[str, npt.NDArray[np.int8]] = field(default_factory=dict)

    def take(self, rows: npt.NDArray[np.int64]) -> _Batch:
        """Return some of the records."""
        parts = (self.values, self.known, self.grams, self.digits)
        return _Batch(*({name: data[rows] for name, data in part.items()} for part in parts))  # type: ignore[arg-type] # each keeps its kind


class AgencyEncoder:
    """Encodes standardised records under a key agreed between the parties.

    The same key and record give the same rows, whatever else is encoded; another key gives
    unrelated ones.
    """

    def __init__(self, key: bytes) -> None:
        """Take the key of 32 bytes that `privacy.agreed_keys` derives for these parameters."""
        self._encoder = Encoder(hmac.digest(key, b"values", "sha512")[:32])
        self._salted = Salted(hmac.digest(key, b"marks", "sha512")[:32])
        constants = self._encoder.token(
            "constant", [*_USES, *(f"gram {i}" for i in range(_PAIRS + _SYMBOLS))]
        )
        numbers = constants.to_numpy().view(np.uint64)
        self._use = dict(zip(_USES, numbers, strict=False))
        self._gram = numbers[len(_USES) :]
        self._shuffle = _shuffles()

    def __repr__(self) -> str:
        return "AgencyEncoder()"

    def encode(self, standard: pa.Table) -> pa.Table:
        """Return the rows of a table of standardised records.

        Args:
            standard: `node`, and the columns of `FIELDS`; others are left alone.

        Returns:
            `node`, `block` (its place in `BLOCKS`), `token`, and as many marks as there are
            fields; see `schema`. A record none of whose blocks is known has no row.
        """
        batch = self._batch(standard)
        node = standard["node"].to_numpy()
        parts = [
            part
            for start in range(0, len(node), CHUNK)
            for part in self._chunk(batch, node, np.arange(start, min(start + CHUNK, len(node))))
        ]
        return pa.concat_tables([schema().empty_table(), *parts])

    def _chunk(
        self, batch: _Batch, node: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
    ) -> Iterator[pa.Table]:
        for number, block in enumerate(BLOCKS):
            there = np.logical_and.reduce([batch.known[name][rows] for name in block.fields])
            chosen = rows[there]
            if len(chosen):
                yield self._block(number, block, batch.take(chosen), node[chosen])

    def _block(self, number: int, block: Block, batch: _Batch, node: npt.NDArray[np.int64]) -> pa.Table:
        salt = self._salt(number, block, batch)
        columns: dict[str, pa.Array] = {
            "node": pa.array(node),
            "block": pa.array(np.full(len(node), number, dtype=np.int8)),
            "token": pa.array(self._salted.marks(salt, self._use["token"])[:, 0].view(np.int64)),
        }
        for name in (*FIELDS, PLACE):
            columns[name] = self._mark(salt, name, batch)
        for name in NUMBERS:
            columns[f"{name}_digits"] = self._digits(salt, name, batch)
        for name in VECTORS:
            words = self._vector(salt, name, batch)
            for word in range(VECTOR_WORDS):
                data = np.ascontiguousarray(words[:, word]).view(np.int64)
                columns[f"{name}_{word}"] = pa.array(data, mask=~batch.known[name])
        return pa.table(columns, schema=schema())

    def _mark(self, salt: Words, name: str, batch: _Batch) -> pa.Array:
        known = batch.known[name]
        if not known.any():
            return pa.nulls(len(salt), pa.int16())
        mark = self._salted.marks(salt, batch.values[name])[:, 0].astype(np.uint16).view(np.int16)
        return pa.array(mark, mask=~known)

    def _salt(self, number: int, block: Block, batch: _Batch) -> Words:
        """Return one secret number for the values of a block, chained over its fields."""
        parts = [batch.values[name] for name in block.fields]
        if block.unordered:
            parts[:2] = [np.minimum(parts[0], parts[1]), np.maximum(parts[0], parts[1])]
        salt = np.full(len(parts[0]), np.uint64(number), dtype=np.uint64)
        for part in parts:
            salt = self._salted.marks(salt, part)[:, 1]
        return salt

    def _digits(self, salt: Words, name: str, batch: _Batch) -> pa.Array:
        """Return digits, exchanged place by place as the salt says, four bits each."""
        chosen = self._salted.marks(salt, self._use[f"digits {name}"]).view(np.uint8).reshape(len(salt), -1)
        packed = np.zeros(len(salt), dtype=np.int64)
        for place, digit in enumerate(batch.digits[name].T):
            exchanged = self._shuffle[chosen[:, place], digit].astype(np.int64)
            packed |= np.where(digit >= 0, exchanged + 1, 0) << (_NIBBLE * place)
        return pa.array(packed, mask=~batch.known[name])

    def _vector(self, salt: Words, name: str, batch: _Batch) -> Words:
        """Return bits for a name's letters and pairs, under the salt's cover."""
        words = self._salted.marks(salt, self._use[f"cover {name}"]).copy()
        drawn = np.zeros_like(words)
        for gram in batch.grams[name].T:
            live = np.flatnonzero(gram >= 0)
            if not len(live):
                continue
            bit = self._salted.marks(salt[live], self._gram[gram[live]])[:, 0] % np.uint64(_BITS)
            drawn[live, (bit >> np.uint64(6)).astype(np.int64)] |= np.uint64(1) << (bit & np.uint64(63))
        return words ^ drawn

    def _batch(self, standard: pa.Table) -> _Batch:
        batch = _Batch()
        for name, namespace in FIELDS.items():
            batch.values[name], batch.known[name] = _numbers(self._encoder.token(namespace, standard[name]))
        both = self._salted.marks(batch.values["street"], batch.values["number"])[:, 0]
        batch.values[PLACE] = both
        batch.known[PLACE] = batch.known["street"] & batch.known["number"]
        for name in VECTORS:
            batch.grams[name] = _grams(standard[name])
        for name in NUMBERS:
            batch.digits[name] = _digits_of(standard[name])
        return batch


def schema() -> pa.Schema:
    """Return the columns of encoded rows."""
    marks = [pa.field(name, pa.int16()) for name in (*FIELDS, PLACE)]
    digits = [pa.field(f"{name}_digits", pa.int64()) for name in NUMBERS]
    words = [pa.field(f"{name}_{word}", pa.int64()) for name in VECTORS for word in range(VECTOR_WORDS)]
    head = [pa.field("node", pa.int64()), pa.field("block", pa.int8()), pa.field("token", pa.int64())]
    return pa.schema([*head, *marks, *digits, *words])


def _numbers(tokens: pa.Int64Array) -> tuple[Words, Bools]:
    known = tokens.is_valid().to_numpy(zero_copy_only=False)
    return tokens.fill_null(0).to_numpy(zero_copy_only=False).view(np.uint64), known


def _matrix(values: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    """Return the bytes of each value in a row of a matrix, zero after its end."""
    encoded = values.combine_chunks().cast(pa.large_binary()).fill_null(b"")
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    offsets = np.frombuffer(encoded.buffers()[1], dtype=np.int64)[encoded.offset :][: len(encoded) + 1]
    buffer = encoded.buffers()[2]
    data = np.frombuffer(buffer, dtype=np.uint8) if buffer is not None else np.zeros(0, np.uint8)
    lengths = np.diff(offsets)
    matrix = np.zeros((len(lengths), max(int(lengths.max(initial=0)), 1)), dtype=np.uint8)
    matrix[np.arange(matrix.shape[1]) < lengths[:, None]] = data[offsets[0] : offsets[-1]]
    return matrix


def _grams(values: pa.ChunkedArray) -> npt.NDArray[np.int16]:
    """Return numbers of each value's pairs of neighbours, ends included, then of its letters; -1: none."""
    matrix = _matrix(values)
    table = np.zeros(256, dtype=np.int16)
    table[ord("A") : ord("Z") + 1] = np.arange(1, 27)
    table[ord("0") : ord("9") + 1] = np.arange(27, 37)
    symbols = np.pad(table[matrix], ((0, 0), (1, 1)))
    there = np.pad(matrix != 0, ((0, 0), (1, 1)))
    pairs = np.where(there[:, :-1] | there[:, 1:], symbols[:, :-1] * _SYMBOLS + symbols[:, 1:], -1)
    letters = np.where(matrix != 0, table[matrix] + _PAIRS, -1)
    return np.ascontiguousarray(np.concatenate([pairs, letters], axis=1).astype(np.int16))


def _digits_of(values: pa.ChunkedArray) -> npt.NDArray[np.int8]:
    matrix = _matrix(values)[:, :15]
    return np.where(matrix == 0, -1, (matrix - ord("0")) % _DIGITS).astype(np.int8)


def _shuffles() -> npt.NDArray[np.uint8]:
    """Return fixed exchanges of the ten digits; which one is used is the salt's secret."""
    random = np.random.default_rng(0)
    return np.stack([random.permutation(_DIGITS) for _ in range(_SHUFFLES)]).astype(np.uint8)
