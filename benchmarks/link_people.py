"""Millions of records of invented people, for timing linkage: names are made of syllables.

Belongs here: a small vectorised generator with households, moves, marriages, typing
errors and shared numbers. Does not: the synthetic state (warehouse.synthetic), which is
far more like life and far slower to make.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from privacy.vault import VAULT_DDL

_ONSETS = np.array([*"BCDFGHJKLMNPRSTVW", "BR", "CH", "DR", "GR", "KR", "MC", "SH", "ST", "TH", "TR"])
_CORES = np.array([*"AEIOU", "AI", "EA", "EE", "IE", "OA", "OU"])
_ENDS = np.array(["", "N", "R", "L", "S", "TH", "CK", "ND", "RT", "LL", "SON", "TON", "MAN", "FIELD"])
_LETTERS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
Strings = npt.NDArray[np.str_]

SOURCES = ("wages", "tax", "census", "health")
RECORDS_A_PERSON = 2.7
PIECE = 1_000_000
"""Records made at a time."""

_HIGHEST_NUMBER = 790_000_000
_STEP = 700


@dataclass(frozen=True)
class _Draws:
    """Random numbers of a piece's own, and those all pieces share, for the names there are."""

    own: np.random.Generator
    shared: np.random.Generator


@dataclass(frozen=True)
class _People:
    """One array an attribute; position is the person."""

    given: Strings
    middle: Strings
    surname: Strings
    new_surname: Strings
    born: Strings
    ssn: Strings
    sex: Strings
    household: npt.NDArray[np.int64]


