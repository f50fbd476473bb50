"""Attacks on what agencies send: without the key, with a copy of the records, and with the key.

Belongs here: encoding records and the list as agencies do, and every attack on it by name. Does not:
how an attack without the key works (attack_keyless.py, attack_groups.py), or weaker encodings
(attacks.py, attack_filters.py).
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from benchmarks import attack_keyless as keyless
from benchmarks.attack_groups import MOST_IN_GROUP, likeness_in_blocks
from benchmarks.attack_scene import KEY, OWN_KEY, Scene, Score, roll
from linkage.agency.encoder import AgencyEncoder
from privacy.agency_parameters import BLOCKS, FIELDS, MOST_IN_DELIVERY, VECTOR_WORDS

NAMES_TRIED = 2_000
PIECE = 100_000
_GRAPH = ["node", "block", "token"]
Bits = npt.NDArray[np.bool_]
Guesses = pd.Series


def block_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each record and block with the values in clear, as only someone with a list can."""
    parts = []
    for number, block in enumerate(BLOCKS):
        fields = [frame[name] for name in block.fields]
        if block.unordered:
            swap = fields[0] > fields[1]
            fields[:2] = [fields[0].where(~swap, fields[1]), fields[1].where(~swap, fields[0])]
        value = fields[0].str.cat(fields[1:], sep="|") if len(fields) > 1 else fields[0]
        there = value.notna()
        columns = {"node": frame.index[there], "block": number, "value": value[there]}
        parts.append(pd.DataFrame({**columns, "full": frame["full"][there]}))
    return pd.concat(parts, ignore_index=True).sort_values(["block", "value"], kind="stable")


def encoded(frame: pd.DataFrame, key: bytes = KEY) -> pd.DataFrame:
    """Return the rows of these records, in all their blocks."""
    return exact(_rows(frame, key)).sort_values(["block", "token"], kind="stable")


def delivered(scene: Scene, key: bytes = KEY) -> pd.DataFrame:
    """Return the rows the agencies send; a block that too many of a delivery share is left out of it."""
    rows = encoded(scene.records, key)
    each = rows[_GRAPH].merge(scene.sent, on="node")
    few = each.groupby(["source", "block", "token"])["node"].transform("size") <= MOST_IN_DELIVERY
    sent = each.loc[few, _GRAPH].drop_duplicates()
    return rows.merge(sent, on=_GRAPH)


def in_company(frame: pd.DataFrame, key: bytes, most: int) -> pd.DataFrame:
    """Return only the rows that share their block with others, but not with more than so many."""
    rows = _rows(frame, key)
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("agency_row", rows)
        found = connection.execute(
            f"""FROM agency_row SEMI JOIN (SELECT block, token FROM agency_row GROUP BY ALL
                HAVING count(*) BETWEEN 2 AND {most}) USING (block, token)"""
        ).to_arrow_table()
    return exact(found)


def _rows(frame: pd.DataFrame, key: bytes) -> pa.Table:
    encoder = AgencyEncoder(key)
    pieces = [frame.iloc[start : start + PIECE] for start in range(0, len(frame), PIECE)]
    return pa.concat_tables([encoder.encode(_table(piece)) for piece in pieces])


def _table(frame: pd.DataFrame) -> pa.Table:
    return pa.table({"node": frame.index.to_numpy(), **{f: pa.array(frame[f], pa.string()) for f in FIELDS}})


def exact(rows: pa.Table) -> pd.DataFrame:
    """Return encoded rows with all 64 bits of their words, which a float would not hold."""
    frame = rows.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame.astype({"node": np.int64, "token": np.int64})


def vector_bits(rows: pd.DataFrame, name: str) -> Bits:
    """Return a salted vector's bits, one row a row."""
    words = rows[[f"{name}_{i}" for i in range(VECTOR_WORDS)]].fillna(0).to_numpy(dtype=np.int64)
    return unpacked(words)


def unpacked(words: npt.NDArray[np.int64]) -> Bits:
    """Return the bits of words of 64."""
    octets = np.ascontiguousarray(words).view(np.uint8)
    return np.unpackbits(octets, axis=1, bitorder="little").astype(bool)


