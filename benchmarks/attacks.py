"""Attack our own agency encodings, and weaker ones beside them; print a JSON object.

Belongs here: weaker encodings under attack, and the table of all figures. Does not: attacks on
ours (attack_ours.py), what attackers know (attack_scene.py), or how attacks work.

Records are those of the synthetic state, of all its agencies, as if each had encoded at home and
the attacker had found every delivery. `roll`: the attacker knows who is in the files; `known`: whose
50 of the records are, as an insider would; `copy`: holds the very records in clear and looks for
which row is whose. The attacks on likeness in blocks are made in a large state as well, where far
more people share a block by chance. Each figure is the share of records whose full name is recovered,
its bounds (95 in 100, Wilson), and the shares of given and last names.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow as pa

from benchmarks import attack_alignment as alignment
from benchmarks import attack_filters as filters
from benchmarks import attack_keyless as keyless
from benchmarks import attack_ours as ours
from benchmarks.attack_scene import KEY, LISTED, OWN_KEY, Scene, Score, large_state, list_sql, roll, scene
from benchmarks.encoded import f1_with, sources_of
from benchmarks.linkage_data import SEED, data_directory, evergreen, febrl, opened
from linkage import standardise
from linkage.vectors import letter_vectors
from privacy.encodings import Encoder

FEW_STARTS = 2
"""Starts of an alignment with the whole list, where none has been seen to be lucky."""


def attack_fields(scene: Scene) -> dict[str, Score]:
    """Attack single-field encodings, as those of a run would be if they were kept."""
    encoder = Encoder(KEY)
    tokens = pd.DataFrame(
        {
            name: encoder.token(ours.FIELDS[name], pa.array(scene.records[name], pa.string())).to_pandas()
            for name in LISTED
        }
    ).set_index(scene.records.index)
    known = (("", scene.people), ("roll: ", roll(scene)), ("copy: ", scene.records))
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
        halves = [attack(ours.unpacked(words[name]), scene.people[name].dropna()) for name in words]
        found[what] = pd.Series([f"{a} {b}" for a, b in zip(*halves, strict=True)], index=named.index)
    return {what: scene.scored(guess) for what, guess in found.items()}


def whole_records(scene: Scene) -> Scene:
    """Return the records in which no field of a filter is missing.

    An attacker knows from the contracts which agencies send all fields.
    """
    whole = scene.records[scene.records[list(filters.FIELDS)].notna().all(axis=1)]
    return Scene(whole, scene.people, scene.sent)


def attack_filters(scene: Scene) -> dict[str, Score]:
    """Attack record-level filters, plain and hardened; of whole records, in which more can be read."""
    attacked = whole_records(scene)
    whole, copy = attacked.records, attacked.records.sort_values("full")
    known = (("", scene.people), ("roll: ", roll(attacked)), ("copy: ", copy))
    made = {whose: filters.hardened(filters.long_term_keys(list_, OWN_KEY), 1) for whose, list_ in known}
    found: dict[str, Score] = {}
    for way, bits in filters.hardened(filters.long_term_keys(whole, KEY)).items():
        seen = filters.unmirrored(bits)
        for whose, people in known:
            listed = filters.unmirrored(made[whose][way])
            guesses = {"pattern mining": filters.gram_mining(bits, people)}
            if whose != "copy: ":
                place = alignment.overlaid(seen, listed, None if whose else FEW_STARTS)
                guesses["alignment by likeness"] = people["full"].to_numpy(dtype=object)[place]
            found |= {
                f"{way}: {whose}{what}": attacked.scored(pd.Series(guess, index=whole.index))
                for what, guess in guesses.items()
            }
        found[f"{way}: known records"] = _with_known(attacked, seen, filters.unmirrored(made[""][way]))
    return found


def _with_known(attacked: Scene, seen: filters.Bits, listed: filters.Bits) -> Score:
    """Score what is read when some records are known; those do not count."""
    nodes, people = attacked.known()
    records = attacked.records.index.get_indexer(nodes)
    place = alignment.from_known(seen, listed, records, attacked.people.index.get_indexer(people))
    guess = pd.Series(attacked.people["full"].to_numpy(dtype=object)[place], index=attacked.records.index)
    return Scene(attacked.records.drop(nodes), attacked.people, attacked.sent).scored(guess)


def linked(place: Path) -> dict[str, float]:
    """Return how well FEBRL 4's two files are linked when both are encoded, ours and by filters.

    Filters take the threshold that is best by the truth, which helps them; ours are linked as always.
    """
    with opened(place) as connection:
        sources = sources_of(connection)
        standardise.latest_values(connection, sources)
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
    found = {name: filters.best_f1(bits[first], bits[~first], same) for name, bits in every.items()}
    return {
        "ours": f1_with(place, sources)[2],
        **{f"record filter, {name}": f1 for name, f1 in found.items()},
    }


def attack_state(place: Path) -> dict[str, object]:
    """Attack the records of a state that was made; return the figures."""
    with opened(place) as connection:
        people = place / "state" / "truth" / "people.parquet"
        made = scene(connection, list_sql(connection, f"'{people}'"), tuple(sources_of(connection)))
    found = {"ours: ": ours.attack_keyless(made)}
    best = max(score.full for score in found["ours: "].values())
    found |= {
        "ours, copy: ": ours.attack_with_copy(made),
        "ours, with the key: ": ours.attack_with_key(made),
        "single fields, ": attack_fields(made),
        "record filter, ": attack_filters(made),
    }
    return {
        "records": len(made.records),
        "whole records": len(whole_records(made).records),
        "people on the list": len(made.people),
        "people on the roll": len(roll(made)),
        "blind guess": told(made.scored(keyless.blind(made.records.index, made.people))),
        "best without key, full name": round(best, 4),
        **{what + name: told(score) for what, part in found.items() for name, score in part.items()},
    }


def told(score: Score) -> list[float]:
    """Return full name, its bounds, given and last name, rounded."""
    return [round(share, 5) for share in (score.full, *score.interval(), score.given, score.surname)]


def main() -> None:
    """Make the state, attack, print the shares of names recovered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--large", type=int, default=200_000, help="People of the large state; 0: none.")
    parser.add_argument("--state", type=Path, help="A directory made by an earlier run, to save its making.")
    arguments = parser.parse_args()
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as directory:
        place = arguments.state or Path(directory)
        if not (place / "vault.duckdb").exists():
            evergreen(place, arguments.people)
        figures |= attack_state(place)
        if arguments.large:
            found = ours.attack_large(large_state(arguments.large, SEED))
            figures |= {f"ours, {arguments.large} people: {name}": told(s) for name, s in found.items()}
        if (data := data_directory()) is not None:
            place = Path(directory) / "febrl"
            place.mkdir()
            febrl(place, data)
            figures |= {f"{name}: F1, FEBRL 4": round(f1, 4) for name, f1 in linked(place).items()}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
