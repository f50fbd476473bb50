"""Attacks on encodings without the key: what whoever finds them can learn about names.

Belongs here: rank alignment, pattern mining, graph matching, guessed keys; each takes what was
found and a list of people, and returns a guess of a full name for each record. Does not: making
the encodings that are attacked, scoring, or attacks with the key (attacks.py).

Every attacker knows the method, the parameters, and a full list of the state's people; none has
the key. Sources: frequency alignment, Culnane, Rubinstein and Teague 2017; pattern mining,
Christen, Vidanage, Ranbaduge and Schnell 2018; graph matching, Vidanage, Christen, Ranbaduge and
Schnell 2020.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment, quadratic_assignment
from scipy.sparse import coo_matrix, csr_matrix, diags, hstack
from scipy.spatial.distance import cdist

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Guesses = pd.Series
"""A guessed full name a record, by the record's number; a record not guessed is not there."""

BITS = 60
"""Most frequent pairs of letters that pattern mining looks for."""
ROUNDS = 6
MOST_TOKENS = 150
"""Most frequent tokens of a field that are aligned in their context."""


def blind(records: pd.Index, people: pd.DataFrame) -> Guesses:
    """Guess the most frequent full name for everybody: what is learned from the list alone."""
    return pd.Series(people["full"].mode().iloc[0], index=records)


def ranked(tokens: pd.Series, values: pd.Series) -> Mapping[int, str]:
    """Align tokens with values by how often each occurs: the first with the first, and so on.

    Ties are broken by the token and by the value, never by the order of rows, which would tell.
    """
    seen, known = (_by_frequency(column) for column in (tokens, values))
    few = min(len(seen), len(known))
    return dict(zip(seen.index[:few], known.index[:few], strict=True))


def _by_frequency(column: pd.Series) -> pd.Series:
    return column.groupby(column).size().sort_values(ascending=False, kind="stable")


def rank_alignment(tokens: pd.DataFrame, people: pd.DataFrame) -> Guesses:
    """Align tokens of combinations of values with the combinations on the list, block by block.

    Args:
        tokens: One row a record and block: `node`, `block`, `token`.
        people: One row a person and block: `block`, `value`, `full`.

    A record's name is the most frequent one among the people of the value it is aligned with;
    of its blocks the one with the most frequent token is believed.
    """
    parts = []
    for block, part in tokens.groupby("block"):
        known = people[people["block"] == block]
        if known.empty:
            continue
        name_of = _usual(known)
        value = part["token"].map(ranked(part["token"], known["value"]))
        size = part.groupby("token")["node"].transform("size")
        parts.append(pd.DataFrame({"node": part["node"], "full": value.map(name_of), "size": size}))
    every = pd.concat(parts).dropna().sort_values(["size", "node"], ascending=[False, True], kind="stable")
    return every.drop_duplicates("node").set_index("node")["full"]


def _usual(known: pd.DataFrame) -> pd.Series:
    """Return the most frequent full name of each value."""
    counted = known.dropna(subset=["full"]).groupby(["value", "full"]).size().reset_index(name="n")
    ordered = counted.sort_values(["n", "full"], ascending=[False, True])
    return ordered.drop_duplicates("value").set_index("value")["full"]


def field_alignment(given: pd.Series, surname: pd.Series, people: pd.DataFrame) -> Guesses:
    """Align single-field tokens of given name and surname, each by rank."""
    first = given.map(ranked(given, people["given"]))
    last = surname.map(ranked(surname, people["surname"]))
    both = first.fillna("").str.cat(last.fillna(""), sep=" ")
    return both[both != " "]


def context_alignment(tokens: pd.DataFrame, values: pd.DataFrame, full: pd.Series) -> Guesses:
    """Align tokens of several fields with values by rank, then by the company they keep.

    Each field's tokens are described by how often they stand beside those of the other
    fields, as these are read at the moment; the best assignment of descriptions is the next
    reading. A record is taken for the person on the list with whom it shares most, and most
    rarely.

    Args:
        tokens: A row a record, a column a field; missing where not known.
        values: The same of the list, with the same columns.
        full: Full name of each person on the list.
    """
    mine = {name: _most_frequent(tokens[name]) for name in tokens}
    theirs = {name: _most_frequent(values[name]) for name in tokens}
    for name in tokens:
        few = min(mine[name].shape[1], theirs[name].shape[1])
        mine[name], theirs[name] = mine[name][:, :few], theirs[name][:, :few]
    for _ in range(ROUNDS):
        for name in tokens:
            seen, known = (_company(part, name) for part in (mine, theirs))
            place = linear_sum_assignment(cdist(seen, known, "sqeuclidean"))[1]
            mine[name] = mine[name][:, np.argsort(place, kind="stable")]
    found, listed = (hstack([part[name] for name in tokens], format="csr") for part in (mine, theirs))
    rare = -np.log(np.asarray(listed.mean(axis=0)).ravel() + 1 / listed.shape[0])
    weighed = (listed @ diags(rare)).T.tocsc()
    best = [(part @ weighed).toarray() for part in _pieces(found)]
    person = np.concatenate([part.argmax(axis=1) for part in best])
    sure = np.concatenate([part.max(axis=1) for part in best]) > 0
    return pd.Series(full.to_numpy()[person], index=tokens.index)[sure].dropna()


