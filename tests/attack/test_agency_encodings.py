"""Names behind agency encodings are not found without the key, and are with it."""

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest

from benchmarks import attack_keyless as keyless
from benchmarks.attack_filters import gram_mining, long_term_keys
from benchmarks.attacks import (
    KEY,
    Scene,
    attack_fields,
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


def test_the_same_attacks_succeed_on_single_fields(found: Scene) -> None:
    weak = attack_fields(found)
    assert weak["alignment in context"][0] > 0.2
    assert max(weak["copy: rank alignment"][1:]) > 0.06


def test_a_record_filter_is_mined_for_names_and_ours_has_no_bits_that_go_together(found: Scene) -> None:
    plain = gram_mining(long_term_keys(found.records, KEY), found.people)
    assert found.scored(pd.Series(plain, index=found.records.index))[0] > 0.2
    sent = encoded(found.records).drop_duplicates("node")
    bits = np.hstack([vector_bits(sent, name) for name in ("given", "surname")])
    mined = pd.Series(gram_mining(bits, found.people, ("given", "surname")), index=sent["node"].to_numpy())
    assert found.scored(mined)[0] <= 0.01


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
