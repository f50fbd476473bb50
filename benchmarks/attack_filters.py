"""Record-level filters as others harden them, beside which our encodings are measured.

Belongs here: making such filters, mining them for names, and how well they link. Does not: our own
encodings, or attacks on tokens (attack_keyless.py).

A cryptographic long-term key (Schnell, Bachteler and Reiher 2011) is one Bloom filter of a record's
pairs of letters in all fields. Hardened: balanced (Schnell and Borgs 2016: beside each bit its
contrary), folded (Schnell and Borgs 2016: one half XOR the other), noisy (Schnell and Borgs 2016:
each bit turned with a fixed probability). The attack follows Christen, Vidanage, Ranbaduge and
Schnell 2018: bits that are set together belong to one pair of letters; pairs are told by how often
they occur alone and together; and the person on the list who explains a record best is its guess.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import linkage
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix, hstack
from scipy.spatial.distance import squareform

from benchmarks.attack_keyless import matched

Bits = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]

LENGTH, HASHES = 1024, 10
FIELDS = ("given", "surname", "birth", "ssn", "sex")
LONGEST = 24
CODES = 1 << 14
NOISE = (0.02, 0.1)
MOST_GROUPS, MOST_GRAMS = 150, 400
ROUNDS = 4
PIECE = 1024
FEWEST_BITS, SPARE_BITS = 5, 4
LEAST_LIKENESS = 0.08
SET = 0.85
"""A pair of letters is taken to be there where so large a share of its bits is set."""


def grams(values: pd.Series) -> csr_matrix:
    """Return which value has which pair of letters, ends included; a row without any if not known."""
    text = (" " + values.fillna("").astype(str) + " ").to_numpy(dtype=f"U{LONGEST}")
    codes = text.view(np.uint32).reshape(len(text), LONGEST).astype(np.int64)
    pair = (codes[:, :-1] * 128 + codes[:, 1:]) % CODES
    rows, places = np.nonzero((codes[:, 1:] > 0) & values.notna().to_numpy()[:, None])
    found = csr_matrix((np.ones(len(rows)), (rows, pair[rows, places])), shape=(len(text), CODES))
    found.data[:] = 1.0
    return found


def record_grams(frame: pd.DataFrame, fields: Sequence[str] = FIELDS) -> csr_matrix:
    """Return which record has which pair of letters in which field."""
    return hstack([grams(frame[name]) for name in fields], format="csr")


def long_term_keys(frame: pd.DataFrame, key: bytes) -> Bits:
    """Return a filter a record."""
    has = record_grams(frame)
    used = np.unique(has.indices)
    random = np.random.default_rng(list(hashlib.sha256(key).digest()))
    drawn = random.integers(0, LENGTH, (has.shape[1], HASHES))[used]
    sets = csr_matrix(
        (np.ones(drawn.size), (np.repeat(np.arange(len(used)), HASHES), drawn.ravel())),
        shape=(len(used), LENGTH),
    )
    found: Bits = (has[:, used] @ sets).toarray() > 0
    return found


def hardened(bits: Bits, seed: int = 0) -> Mapping[str, Bits]:
    """Return the filters plain and hardened in each way, by the name of the way."""
    random = np.random.default_rng(seed)
    half = bits.shape[1] // 2
    mirrored = np.hstack([bits, ~bits])[:, random.permutation(2 * bits.shape[1])]
    noisy = {f"noise {share}": bits ^ (random.random(bits.shape) < share) for share in NOISE}
    return {"plain": bits, "balanced": mirrored, "folded": bits[:, :half] ^ bits[:, half:], **noisy}


def gram_mining(bits: Bits, people: pd.DataFrame, fields: Sequence[str] = FIELDS) -> npt.NDArray[np.object_]:
    """Guess the full name behind each filter from bits that are set together.

    Pairs are told by frequency first, then, round by round, by what the people have for whom the
    records are taken.

    Args:
        bits: One row a record.
        people: The list, one row a person, with `full` and the fields the filter is made of.
        fields: Which those are.
    """
    there = _there(unmirrored(bits))
    known = record_grams(people, fields)
    often = np.asarray(known.mean(axis=0)).ravel()
    theirs = known[:, np.argsort(-often, kind="stable")[:MOST_GRAMS]].toarray().astype(np.float32)
    few = min(there.shape[1], MOST_GROUPS, theirs.shape[1])
    if few < FEWEST_BITS:
        return np.full(len(bits), "", dtype=object)
    mine = there[:, np.argsort(-there.mean(axis=0), kind="stable")[:few]]
    grams_of = matched(mine.T @ mine / len(mine), theirs[:, :few].T @ theirs[:, :few] / len(theirs))
    for _ in range(ROUNDS):
        person = _read(mine, theirs[:, grams_of])
        grams_of = linear_sum_assignment(_likeness(mine, theirs[person]), maximize=True)[1]
    guessed: npt.NDArray[np.object_] = people["full"].to_numpy(dtype=object)[_read(mine, theirs[:, grams_of])]
    return guessed


def _read(seen: Floats, known: Floats) -> Ints:
    """Return for each record the person whose pairs of letters explain it best."""
    chance = np.clip(seen.mean(axis=0) - known.mean(axis=0), 0.02, 0.9)
    has = np.log(np.where(known > 0, 0.9, chance)).astype(np.float32)
    lacks = np.log(np.where(known > 0, 0.1, 1 - chance)).astype(np.float32)
    weight, constant = (has - lacks).T, lacks.sum(axis=1)
    return np.concatenate(
        [(seen[i : i + PIECE] @ weight + constant).argmax(axis=1) for i in range(0, len(seen), PIECE)]
    )


def _likeness(seen: Floats, known: Floats) -> Floats:
    """Return how groups of bits and pairs of letters go together in the records, as these are read."""
    ones, others = (part - part.mean(axis=0) for part in (seen, known))
    spread = np.linalg.norm(ones, axis=0)[:, None] * np.linalg.norm(others, axis=0)[None, :]
    together: Floats = ones.T @ others / np.maximum(spread, 1e-9)
    return together


def unmirrored(bits: Bits) -> Bits:
    """Return the filters without each bit that is the contrary of an earlier one."""
    packed = np.packbits(bits, axis=0).T
    contrary = np.packbits(~bits, axis=0).T
    told = {row.tobytes(): place for place, row in enumerate(packed)}
    first = [told.get(row.tobytes(), place) >= place for place, row in enumerate(contrary)]
    return bits[:, first]


def _there(bits: Bits) -> Floats:
    """Return which record has which group of bits that go together."""
    seen = bits[:, bits.any(axis=0) & ~bits.all(axis=0)].astype(np.float32)
    apart = 1 - np.corrcoef(seen, rowvar=False)
    near = linkage(squareform((apart + apart.T) / 2, checks=False), "average")
    member = _groups(near, 1 - max(LEAST_LIKENESS, 4 / np.sqrt(len(seen)))).astype(np.float32)
    share = seen @ (member / member.sum(axis=0)) if member.shape[1] else np.zeros((len(bits), 0))
    return (share >= SET).astype(np.float32)


def _groups(near: Floats, farthest: float) -> Bits:
    """Return which bit is in which group: branches of a tree that are about as large as a pair's bits.

    Args:
        near: The tree, as scipy has it.
        farthest: Highest branch that is taken.
    """
    count = len(near) + 1
    member = np.zeros((2 * count - 1, count), dtype=bool)
    member[:count] = np.eye(count, dtype=bool)
    for place, (left, right) in enumerate(near[:, :2].astype(np.int64)):
        member[count + place] = member[left] | member[right]
    fits = np.zeros(2 * count - 1, dtype=bool)
    fits[count:] = (near[:, 2] <= farthest) & (near[:, 3] <= HASHES + SPARE_BITS)
    inner = np.zeros(2 * count - 1, dtype=bool)
    inner[near[fits[count:], :2].astype(np.int64).ravel()] = True
    return member[fits & ~inner & (member.sum(axis=1) >= FEWEST_BITS)].T


def best_f1(left: Bits, right: Bits, same: Bits) -> float:
    """Return the F1 of pairs at the threshold of Dice likeness that is best by the truth.

    Args:
        left: Filters of one file.
        right: Of the other.
        same: Which pairs are of one person.
    """
    ones, others = left.astype(np.float32), right.astype(np.float32)
    likeness = 2 * (ones @ others.T) / (ones.sum(axis=1)[:, None] + others.sum(axis=1)[None, :])
    floor = np.quantile(likeness[same], 0.001)
    kept = likeness >= floor
    order = np.argsort(-likeness[kept], kind="stable")
    hits = np.cumsum(same[kept][order])
    return float((2 * hits / (np.arange(1, len(hits) + 1) + same.sum())).max())
