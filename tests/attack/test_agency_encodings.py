"""Names behind agency encodings are not found without the key, and are with it."""

from collections.abc import Iterator

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from benchmarks import attack_alignment as alignment
from benchmarks import attack_keyless as keyless
from benchmarks import attack_ours as ours
from benchmarks.attack_filters import gram_mining, hardened, long_term_keys
from benchmarks.attack_groups import MOST_IN_GROUP, likeness_in_blocks
from benchmarks.attack_scene import KEY, OWN_KEY, Scene, Score, scene
from benchmarks.link_people import SOURCES, fill_vault
from linkage.agency.encoder import CHUNK
from privacy.agency_parameters import BLOCKS, FIELDS, MOST_IN_DELIVERY
from privacy.encodings import Encoder

LIST_SQL = """SELECT i.* REPLACE ('list' AS source) FROM vault.identity AS i JOIN truth ON key = record_key
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY surname IS NULL, ssn IS NULL, record_key) = 1"""


@pytest.fixture(scope="module")
def found() -> Iterator[Scene]:
    """Records of invented people, and a list of people that holds all of them."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("ATTACH ':memory:' AS vault").fetchall()
        fill_vault(connection, 1_200, seed=5)
        connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.identity").fetchall()
        yield scene(connection, LIST_SQL, SOURCES)


@pytest.fixture(scope="module")
def shares(found: Scene) -> dict[str, Score]:
    return ours.attack_keyless(found)


@pytest.mark.parametrize(
    "attack",
    ["rank alignment", "alignment in context", "pattern mining", "graph of names", "graph of records",
     "likeness in blocks", "guessed key", "roll: graph of records", "roll: likeness in blocks",
     "known records"],
)  # fmt: skip
def test_no_keyless_attack_recovers_one_name_in_a_hundred(shares: dict[str, Score], attack: str) -> None:
    assert shares[attack].full <= 0.01


def test_the_key_and_a_list_recover_most(found: Scene) -> None:
    shares = ours.attack_with_key(found, tried=60)
    assert shares["list"].full > 0.7
    assert shares["names alone"].full > 0


def test_fields_without_a_salt_are_aligned_by_rank(found: Scene) -> None:
    encoder = Encoder(KEY)
    given, surname = (
        pd.Series(
            encoder.token(FIELDS[name], found.records[name].tolist()).to_pandas().to_numpy(),
            found.records.index,
        )
        for name in ("given", "surname")
    )
    share = found.scored(keyless.field_alignment(given, surname, found.records))
    assert max(share.given, share.surname) >= 0.04


def invented(count: int) -> pd.DataFrame:
    """People with names as uneven as letters and names are."""
    random = np.random.default_rng(1)
    letters = np.array(list("AEIOURNTLSDMCHKPGB"))
    often = 1 / np.arange(1, len(letters) + 1) ** 0.7
    sizes = random.integers(3, 9, 900)
    pool = np.array(["".join(random.choice(letters, n, p=often / often.sum())) for n in sizes])

    def drawn(known: int) -> npt.NDArray[np.int64]:
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


@pytest.mark.parametrize("way", ["plain", "balanced", "noise 0.02"])
def test_some_known_records_tell_whose_the_other_filters_are(way: str) -> None:
    people = invented(600)
    order = np.random.default_rng(3).permutation(len(people))
    seen = hardened(long_term_keys(people, KEY))[way]
    known = hardened(long_term_keys(people.iloc[order], OWN_KEY), seed=4)[way]
    place = alignment.from_known(seen, known, order[:30], np.arange(30))
    assert (order[place] == np.arange(len(people))).mean() > 0.5


def test_single_fields_are_read_in_context() -> None:
    people = invented(1_500)
    fields = people[["given", "surname", "sex", "birth"]]
    fields = fields.assign(initial=people["given"].str[0], birth_year=people["birth"].str[:4])
    tokens = fields.apply(lambda column: pd.util.hash_pandas_object(column, index=False))
    guessed = keyless.context_alignment(
        tokens, fields.sample(frac=1, random_state=3), people["full"].sample(frac=1, random_state=3)
    )
    assert (guessed == people["full"].reindex(guessed.index)).mean() > 0.2


@pytest.fixture(scope="module")
def crowded() -> pd.DataFrame:
    """People so many of whom are born on one day that most share blocks with strangers."""
    people = invented(3_000).assign(node=np.arange(3_000))
    people["birth"] = "19" + people["birth"].str[2:3] + "00101"
    people["birth_year"], people["day_month"] = people["birth"].str[:4], "0101"
    people["birth"] = people["birth_year"] + "01" + (people.index % 28 + 1).astype(str).str.zfill(2)
    people["day_month"] = people["birth"].str[4:]
    people["given_phonetic"], people["surname_phonetic"] = people["given"], people["surname"].str[:3]
    people["initial"], people["ssn_last"] = people["given"].str[0], people["ssn"].str[-4:]
    return people.reindex(columns=["node", "full", *FIELDS])


def test_strangers_in_one_block_are_what_can_be_told(crowded: pd.DataFrame) -> None:
    rows = ours.in_company(crowded, KEY, MOST_IN_DELIVERY)
    known = ours.in_company(crowded, OWN_KEY, MOST_IN_GROUP)
    guessed = likeness_in_blocks(rows, known, crowded["full"], numbers=True)
    assert (guessed == crowded["full"].reindex(guessed.index)).sum() > 0.03 * len(crowded)


def test_of_two_numbers_only_how_many_digits_are_equal_is_seen() -> None:
    two = pd.DataFrame({"given": ["ANN"] * 2, "surname": ["LEE"] * 2, "initial": ["A"] * 2, "sex": ["F"] * 2})
    two = two.assign(birth="20000101", birth_year="2000", given_phonetic="AN", surname_phonetic="L")
    days = [f"{a:02}{b:02}" for a in range(1, 13) for b in range(a, 29)]
    every = pd.concat([two.assign(day_month=day) for day in days], ignore_index=True)
    every["ssn"] = np.tile(["123456789", "923456780"], len(days))
    rows = ours.encoded(every.reindex(columns=list(FIELDS)))
    rows = rows[rows["block"] == [block.name for block in BLOCKS].index("birth_given")]
    digits = rows.groupby("token")["ssn_digits"].agg(list)
    apart = np.array([a ^ b for a, b in digits])
    places = (apart[:, None] >> (4 * np.arange(16))) & 15 != 0
    assert set(places.sum(axis=1)) == {2}
    assert places.mean(axis=0).max() < 0.5


def test_a_record_is_encoded_the_same_whatever_else_is() -> None:
    people = invented(2 * CHUNK + 7)
    people["given_phonetic"], people["birth_year"] = people["given"], people["birth"].str[:4]
    people = people.assign(day_month=people["birth"].str[4:]).reindex(columns=list(FIELDS))
    few = people.iloc[::500]
    every, apart = (ours.encoded(some).sort_values(["node", "block"]) for some in (people, few))
    assert len(apart) >= 2 * len(few)
    every = every[every["node"].isin(few.index)]
    pd.testing.assert_frame_equal(every.reset_index(drop=True), apart.reset_index(drop=True))


def test_one_bit_of_the_key_is_a_guessed_key(found: Scene) -> None:
    near = bytes([KEY[0] ^ 1]) + KEY[1:]
    assert found.scored(ours.with_key(ours.delivered(found), found.people, near)).full == 0


def test_no_token_is_frequent_and_no_bit_is(found: Scene) -> None:
    rows = ours.delivered(found)
    assert rows.groupby(["block", "token"]).size().max() <= MOST_IN_DELIVERY * len(SOURCES)
    alone = rows[~rows.duplicated(["block", "token"], keep=False)]
    for name in ("given", "surname"):
        share = ours.vector_bits(alone[alone[name].notna()], name).mean(axis=0)
        assert abs(share - 0.5).max() < 0.05
    assert set(ours.block_values(found.people)["block"]) <= set(range(len(BLOCKS)))
    assert keyless.degrees(rows).max() < 200
