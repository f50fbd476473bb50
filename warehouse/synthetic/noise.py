"""How values get written down wrongly: keys, sounds, scanners, digits.

Belongs here: functions from a column of values to the same column with one
error in every value. Does not: who is affected (`registration`) or how often
(`errors.yaml`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.synthetic.arrays import Days, Ints, texts

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

_SOUNDS: Mapping[str, str] = {
    "ph": "f", "ck": "k", "ie": "y", "ee": "ea", "ei": "ie", "ou": "u", "ll": "l", "ss": "s", "tt": "t",
    "nn": "n", "rr": "r", "son": "sen", "er": "ar", "ey": "y", "th": "t", "sh": "ch", "qu": "kw", "gh": "g",
    "z": "s", "c": "k", "ai": "ay", "oo": "u", "mm": "m", "v": "w", "ks": "x", "kh": "h", "j": "y",
    "ia": "ya",
}  # fmt: skip

_SHAPES: Mapping[str, str] = {
    "m": "rn", "rn": "m", "l": "i", "cl": "d", "d": "cl", "h": "b", "e": "c", "o": "a", "u": "v", "vv": "w",
    "ri": "n", "t": "f", "g": "q", "nn": "m", "i": "l", "y": "v",
}  # fmt: skip


def _neighbours() -> npt.NDArray[np.uint32]:
    """Return for each code below 128 six neighbours on the keyboard."""
    table = np.repeat(np.arange(128, dtype=np.uint32)[:, None], 6, axis=1)
    places = {letter: (y, x) for y, row in enumerate(_ROWS) for x, letter in enumerate(row)}
    for letter, (y, x) in places.items():
        near = [
            other
            for other, (v, u) in places.items()
            if other != letter and abs(v - y) <= 1 and abs(u - x) <= 1
        ]
        filled = (near * 6)[:6]
        table[ord(letter)] = [ord(other) for other in filled]
        table[ord(letter.upper())] = [ord(other.upper()) for other in filled]
    return table


_KEYS = _neighbours()


def mistype(rng: np.random.Generator, values: pa.Array) -> pa.Array:
    """Replace, drop, double or swap one letter of each value."""
    matrix, length = _letters(values)
    size, width = matrix.shape
    if not size:
        return values
    at = np.where(length > 2, 1 + (rng.random(size) * (length - 1)).astype(np.int64), length - 1)
    at = np.maximum(at, 0)
    kind = np.where(length < 2, 0, rng.choice(4, size, p=[0.35, 0.25, 0.15, 0.25]))
    column = np.arange(width)[None, :]
    source = np.broadcast_to(column, matrix.shape).copy()
    place = at[:, None]
    drop, double, swap = ((kind == k)[:, None] for k in (1, 2, 3))
    source = np.where(drop & (column >= place), column + 1, source)
    source = np.where(double & (column > place), column - 1, source)
    after = np.maximum(place, 1)
    source = np.where(swap & (column == after), after - 1, source)
    source = np.where(swap & (column == after - 1), after, source)
    source = np.minimum(source, width - 1)
    result = np.take_along_axis(matrix, source, axis=1)
    rows = np.flatnonzero((kind == 0) & (length > 0))
    old = matrix[rows, at[rows]]
    plain = old < 128
    result[rows[plain], at[rows[plain]]] = _KEYS[old[plain], rng.integers(0, 6, int(plain.sum()))]
    return _words(result)


def mishear(rng: np.random.Generator, values: pa.Array) -> pa.Array:
    """Spell one sound of each value another way; a value without such a sound is mistyped."""
    return _by_rule(rng, values, _SOUNDS)


def misread(rng: np.random.Generator, values: pa.Array) -> pa.Array:
    """Confuse one shape of each value as a scanner does; else mistype it."""
    return _by_rule(rng, values, _SHAPES)


def _by_rule(rng: np.random.Generator, values: pa.Array, rules: Mapping[str, str]) -> pa.Array:
    if not len(values):
        return values
    result, best = mistype(rng, values), np.zeros(len(values))
    for old, new in rules.items():
        weight = np.where(
            _bools(pc.match_substring(pc.utf8_slice_codeunits(values, 1), old)), rng.random(len(values)), 0.0
        )
        better = weight > best
        first, rest = pc.utf8_slice_codeunits(values, 0, 1), pc.utf8_slice_codeunits(values, 1)
        changed = pc.binary_join_element_wise(
            first, pc.replace_substring(rest, old, new, max_replacements=1), ""
        )
        result = pc.if_else(pa.array(better), changed, result)
        best = np.maximum(best, weight)
    return result


def mistype_digits(rng: np.random.Generator, values: pa.Array) -> pa.Array:
    """Change one digit of each value, or swap two that stand together."""
    matrix, length = _letters(values)
    if not len(matrix):
        return values
    rows = np.arange(len(matrix))
    at = (rng.random(len(rows)) * np.maximum(length - 1, 1)).astype(np.int64)
    swap = rng.random(len(rows)) < 0.4
    result = matrix.copy()
    result[rows[swap], at[swap]] = matrix[rows[swap], at[swap] + 1]
    result[rows[swap], at[swap] + 1] = matrix[rows[swap], at[swap]]
    same = np.all(result == matrix, axis=1)
    old = matrix[rows, at]
    digit = (old >= 48) & (old <= 57)
    fresh = (old - 48 + rng.integers(1, 10, len(rows))) % 10 + 48
    change = same & digit
    result[rows[change], at[change]] = fresh[change]
    return _words(result)


def mistype_dates(rng: np.random.Generator, days: Days) -> Days:
    """Swap day and month where that is a date; else be off by a digit; a date in all cases."""
    year, month, day = parts(days)
    swap = (day <= 12) & (day != month) & (rng.random(len(days)) < 0.45)
    kind = rng.choice(4, len(days), p=[0.3, 0.35, 0.15, 0.2])
    off = rng.choice([-1, 1], len(days))
    new_year = np.where(kind == 0, year + off * np.where(rng.random(len(days)) < 0.3, 10, 1), year)
    new_day = np.where(kind == 1, (day + off * rng.choice([1, 10], len(days)) - 1) % 28 + 1, day)
    new_month = np.where(kind == 2, (month + off - 1) % 12 + 1, month)
    new_day = np.where(kind == 3, 1, new_day)
    new_month = np.where((kind == 3) & (rng.random(len(days)) < 0.5), 1, new_month)
    return date_of(
        np.where(swap, year, new_year), np.where(swap, day, new_month), np.where(swap, month, new_day)
    )


def parts(days: Days) -> tuple[Ints, Ints, Ints]:
    """Return year, month and day of dates."""
    months = days.astype("datetime64[M]")
    count = months.astype(np.int64)
    return count // 12 + 1970, count % 12 + 1, (days - months.astype("datetime64[D]")).astype(np.int64) + 1


def date_of(year: Ints, month: Ints, day: Ints) -> Days:
    """Return dates; a day past the month's end becomes its last."""
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    result: Days = first.astype("datetime64[D]") + (np.minimum(day, length) - 1)
    return result


def plain_letters(values: pa.Array) -> pa.Array:
    """Return values without diacritics."""
    bare = pc.replace_substring_regex(pc.utf8_normalize(values, form="NFD"), r"\p{Mn}", "")
    return pc.replace_substring(pc.replace_substring(bare, "Đ", "D"), "đ", "d")


def _letters(values: pa.Array) -> tuple[npt.NDArray[np.uint32], Ints]:
    """Return values as a matrix of code points with two columns to spare, and their lengths."""
    filled = pc.fill_null(values, "")
    words = np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.str_)
    width = max(words.dtype.itemsize // 4, 1) + 2
    words = words.astype(f"<U{width}")
    matrix = words.view(np.uint32).reshape(len(words), width).copy()
    return matrix, np.count_nonzero(matrix, axis=1).astype(np.int64)


def _words(matrix: npt.NDArray[np.uint32]) -> pa.Array:
    words = np.ascontiguousarray(matrix).view(f"<U{matrix.shape[1]}").ravel()
    return texts(words.tolist())


def _bools(values: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)
