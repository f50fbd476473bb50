"""Attack on rows that share a block: in what two of them are alike tells who the two are.

Belongs here: reading, of each pair of people in one block, what its rows show, and finding the
same pair on a list. Does not: making rows, scoring (attacks.py), or attacks on tokens alone
(attack_keyless.py).

A row that is alone says nothing. Of two rows in one block can be seen which fields are equal, in how
many digits their numbers differ, and in how many bits the vectors of their names. The
attacker encodes the list under a key of their own, so that the same can be seen between its
people; a pair that looks the same in a block of the same kind may be the same two people. Which is
which is open, until one of them shares another block with somebody else.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from privacy.agency_parameters import NUMBERS, VECTOR_WORDS, VECTORS

Guesses = pd.Series
Ints = npt.NDArray[np.int64]

EQUAL = ("given", "surname", "initial", "sex")
"""Fields whose being equal or not must be known of a pair, and be the same on the list."""

PLACES, NIBBLE = 16, 4
"""Digits in a packed number, and bits in one."""
MOST_IN_GROUP = 20
MOST_CANDIDATES = 400
"""A pair that looks like more pairs of the list than these tells nothing."""
SPARE_BITS = 4
"""By how much a likeness of names under another key may differ, in bits of the vector."""


def likeness_in_blocks(rows: pd.DataFrame, known: pd.DataFrame, full: pd.Series, numbers: bool) -> Guesses:
    """Guess the full name behind each record from the pairs it makes with others in its blocks.

    Args:
        rows: Encoded rows of the records.
        known: Encoded rows of the list, under any key.
        full: Full name of each node of the list.
        numbers: Whether the list has social security numbers, so that their digits can be used.
    """
    person = apparent_people(rows)
    seen = pairs(rows.assign(person=rows["node"].map(person)), numbers)
    listed = pairs(known.assign(person=known["node"]), numbers)
    if not len(seen) or not len(listed):
        return pd.Series(dtype=object)
    found = pd.concat([_met(seen, listed, with_number) for with_number in (True, False)])
    votes = _votes(found)
    best = votes.sort_values(["n", "sure", "listed"], ascending=False).drop_duplicates("seen")
    guess = best.set_index("seen")["listed"].map(full)
    return person.map(guess).dropna()


def apparent_people(rows: pd.DataFrame) -> pd.Series:
    """Return a number for each node: that of the person it seems to be of, by what can be seen.

    Rows of one block are taken for one person's if their social security numbers are equal, or
    both names and the birth date.
    """
    nodes = np.unique(rows["node"].to_numpy())
    parts, first = [], 0
    for same in (["ssn"], ["given", "surname", "birth"]):
        there = rows[rows[same].notna().all(axis=1)]
        code = there.groupby(["block", "token", *same]).ngroup().to_numpy() + first
        parts.append((np.searchsorted(nodes, there["node"].to_numpy()), code + len(nodes)))
        first = int(code.max(initial=first)) + 1
    ones, others = (np.concatenate(part) for part in zip(*parts, strict=True))
    size = int(max(others.max(initial=0) + 1, len(nodes)))
    joined = coo_matrix((np.ones(len(ones), dtype=np.int8), (ones, others)), shape=(size, size))
    return pd.Series(connected_components(joined, directed=False)[1][: len(nodes)], index=nodes)


def pairs(rows: pd.DataFrame, numbers: bool) -> pd.DataFrame:
    """Return what can be seen of each pair of people who share a block.

    Args:
        rows: Encoded rows, with `person`.
        numbers: Whether to read digits of social security numbers.

    Returns:
        `pair`, `l` and `r` (people), `plain` (a number for what the pair looks like), `full` (the
        same with how many digits of the social security number differ, zero where one is not known), `middle`
        (1 equal, 0 not, -1 not known), `given` and `surname` (bits that differ).
    """
    column = [*EQUAL, "middle_initial", *(f"{name}_digits" for name in NUMBERS)]
    told = rows[rows[list(EQUAL[:3])].notna().all(axis=1)]
    told = told.assign(n=told[column].notna().sum(axis=1)).sort_values(["n", "node"], ascending=[False, True])
    told = told.drop_duplicates(["block", "token", "person"])
    size = told.groupby(["block", "token"])["person"].transform("size")
    told = told[(size > 1) & (size <= MOST_IN_GROUP)].reset_index(drop=True)
    place = told[["block", "token", "person"]].reset_index()
    both = place.merge(place, on=["block", "token"])
    both = both[both["person_x"] < both["person_y"]]
    left, right = both["index_x"].to_numpy(), both["index_y"].to_numpy()
    parts: dict[str, object] = {"block": both["block"].to_numpy()}
    parts |= {name: _equal(told[name], left, right) for name in EQUAL}
    parts["birth"] = _digits_apart(told["birth_digits"], left, right)
    looks = pd.util.hash_pandas_object(pd.DataFrame(parts), index=False).to_numpy()
    number = _digits_apart(told["ssn_digits"], left, right)
    if not numbers:
        number[:] = -1
    return pd.DataFrame(
        {
            "pair": np.arange(len(left)),
            "l": both["person_x"].to_numpy(),
            "r": both["person_y"].to_numpy(),
            "plain": looks,
            "full": np.where(number >= 0, looks + number.astype(np.uint64) * np.uint64(977), np.uint64(0)),
            "middle": _equal(told["middle_initial"], left, right),
            **{name: _differ(told, name, left, right) for name in VECTORS},
        }
    )


def _equal(column: pd.Series, left: Ints, right: Ints) -> Ints:
    value, there = column.fillna(0).to_numpy(dtype=np.int64), column.notna().to_numpy()
    return np.where(there[left] & there[right], value[left] == value[right], -1).astype(np.int64)


def _digits_apart(column: pd.Series, left: Ints, right: Ints) -> Ints:
    """Return in how many digits two numbers differ; -1 where one is not known."""
    value, there = column.fillna(0).to_numpy(dtype=np.int64), column.notna().to_numpy()
    apart = value[left] ^ value[right]
    count = sum(((apart >> (NIBBLE * i)) & 15 != 0).astype(np.int64) for i in range(PLACES))
    return np.where(there[left] & there[right], count, -1)


def _differ(rows: pd.DataFrame, name: str, left: Ints, right: Ints) -> Ints:
    count = np.zeros(len(left), dtype=np.int64)
    for word in range(VECTOR_WORDS):
        value = rows[f"{name}_{word}"].fillna(0).to_numpy(dtype=np.int64)
        count += np.bitwise_count(value[left] ^ value[right])
    return count


def _met(seen: pd.DataFrame, listed: pd.DataFrame, with_number: bool) -> pd.DataFrame:
    """Return which pairs of the list look like which pairs that were seen."""
    key = "full" if with_number else "plain"
    seen = seen[(seen["full"] > 0) == with_number]
    listed = listed[listed["full"] > 0] if with_number else listed
    often = listed.groupby(key)["pair"].transform("size")
    met = seen.merge(listed[often <= MOST_CANDIDATES], on=key, suffixes=("_s", "_k"))
    fits = (met["middle_s"] < 0) | (met["middle_k"] < 0) | (met["middle_s"] == met["middle_k"])
    for name in VECTORS:
        fits &= (met[f"{name}_s"] - met[f"{name}_k"]).abs() <= SPARE_BITS
    met = met[fits]
    return met.assign(sure=1 / met.groupby("pair_s")["pair_k"].transform("size"))


def _votes(met: pd.DataFrame) -> pd.DataFrame:
    """Return for each person seen and person on the list how many pairs, and how surely, speak for them."""
    parts = [
        met[["pair_s", f"{a}_s", f"{b}_k", "sure"]].set_axis(["pair", "seen", "listed", "sure"], axis=1)
        for a in "lr"
        for b in "lr"
    ]
    every = pd.concat(parts).drop_duplicates(["pair", "seen", "listed"])
    found = every.groupby(["seen", "listed"]).agg(n=("pair", "size"), sure=("sure", "sum"))
    return found.reset_index()
