"""Names behind agency encodings are not found without the key, and are with it."""

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest

from benchmarks import attack_keyless as keyless
from benchmarks.attack_filters import Ints, gram_mining, long_term_keys
from benchmarks.attacks import (
    KEY,
    Scene,
    attack_ours,
    block_values,
    encoded,
    scene,
    vector_bits,
    with_key,
)
from benchmarks.link_people import SOURCES, fill_vault
from privacy.agency_parameters import BLOCKS, MOST_IN_DELIVERY

LISTED = """SELECT i.* REPLACE ('list' AS source) FROM vault.identity AS i JOIN truth ON key = record_key
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY surname IS NULL, ssn IS NULL, record_key) = 1"""


@pytest.fixture(scope="module")
def found() -> Iterator[Scene]:
    """Encoded records of invented people, and a list of people that holds all of them."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("ATTACH ':memory:' AS vault").fetchall()
        fill_vault(connection, 1_200, seed=5)
        connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.identity").fetchall()
        yield scene(connection, LISTED, SOURCES)


@pytest.fixture(scope="module")
def shares(found: Scene) -> dict[str, tuple[float, float, float]]:
    return attack_ours(found, tried=60)


@pytest.mark.parametrize(
    "attack",
    ["rank alignment", "alignment in context", "pattern mining", "graph of names", "graph of records",
     "guessed key"],
)  # fmt: skip
def test_no_keyless_attack_recovers_one_name_in_a_hundred(
    shares: dict[str, tuple[float, float, float]], attack: str
) -> None:
    assert shares[attack][0] <= 0.01


def test_the_key_and_a_list_recover_most(shares: dict[str, tuple[float, float, float]]) -> None:
    assert shares["key and list"][0] > 0.8
    assert shares["key and names alone"][0] > 0


def invented(count: int) -> pd.DataFrame:
    """People with names as uneven as letters and names are."""
    random = np.random.default_rng(1)
    letters = np.array(list("AEIOURNTLSDMCHKPGB"))
    often = 1 / np.arange(1, len(letters) + 1) ** 0.7
    sizes = random.integers(3, 9, 900)
    pool = np.array(["".join(random.choice(letters, n, p=often / often.sum())) for n in sizes])

    def drawn(known: int) -> Ints:
        share = 1 / (np.arange(known) + 3.0)
        return random.choice(known, count, p=share / share.sum())

    people = pd.DataFrame({"given": pool[drawn(300)], "surname": pool[300 + drawn(600)]})
    people["sex"] = random.choice(["F", "M"], count)
    born = np.datetime64("1940-01-01") + random.integers(0, 27_000, count)
    people["birth"] = pd.Series(born).dt.strftime("%Y%m%d")
    people["ssn"] = random.integers(10**8, 7 * 10**8, count).astype(str)
    return people.assign(full=people["given"] + " " + people["surname"])


def test_a_plain_record_filter_is_mined_for_names() -> None:
    people = invented(1_500)
    guessed = gram_mining(long_term_keys(people, b"k"), people.sample(frac=1, random_state=3))
    assert (guessed == people["full"]).mean() > 0.5


def test_single_fields_are_read_in_context() -> None:
    people = invented(1_500)
    fields = people[["given", "surname", "sex", "birth"]]
    fields = fields.assign(initial=people["given"].str[0], birth_year=people["birth"].str[:4])
    tokens = fields.apply(lambda column: pd.util.hash_pandas_object(column, index=False))
    guessed = keyless.context_alignment(
        tokens, fields.sample(frac=1, random_state=3), people["full"].sample(frac=1, random_state=3)
    )
    assert (guessed == people["full"].reindex(guessed.index)).mean() > 0.2


def test_one_bit_of_the_key_is_a_guessed_key(found: Scene) -> None:
    near = bytes([KEY[0] ^ 1]) + KEY[1:]
    assert found.scored(with_key(encoded(found.records), found.people, near))[0] == 0


def test_no_token_is_frequent_and_no_bit_is(found: Scene) -> None:
    rows = encoded(found.records)
    assert rows.groupby(["block", "token"]).size().max() <= MOST_IN_DELIVERY
    alone = rows[~rows.duplicated(["block", "token"], keep=False)]
    for name in ("given", "surname"):
        share = vector_bits(alone[alone[name].notna()], name).mean(axis=0)
        assert abs(share - 0.5).max() < 0.05
    assert set(block_values(found.people)["block"]) <= set(range(len(BLOCKS)))
    assert keyless.degrees(rows).max() < 200
