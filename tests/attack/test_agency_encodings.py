"""Names behind agency encodings are not found without the key, and are with it."""

from collections.abc import Iterator

import duckdb
import pytest

from benchmarks import attack_keyless as keyless
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

LISTED = """SELECT * REPLACE ('list' AS source) FROM vault.identity
    QUALIFY row_number() OVER (PARTITION BY record_key % 4000 ORDER BY record_key) = 1"""


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
    "attack", ["rank alignment", "pattern mining", "graph of names", "guessed key", "copy: rank alignment"]
)
def test_no_keyless_attack_recovers_one_name_in_a_hundred(
    shares: dict[str, tuple[float, float, float]], attack: str
) -> None:
    assert shares[attack][0] <= 0.01


def test_the_key_and_a_list_recover_most(shares: dict[str, tuple[float, float, float]]) -> None:
    assert shares["key and list"][0] > 0.8
    assert shares["key and names alone"][0] > 0


def test_the_same_attacks_succeed_on_single_fields(found: Scene) -> None:
    weak = attack_fields(found)
    best = max(max(score[1:]) for name, score in weak.items() if "mining" in name or "alignment" in name)
    assert best > 0.06


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