def _most_frequent(column: pd.Series) -> csr_matrix:
    """Return which row has which of the most frequent values, the most frequent first."""
    often = _by_frequency(column).index[:MOST_TOKENS]
    place = pd.Series(np.arange(len(often)), index=often)
    code = column.map(place)
    rows = np.flatnonzero(code.notna())
    columns = code.dropna().to_numpy(dtype=np.int64)
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(column), len(often)))


def _company(fields: Mapping[str, csr_matrix], name: str) -> Floats:
    """Return, for each value of a field, the root of its share and of those it has with others."""
    own = fields[name]
    others = [np.asarray((own.T @ part).todense()) for other, part in fields.items() if other != name]
    parts = [np.asarray(own.sum(axis=0)).T, *others]
    company: Floats = np.sqrt(np.hstack(parts) / own.shape[0])
    return company


def _pieces(rows: csr_matrix, size: int = 2048) -> list[csr_matrix]:
    return [rows[start : start + size] for start in range(0, rows.shape[0], size)]


def pattern_mining(bits: npt.NDArray[np.bool_], names: pd.Series) -> npt.NDArray[np.object_]:
    """Guess the name behind each bit vector from which bits are set together how often.

    Bits and pairs of letters are matched by their frequency and by how often they occur together;
    each vector is read as the name on the list that explains its bits best.

    Args:
        bits: One row a record.
        names: The names of the people on the list.
    """
    distinct, count = np.unique(names.to_numpy(dtype=str), return_counts=True)
    has = _grams_of(distinct)
    weight = count / count.sum()
    frequent = np.argsort(-(weight @ has), kind="stable")[:BITS]
    has = has[:, frequent]
    together = (has * weight[:, None]).T @ has
    seen = bits.astype(np.float64)
    chosen = np.argsort(-seen.mean(axis=0), kind="stable")[: len(frequent)]
    found = seen[:, chosen].T @ seen[:, chosen] / len(seen)
    place = matched(found, together)
    chance = np.clip(_chance(found, together, place), 0.02, 0.98)
    mapped = seen[:, chosen[np.argsort(place, kind="stable")]]
    set_too = np.log(np.where(has > 0, 0.98, chance[None, :]))
    unset = np.log(np.where(has > 0, 0.02, 1 - chance[None, :]))
    best = np.empty(len(seen), dtype=np.int64)
    for start in range(0, len(seen), 4096):
        part = mapped[start : start + 4096]
        score = part @ set_too.T + (1 - part) @ unset.T + np.log(weight)[None, :]
        best[start : start + 4096] = score.argmax(axis=1)
    return distinct[best].astype(object)


def _chance(found: Floats, together: Floats, place: Ints) -> Floats:
    """Return how often a bit is set though the name lacks its letters (other letters share it)."""
    order = np.argsort(place, kind="stable")
    extra = found.diagonal()[order] - together.diagonal()
    chance: Floats = np.maximum(extra, 0.0)
    return chance


def matched(found: Floats, together: Floats) -> Ints:
    """Return which node of the second graph each of the first is, by frequencies alone and together."""
    alone = np.abs(np.sqrt(found.diagonal())[:, None] - np.sqrt(together.diagonal())[None, :])
    start = np.zeros_like(found)
    start[linear_sum_assignment(alone)] = 1.0
    best = quadratic_assignment(
        np.sqrt(found), np.sqrt(together), method="faq", options={"maximize": True, "P0": start}
    )
    place: Ints = best.col_ind
    return place


def _grams_of(names: npt.NDArray[np.str_]) -> Floats:
    """Return which name has which pair of letters, ends included."""
    pairs = [{f" {name} "[i : i + 2] for i in range(len(name) + 1)} for name in names]
    grams = sorted(set().union(*pairs))
    number = {gram: i for i, gram in enumerate(grams)}
    has = np.zeros((len(names), len(grams)))
    for row, own in enumerate(pairs):
        has[row, [number[gram] for gram in own]] = 1.0
    return has