def attack_keyless(scene: Scene) -> dict[str, Score]:
    """Attack with the list, with the roll, and with some records known; never with the key."""
    rows, known = delivered(scene), block_values(scene.people)
    sent, names, narrow = rows.drop_duplicates("node"), scene.people, roll(scene)
    found = {
        "rank alignment": keyless.rank_alignment(rows, known),
        "alignment in context": _context(rows, known, names),
        "pattern mining": both_names(sent, names, keyless.pattern_mining),
        "graph of names": both_names(sent, names, keyless.name_graph),
        "graph of records": _graph(rows, known, names),
        "likeness in blocks": _likeness(rows, names, numbers=True),
        "likeness in blocks, list without numbers": _likeness(rows, names, numbers=False),
        "guessed key": with_key(rows, names, OWN_KEY),
        "roll: graph of records": _graph(rows, block_values(narrow), narrow),
        "roll: likeness in blocks": _likeness(rows, narrow, numbers=True),
        "known records": beside_known(scene, rows, known),
    }
    return {what: scene.scored(guess) for what, guess in found.items()}


def attack_with_copy(scene: Scene) -> dict[str, Score]:
    """Attack with the very records in clear, and as if less could be seen or there were fewer blocks."""
    rows = delivered(scene)
    few = [number for number, block in enumerate(BLOCKS) if not {"zip", "street"} & set(block.fields)]
    found = {
        "rank alignment": keyless.rank_alignment(rows, block_values(scene.records)),
        "graph of records": _graph_of_copy(rows, scene),
        "graph of records, what is missing hidden": _graph_of_copy(rows, scene, missing=False),
        "graph of records, what is shared in a block hidden": _graph_of_copy(rows, scene, shared=False),
        "graph of records, both hidden": _graph_of_copy(rows, scene, missing=False, shared=False),
        "graph of records, no blocks of addresses": _graph_of_copy(rows, scene, blocks=few),
    }
    return {what: scene.scored(guess) for what, guess in found.items()}


def attack_with_key(scene: Scene, *, tried: int = NAMES_TRIED) -> dict[str, Score]:
    """Attack as the hub or an agency could, with the list, and with no more than frequent names."""
    rows = delivered(scene)
    found = {
        "list": with_key(rows, scene.people, KEY),
        "names alone": with_key_and_names(rows, scene.people, tried),
    }
    return {what: scene.scored(guess) for what, guess in found.items()}


def attack_large(scene: Scene) -> dict[str, Score]:
    """Attack rows in company in a state so large that many share blocks by chance."""
    rows = in_company(scene.records, KEY, MOST_IN_DELIVERY)
    known = in_company(scene.people, OWN_KEY, MOST_IN_GROUP)
    return {
        "likeness in blocks" + ("" if numbers else ", list without numbers"): scene.scored(
            likeness_in_blocks(rows, known, scene.people["full"], numbers)
        )
        for numbers in (True, False)
    }


def _context(rows: pd.DataFrame, known: pd.DataFrame, people: pd.DataFrame) -> Guesses:
    """Align tokens of blocks in the context of the other blocks."""
    seen = rows.pivot(index="node", columns="block", values="token")
    listed = known.pivot(index="node", columns="block", values="value").reindex(people.index)
    both = [block for block in seen if block in listed]
    return keyless.context_alignment(seen[both], listed[both], people["full"])


def both_names(rows: pd.DataFrame, people: pd.DataFrame, attack: Callable[..., object]) -> Guesses:
    """Return what an attack on vectors makes of given names and surnames, one after the other."""
    guessed = [
        np.asarray(attack(vector_bits(rows, name), people[name].dropna())) for name in ("given", "surname")
    ]
    return pd.Series([f"{a} {b}" for a, b in zip(*guessed, strict=True)], index=rows["node"].to_numpy())


def _graph(rows: pd.DataFrame, known: pd.DataFrame, people: pd.DataFrame) -> Guesses:
    sendable = set(known["block"])
    seen = rows.loc[rows["block"].isin(sendable), _GRAPH].assign(tie=0)
    return keyless.record_graph(seen, known.rename(columns={"value": "token"}).assign(tie=0), people["full"])


