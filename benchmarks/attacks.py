"""Attack our own agency encodings, and weaker ones beside them; print a JSON object.

Belongs here: what is attacked, by whom, and the score: the share of records whose full name is
recovered. Does not: the attacks without the key (attack_keyless.py).

Records are those of the synthetic state, of all its agencies, as if each had encoded at home and
the attacker had found every delivery. The attacker's list is the state's register of people:
names, birth dates, social security numbers, sex, free of errors. `copy` is an attacker who holds
the very records in clear and looks for which row is whose.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from benchmarks import attack_filters as filters
from benchmarks import attack_keyless as keyless
from benchmarks.linkage_data import data_directory, evergreen, febrl, opened
from linkage import standardise
from linkage.agency.encoder import AgencyEncoder
from linkage.vectors import letter_vectors
from privacy.agency_parameters import BLOCKS, FIELDS, MOST_IN_DELIVERY, VECTOR_WORDS
from privacy.encodings import Encoder

KEY = hashlib.sha256(b"agreed between the agencies of the benchmark").digest()
NAMES_TRIED = 2_000
LISTED = (
    "given", "initial", "given_phonetic", "surname", "surname_phonetic", "middle_initial", "sex",
    "birth_year", "day_month", "birth", "ssn_last", "ssn",
)  # fmt: skip
"""Fields the attacker's list has."""
Bits = npt.NDArray[np.bool_]
Score = tuple[float, float, float]
"""Shares of records: full name, given name, surname."""


@dataclass(frozen=True)
class Scene:
    """What there is to find and what the attacker knows.

    Args:
        records: Standardised records, by node; what an attack is scored against.
        people: The attacker's list, standardised the same way.
    """

    records: pd.DataFrame
    people: pd.DataFrame

    def scored(self, guesses: pd.Series) -> Score:
        """Return the shares of records whose full, given and last name were guessed right."""
        true = self.records[self.records["full"].notna()]
        guess = guesses.reindex(true.index).astype(object).fillna("")
        parts = guess.str.partition(" ")
        pairs = ((guess, "full"), (parts[0], "given"), (parts[2], "surname"))
        full, given, surname = (float((said == true[name].astype(object)).mean()) for said, name in pairs)
        return full, given, surname


def scene(connection: duckdb.DuckDBPyConnection, people_sql: str, sources: tuple[str, ...]) -> Scene:
    """Standardise the records and the list.

    Args:
        connection: With `permitted_identity`.
        people_sql: SELECT of the list, with roles as columns; the same relation for the same people.
        sources: Whose records are attacked.
    """
    records = _standardised(connection, sources)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW permitted_identity AS {people_sql}").fetchall()
    return Scene(records, _standardised(connection, ("list",)))