def name_graph(bits: npt.NDArray[np.bool_], names: pd.Series, most: int = 1500) -> npt.NDArray[np.object_]:
    """Guess names by matching the graph of similar vectors with the graph of similar names.

    Nodes are the most frequent distinct vectors and names; each is described by how frequent it
    is and by how alike its most similar neighbours are and how frequent those; the best
    assignment of descriptions is the guess.
    """
    vectors, index, count = np.unique(bits, axis=0, return_inverse=True, return_counts=True)
    known, often = np.unique(names.to_numpy(dtype=str), return_counts=True)
    top, first = np.argsort(-count, kind="stable")[:most], np.argsort(-often, kind="stable")[:most]
    has = _grams_of(known[first])
    mine = _described(_dice(vectors[top].astype(np.float64)), count[top] / count.sum())
    theirs = _described(_dice(has), often[first] / often.sum())
    scale = theirs.std(axis=0) + 1e-9
    cost = ((mine[:, None, :] / scale - theirs[None, :, :] / scale) ** 2).sum(axis=2)
    rows, columns = linear_sum_assignment(cost)
    guess = np.full(len(vectors), "", dtype=object)
    guess[top[rows]] = known[first][columns]
    return guess[index.ravel()]


def _dice(bits: Floats) -> Floats:
    sizes = bits.sum(axis=1)
    likeness: Floats = 2 * (bits @ bits.T) / np.maximum(sizes[:, None] + sizes[None, :], 1)
    np.fill_diagonal(likeness, 0.0)
    return likeness


def _described(likeness: Floats, share: Floats, nearest: int = 8) -> Floats:
    """Return features of each node: frequency, and its nearest neighbours' likeness and frequency."""
    order = np.argsort(-likeness, axis=1)[:, :nearest]
    near = np.take_along_axis(likeness, order, axis=1)
    common = np.log(share)[order]
    degree = (likeness > 0.4).sum(axis=1)[:, None]
    return np.hstack([3 * np.log(share)[:, None], near, common, np.log1p(degree)])


def record_graph(seen: pd.DataFrame, known: pd.DataFrame, full: pd.Series, rounds: int = 2) -> Guesses:
    """Match the graph of records that share tokens with that of people who share values.

    Each record is described by how many others share each of its tokens, then, round by round,
    by the descriptions of those; a description that only one record and one person on the list
    have is taken for a match.

    Args:
        seen: `node`, `block`, `token`, and `tie`: anything else that is visible of a row.
        known: The same of the list: `node`, `block`, `token` (the value itself), `tie`.
        full: Full name of each node of the list.
    """
    mine, theirs = _coloured(seen, rounds), _coloured(known, rounds)
    alone = [colour[~colour.duplicated(keep=False)] for colour in (mine, theirs)]
    person = pd.Series(alone[1].index, index=alone[1].to_numpy())
    return alone[0].map(person).dropna().map(full).dropna()


def _coloured(rows: pd.DataFrame, rounds: int) -> pd.Series:
    """Return a number for each node that says how it stands among the others (Weisfeiler and Lehman)."""
    size = rows.groupby(["block", "token"])["node"].transform("nunique")
    rows = rows.assign(size=size)
    said = pd.util.hash_pandas_object(rows[["block", "size", "tie"]], index=False)
    colour = _summed(rows["node"], said)
    shared = rows[size > 1]
    for _ in range(rounds):
        own = shared["node"].map(colour)
        group = own.groupby([shared["block"], shared["token"]]).transform("sum")
        others = pd.DataFrame({"block": shared["block"], "others": group - own, "own": own})
        seen = _summed(shared["node"], pd.util.hash_pandas_object(others, index=False))
        colour = colour + seen.reindex(colour.index, fill_value=np.uint64(0)) * np.uint64(31)
    return colour


def _summed(node: pd.Series, said: pd.Series) -> pd.Series:
    return pd.Series(said.to_numpy(), index=node.to_numpy()).groupby(level=0).sum()


def degrees(seen: pd.DataFrame) -> Ints:
    """Return how many other records each record shares a token with."""
    codes = seen.groupby(["block", "token"]).ngroup().to_numpy()
    nodes, index = np.unique(seen["node"].to_numpy(), return_inverse=True)
    there = coo_matrix((np.ones(len(codes)), (index, codes)), shape=(len(nodes), codes.max() + 1)).tocsr()
    met = there @ there.T
    return np.diff(met.indptr).astype(np.int64) - 1