def _likeness(rows: pd.DataFrame, people: pd.DataFrame, *, numbers: bool) -> Guesses:
    return likeness_in_blocks(rows, encoded(people, OWN_KEY), people["full"], numbers)


def beside_known(scene: Scene, rows: pd.DataFrame, known: pd.DataFrame) -> Guesses:
    """Guess records that share a block with one whose name is known, from who on the list shares it too."""
    records, people = scene.known()
    person = pd.Series(people, index=records)
    theirs = rows.loc[rows["node"].isin(records), _GRAPH].assign(person=lambda x: x["node"].map(person))
    read = theirs.merge(known, left_on=["person", "block"], right_on=["node", "block"])[
        ["block", "token", "value", "person"]
    ]
    near = rows.loc[~rows["node"].isin(records), _GRAPH].merge(read, on=["block", "token"])
    could = near.merge(known, on=["block", "value"], suffixes=("", "_known"))
    other = could[could["node_known"] != could["person"]]
    return other.drop_duplicates("node").set_index("node")["full"].dropna()


def _graph_of_copy(
    rows: pd.DataFrame,
    scene: Scene,
    *,
    missing: bool = True,
    shared: bool = True,
    blocks: list[int] | None = None,
) -> Guesses:
    """Match rows with the very records, by missing fields and by likeness within blocks."""
    fields = list(FIELDS)
    values = block_values(scene.records).rename(columns={"value": "token"})
    each = values[_GRAPH].merge(scene.sent, on="node")
    few = each.groupby(["source", "block", "token"])["node"].transform("size") <= MOST_IN_DELIVERY
    clear = each.loc[few, _GRAPH].drop_duplicates().merge(scene.records[["node", *fields]], on="node")
    seen, known = (part[_GRAPH].assign(tie=_tie(part, fields, missing, shared)) for part in (rows, clear))
    if blocks is not None:
        seen, known = (part[part["block"].isin(blocks)] for part in (seen, known))
    return keyless.record_graph(seen, known, scene.records["full"])


def _tie(rows: pd.DataFrame, fields: list[str], missing: bool, shared: bool) -> npt.NDArray[np.uint64]:
    """Return a number for what is visible of each row: which fields are missing, how many values it meets."""
    tie = np.zeros(len(rows), dtype=np.uint64)
    if missing:
        tie ^= pd.util.hash_pandas_object(rows[fields].isna(), index=False).to_numpy()
    if shared:
        met = rows.groupby(["block", "token"])[fields].transform("nunique")
        tie ^= pd.util.hash_pandas_object(met, index=False).to_numpy() * np.uint64(3)
    return tie


def with_key(rows: pd.DataFrame, people: pd.DataFrame, key: bytes) -> Guesses:
    """Encode the list under a key and look each record's tokens up; most blocks decide."""
    mine = encoded(people, key)[_GRAPH].rename(columns={"node": "person"})
    met = rows[_GRAPH].merge(mine, on=["block", "token"])
    votes = met.groupby(["node", "person"]).size().reset_index(name="n")
    best = votes.sort_values(["n", "person"], ascending=[False, True]).drop_duplicates("node")
    return best.set_index("node")["person"].map(people["full"]).dropna()


def with_key_and_names(rows: pd.DataFrame, people: pd.DataFrame, tried: int) -> Guesses:
    """Try the most frequent full names with every day of the year under the key; nothing else is known."""
    named = people.dropna(subset=["full", "given_phonetic", "surname_phonetic"])
    common = named["full"].value_counts().index[:tried]
    chosen = named.drop_duplicates("full").set_index("full").loc[common]
    days = [f"{a:02}{b:02}" for a in range(1, 32) for b in range(a, 32) if a <= 12]
    fields = ["given", "surname", "given_phonetic", "surname_phonetic"]
    every = chosen[fields].reset_index().merge(pd.DataFrame({"day_month": days}), how="cross")
    every = every.reindex(columns=["full", *FIELDS])
    seen = ["block", "token", "given", "surname"]
    made = AgencyEncoder(KEY).encode(_table(every)).to_pandas()[["node", *seen]]
    found = rows.merge(made, on=seen).drop_duplicates("node_x").set_index("node_x")["node_y"]
    found.index.name = None
    return found.map(every["full"])