def _standardised(connection: duckdb.DuckDBPyConnection, sources: tuple[str, ...]) -> pd.DataFrame:
    standardise.latest_values(connection, sources)
    standardise.standardise(connection)
    frame = connection.execute("SELECT * FROM link_standard ORDER BY node").df().set_index("node", drop=False)
    standardise.drop(connection)
    connection.execute("DROP TABLE link_record").fetchall()
    frame.index.name = None
    frame["full"] = frame["given"].str.cat(frame["surname"], sep=" ")
    return frame


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
        parts.append(
            pd.DataFrame(
                {
                    "node": frame.index[there],
                    "block": number,
                    "value": value[there],
                    "full": frame["full"][there],
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["block", "value"], kind="stable")


def encoded(frame: pd.DataFrame, key: bytes = KEY) -> pd.DataFrame:
    """Return the rows an agency sends for these records; blocks too many share are left out."""
    table = pa.table({"node": frame.index.to_numpy(), **{f: pa.array(frame[f], pa.string()) for f in FIELDS}})
    rows = _exact(AgencyEncoder(key).encode(table))
    size = rows.groupby(["block", "token"])["node"].transform("size")
    return rows[size <= MOST_IN_DELIVERY].sort_values(["block", "token"], kind="stable")


def _exact(rows: pa.Table) -> pd.DataFrame:
    """Return encoded rows with all 64 bits of their words, which a float would not hold."""
    frame = rows.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame.astype({"node": np.int64, "token": np.int64})


def vector_bits(rows: pd.DataFrame, name: str) -> Bits:
    """Return a salted vector's bits, one row a row."""
    words = rows[[f"{name}_{i}" for i in range(VECTOR_WORDS)]].fillna(0).to_numpy(dtype=np.int64)
    return _unpacked(words)


def _unpacked(words: npt.NDArray[np.int64]) -> Bits:
    octets = np.ascontiguousarray(words).view(np.uint8)
    return np.unpackbits(octets, axis=1, bitorder="little").astype(bool)


def attack_ours(scene: Scene, *, tried: int = NAMES_TRIED) -> dict[str, Score]:
    """Attack what agencies send, without the key, with a copy of the records, and with the key."""
    rows, known = encoded(scene.records), block_values(scene.people)
    sent = rows.drop_duplicates("node")
    names = scene.people
    return {
        "rank alignment": scene.scored(keyless.rank_alignment(rows, known)),
        "alignment in context": scene.scored(_context(rows, known, scene.people)),
        "pattern mining": scene.scored(_both(sent, names, keyless.pattern_mining)),
        "graph of names": scene.scored(_both(sent, names, keyless.name_graph)),
        "graph of records": scene.scored(_graph(rows, known, scene.people)),
        "guessed key": scene.scored(with_key(rows, scene.people, bytes(32))),
        "copy: rank alignment": scene.scored(keyless.rank_alignment(rows, block_values(scene.records))),
        "copy: graph of records": scene.scored(_graph_of_copy(rows, scene.records)),
        "key and list": scene.scored(with_key(rows, scene.people, KEY)),
        "key and names alone": scene.scored(with_key_and_names(rows, scene.people, tried)),
    }


def _context(rows: pd.DataFrame, known: pd.DataFrame, people: pd.DataFrame) -> pd.Series:
    """Align tokens of blocks in the context of the other blocks."""
    seen = rows.pivot(index="node", columns="block", values="token")
    listed = known.pivot(index="node", columns="block", values="value").reindex(people.index)
    both = [block for block in seen if block in listed]
    return keyless.context_alignment(seen[both], listed[both], people["full"])


def _both(rows: pd.DataFrame, people: pd.DataFrame, attack: object) -> pd.Series:
    guessed = [
        attack(vector_bits(rows, name), people[name].dropna())  # type: ignore[operator]
        for name in ("given", "surname")
    ]
    return pd.Series([f"{a} {b}" for a, b in zip(*guessed, strict=True)], index=rows["node"].to_numpy())


def _graph(rows: pd.DataFrame, known: pd.DataFrame, people: pd.DataFrame) -> pd.Series:
    sendable = set(known["block"])
    seen = rows.loc[rows["block"].isin(sendable), ["node", "block", "token"]].assign(tie=0)
    return keyless.record_graph(seen, known.rename(columns={"value": "token"}).assign(tie=0), people["full"])


def _graph_of_copy(rows: pd.DataFrame, records: pd.DataFrame) -> pd.Series:
    """Match rows with the very records, by missing fields and by likeness within blocks."""
    fields = list(FIELDS)
    values = block_values(records).rename(columns={"value": "token"})
    size = values.groupby(["block", "token"])["node"].transform("size")
    values = values[size <= MOST_IN_DELIVERY]
    clear = values[["node", "block", "token"]].merge(records[["node", *fields]], on="node")
    seen, known = (part[["node", "block", "token"]].assign(tie=_tie(part, fields)) for part in (rows, clear))
    return keyless.record_graph(seen, known, records["full"])


def _tie(rows: pd.DataFrame, fields: list[str]) -> npt.NDArray[np.uint64]:
    missing = pd.util.hash_pandas_object(rows[fields].isna(), index=False).to_numpy()
    shared = rows.groupby(["block", "token"])[fields].transform("nunique")
    return missing ^ (pd.util.hash_pandas_object(shared, index=False).to_numpy() * np.uint64(3))


def with_key(rows: pd.DataFrame, people: pd.DataFrame, key: bytes) -> pd.Series:
    """Encode the list under a key and look each record's tokens up; most blocks decide."""
    mine = encoded(people, key)[["node", "block", "token"]].rename(columns={"node": "person"})
    met = rows[["node", "block", "token"]].merge(mine, on=["block", "token"])
    votes = met.groupby(["node", "person"]).size().reset_index(name="n")
    best = votes.sort_values(["n", "person"], ascending=[False, True]).drop_duplicates("node")
    return best.set_index("node")["person"].map(people["full"]).dropna()


def with_key_and_names(rows: pd.DataFrame, people: pd.DataFrame, tried: int) -> pd.Series:
    """Try the most frequent full names with every day of the year under the key; nothing else is known."""
    named = people.dropna(subset=["full", "given_phonetic", "surname_phonetic"])
    common = named["full"].value_counts().index[:tried]
    chosen = named.drop_duplicates("full").set_index("full").loc[common]
    days = [f"{a:02}{b:02}" for a in range(1, 32) for b in range(a, 32) if a <= 12]
    fields = ["given", "surname", "given_phonetic", "surname_phonetic"]
    every = chosen[fields].reset_index().merge(pd.DataFrame({"day_month": days}), how="cross")
    every = every.reindex(columns=["full", *FIELDS])
    made = encoded_all(every)
    met = rows.merge(made, on=["block", "token", "given", "surname"])
    found = met.drop_duplicates("node_x").set_index("node_x")["node_y"].map(every["full"])
    found.index.name = None
    return found


def encoded_all(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the tokens and name marks of records, however many share a block."""
    table = pa.table({"node": np.arange(len(frame)), **{f: pa.array(frame[f], pa.string()) for f in FIELDS}})
    return AgencyEncoder(KEY).encode(table).to_pandas()[["node", "block", "token", "given", "surname"]]


def attack_fields(scene: Scene) -> dict[str, Score]:
    """Attack single-field encodings, as those of a run would be if they were kept."""
    encoder = Encoder(KEY)
    tokens = pd.DataFrame(
        {
            name: encoder.token(FIELDS[name], pa.array(scene.records[name], pa.string())).to_pandas()
            for name in LISTED
        }
    ).set_index(scene.records.index)
    known = (("", scene.people), ("copy: ", scene.records))
    found = {
        f"{whose}rank alignment": keyless.field_alignment(tokens["given"], tokens["surname"], people)
        for whose, people in known
    }
    found["alignment in context"] = keyless.context_alignment(
        tokens, scene.people[list(LISTED)], scene.people["full"]
    )
    named = scene.records.dropna(subset=["given", "surname"])
    words = {
        name: letter_vectors(encoder, name, pa.chunked_array([pa.array(named[name], pa.string())]))[0]
        for name in ("given", "surname")
    }
    for what, attack in (("pattern mining", keyless.pattern_mining), ("graph of names", keyless.name_graph)):
        halves = [attack(_unpacked(words[name]), scene.people[name].dropna()) for name in words]
        found[what] = pd.Series([f"{a} {b}" for a, b in zip(*halves, strict=True)], index=named.index)
    return {what: scene.scored(guess) for what, guess in found.items()}


def attack_filters(scene: Scene) -> dict[str, Score]:
    """Mine record-level filters, plain and hardened, for names.

    Attacked are the records in which no field of the filter is missing: an attacker knows from
    the contracts which agencies send all fields.
    """
    whole = scene.records[scene.records[list(filters.FIELDS)].notna().all(axis=1)]
    attacked = Scene(whole, scene.people)
    known = (("", scene.people), ("copy: ", whole.sort_values("full")))
    return {
        f"{way}: {whose}pattern mining": attacked.scored(
            pd.Series(filters.gram_mining(bits, people), index=whole.index)
        )
        for way, bits in filters.hardened(filters.long_term_keys(whole, KEY)).items()
        for whose, people in known
    }


def filters_linked(place: Path) -> dict[str, float]:
    """Return how well FEBRL 4's two files are linked by filters, at the threshold best by the truth."""
    with opened(place) as connection:
        standardise.latest_values(connection, _sources(connection))
        standardise.standardise(connection)
        frame = connection.execute(
            """SELECT s.*, r.source, t.person FROM link_standard s JOIN link_record r USING (node)
                JOIN vault.truth t ON t.key = r.record_key ORDER BY r.source, s.node"""
        ).df()
        standardise.drop(connection)
    first = (frame["source"] == frame["source"].min()).to_numpy()
    person = frame["person"].to_numpy()
    same = person[first][:, None] == person[~first][None, :]
    every = filters.hardened(filters.long_term_keys(frame, KEY))
    return {name: filters.best_f1(bits[first], bits[~first], same) for name, bits in every.items()}


def _sources(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    found = connection.execute("SELECT DISTINCT source FROM vault.identity ORDER BY source").fetchall()
    return tuple(str(source) for (source,) in found)


LIST_SQL = """SELECT person_id AS record_key, 'list' AS source, 'list' AS delivery_id, 'all' AS period,
    given_name, middle_name, concat_ws(' ', coalesce(married_surname, surname), second_surname) AS surname,
    strftime(birth_date, '%Y%m%d') AS birth_date, ssn, sex FROM '{}'"""


def main() -> None:
    """Make the state, attack, print the shares of names recovered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--state", type=Path, help="A directory made by an earlier run, to save its making.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        place = arguments.state or Path(directory)
        if not (place / "vault.duckdb").exists():
            evergreen(place, arguments.people)
        figures = attack_state(place)
        if (data := data_directory()) is not None:
            place = Path(directory) / "febrl"
            place.mkdir()
            febrl(place, data)
            linked = filters_linked(place)
            figures |= {f"record filter, {name}: F1, FEBRL 4": round(f1, 4) for name, f1 in linked.items()}
    print(json.dumps(figures))


def attack_state(place: Path) -> dict[str, int | float | list[float]]:
    """Attack the records of a state that was made; return the figures."""
    with opened(place) as connection:
        roles = list(standardise.READ_ROLES)
        listed = LIST_SQL.format(place / "state" / "truth" / "people.parquet")
        have = {str(row[0]) for row in connection.execute(f"DESCRIBE {listed}").fetchall()}
        empty = ", ".join(f"NULL::VARCHAR AS {role}" for role in roles if role not in have)
        made = scene(connection, f"SELECT *, {empty} FROM ({listed})", _sources(connection))
    ours, fields, others = attack_ours(made), attack_fields(made), attack_filters(made)
    best = max(share[0] for name, share in ours.items() if not name.startswith(("key", "copy")))
    return {
        "records": len(made.records),
        "people on the list": len(made.people),
        "blind guess": _round(made.scored(keyless.blind(made.records.index, made.people))),
        "best without key, full name": round(best, 4),
        **{f"ours: {name}": _round(share) for name, share in ours.items()},
        **{f"single fields: {name}": _round(share) for name, share in fields.items()},
        **{f"record filter, {name}": _round(share) for name, share in others.items()},
    }


def _round(score: Score) -> list[float]:
    return [round(share, 4) for share in score]


if __name__ == "__main__":
    main()