def fill_vault(connection: duckdb.DuckDBPyConnection, records: int, seed: int) -> None:
    """Fill the attached `vault` with records, and make the table `truth` (key, person) in memory.

    Records are made a million at a time, each of households of their own, from the same names.

    Args:
        connection: With an empty database attached as `vault`.
        records: About how many.
        seed: The same seed gives the same records.
    """
    connection.execute(VAULT_DDL).fetchall()
    connection.execute("CREATE TABLE truth (key BIGINT, person BIGINT)").fetchall()
    pieces = -(-records // PIECE)
    for piece in range(pieces):
        fresh = np.random.default_rng(seed if piece == 0 else [seed, piece])
        rng = _Draws(fresh, np.random.default_rng([seed, 0, 0]) if pieces > 1 else fresh)
        made = min(PIECE, records - piece * PIECE)
        _insert(connection, _piece(rng, made, piece, pieces))
    connection.execute(
        "INSERT INTO vault.current_delivery SELECT DISTINCT source, delivery_id, period FROM vault.identity"
    ).fetchall()


def _piece(rng: _Draws, records: int, piece: int, pieces: int) -> pd.DataFrame:
    people = _people(rng, int(records / RECORDS_A_PERSON), piece, pieces)
    frames = [_records(rng.own, people, source) for source in SOURCES]
    data = pd.concat(frames, ignore_index=True).head(records)
    data["record_key"] = rng.own.permutation(len(data)).astype(np.int64) + piece * PIECE
    data["person"] += piece * PIECE
    return data


def _insert(connection: duckdb.DuckDBPyConnection, data: pd.DataFrame) -> None:
    connection.register("made", data)
    shown = ", ".join(name for name in data.columns if name != "person")
    connection.execute(
        f"INSERT INTO vault.identity BY NAME SELECT {shown}, source AS delivery_id, 'all' AS period FROM made"
    ).fetchall()
    connection.execute("INSERT INTO truth SELECT record_key, person FROM made").fetchall()
    connection.unregister("made")


def _names(rng: np.random.Generator, count: int, syllables: int) -> Strings:
    parts = [rng.choice(_ONSETS, count).astype("U16") + rng.choice(_CORES, count) for _ in range(syllables)]
    whole = parts[0]
    for part in parts[1:]:
        whole = np.char.add(whole, part)
    return np.unique(np.char.add(whole, rng.choice(_ENDS, count)))


def _popular(rng: _Draws, names: Strings, count: int, exponent: float) -> Strings:
    """Draw names with frequencies that fall off as a power of their rank."""
    order = rng.shared.permutation(names)
    weight = 1 / (np.arange(len(order)) + 8.0) ** exponent
    return order[rng.own.choice(len(order), size=count, p=weight / weight.sum())]


def _people(rng: _Draws, count: int, piece: int, pieces: int) -> _People:
    own, households = rng.own, count * 2 // 5
    household = own.integers(0, households, count)
    surnames = _names(rng.shared, 60_000, 2)
    of_household = _popular(rng, surnames, households, 0.95)
    alone = own.random(count) < 0.2
    surname = np.where(alone, _popular(rng, surnames, count, 0.95), of_household[household])
    days = own.integers(0, 365 * 85, count)
    born = np.datetime_as_string(np.datetime64("1938-01-01") + days, unit="D")
    step = min(_STEP, _HIGHEST_NUMBER // (count * pieces))
    return _People(
        given=_popular(rng, _names(rng.shared, 6_000, 2), count, 0.9),
        middle=_popular(rng, _names(rng.shared, 6_000, 2), count, 0.9),
        surname=surname,
        new_surname=_popular(rng, surnames, count, 0.95),
        born=np.char.replace(born, "-", ""),
        ssn=((own.permutation(np.arange(count)) * pieces + piece) * step + 101_010_001).astype("U9"),
        sex=own.choice(np.array(["F", "M"]), count),
        household=household + piece * households,
    )


def _records(rng: np.random.Generator, people: _People, source: str) -> pd.DataFrame:
    share = {"wages": 1.3, "tax": 0.6, "census": 0.45, "health": 0.45}[source]
    who = rng.choice(len(people.given), int(share * len(people.given)))
    married = (people.sex[who] == "F") & (rng.random(len(who)) < 0.06)
    moved = people.household[who] * 2 + (rng.random(len(who)) < 0.12)
    surname = np.where(married, people.new_surname[who], people.surname[who])
    frame = pd.DataFrame(
        {
            "source": source,
            "person": who,
            "given_name": _missing(rng, _mistyped(rng, people.given[who], 0.03), 0.015),
            "middle_name": _missing(rng, people.middle[who].astype("U1"), 0.2),
            "surname": _missing(rng, _mistyped(rng, surname, 0.04), 0.01),
        }
    )
    if source != "census":
        relative = rng.integers(0, len(people.ssn), len(who))
        numbers = np.where(rng.random(len(who)) < 0.005, people.ssn[relative], people.ssn[who])
        frame["ssn"] = _missing(rng, _wrong_digit(rng, numbers, 0.012), 0.05)
    if source in ("census", "health"):
        frame["birth_date"] = _missing(rng, _wrong_date(rng, people.born[who]), 0.01)
        frame["sex"] = _missing(rng, people.sex[who], 0.01)
    if source != "wages":
        frame["street_number"] = (moved % 9_000 + 100).astype(str)
        frame["street"] = _streets()[moved % 20_011]
        frame["zip"] = (98_000 + moved % 600).astype(str)
    else:
        frame["employer"] = (rng.zipf(1.4, len(who)) % 60_000).astype(str)
    return frame


def _streets() -> Strings:
    names = _names(np.random.default_rng(5), 60_000, 2)[:20_011]
    kinds = np.array(["STREET", "AVE", "ROAD", "LANE", "DRIVE"])
    return np.char.add(np.char.add(names, " "), np.resize(kinds, len(names)))


def _missing(rng: np.random.Generator, values: Strings, share: float) -> npt.NDArray[np.object_]:
    filled: npt.NDArray[np.object_] = values.astype(object)
    filled[rng.random(len(values)) < share] = None
    return filled


def _mistyped(rng: np.random.Generator, values: Strings, share: float) -> Strings:
    """Exchange one letter of some values for another."""
    chosen = np.flatnonzero(rng.random(len(values)) < share)
    letters = values[chosen].astype("U24").view("U1").reshape(len(chosen), 24).copy()
    place = (rng.random(len(chosen)) * np.char.str_len(values[chosen])).astype(int)
    letters[np.arange(len(chosen)), place] = rng.choice(_LETTERS, len(chosen))
    changed = values.astype("U24")
    changed[chosen] = letters.view("U24").ravel()
    return changed


def _wrong_digit(rng: np.random.Generator, values: Strings, share: float) -> Strings:
    chosen = np.flatnonzero(rng.random(len(values)) < share)
    digits = values[chosen].astype("U9").view("U1").reshape(len(chosen), 9).copy()
    digits[np.arange(len(chosen)), rng.integers(3, 9, len(chosen))] = rng.integers(0, 10, len(chosen)).astype(
        "U1"
    )
    changed = values.copy()
    changed[chosen] = digits.view("U9").ravel()
    return changed


def _wrong_date(rng: np.random.Generator, values: Strings) -> Strings:
    digits = values.astype("U8").view("U1").reshape(len(values), 8).copy()
    swapped = rng.random(len(values)) < 0.01
    digits[swapped] = digits[swapped][:, [0, 1, 2, 3, 6, 7, 4, 5]]
    wrong = np.flatnonzero(rng.random(len(values)) < 0.015)
    digits[wrong, rng.integers(3, 8, len(wrong))] = rng.integers(0, 10, len(wrong)).astype("U1")
    return digits.view("U8").ravel()
