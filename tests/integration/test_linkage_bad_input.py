"""What agencies really send: nothing, one value for all, columns swapped, letters lost, copies."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from benchmarks.link_people import SOURCES, fill_vault
from linkage import encode, standardise, train
from linkage.engines.blocks import read_blocks
from linkage.model import read_model
from linkage.run import LinkOutcome, link
from privacy.vault import VAULT_DDL

RECORDS = 1_200
MANY = 100_000
EXTRA = 1_000_000
"""Record keys of records a test adds lie above this."""

Connection = duckdb.DuckDBPyConnection


def opened() -> Connection:
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET enable_progress_bar = false").fetchall()
    connection.execute("ATTACH ':memory:' AS vault; ATTACH ':memory:' AS warehouse").fetchall()
    return connection


@pytest.fixture
def people() -> Iterator[Connection]:
    """A vault of invented people in four sources, and their `truth` (key, person)."""
    with opened() as connection:
        fill_vault(connection, RECORDS, seed=5)
        connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
        yield connection


@pytest.fixture
def empty() -> Iterator[Connection]:
    """A vault without records, and one delivery of source `s`."""
    with opened() as connection:
        connection.execute(VAULT_DDL).fetchall()
        connection.execute("INSERT INTO vault.current_delivery VALUES ('d', 's', 'all')").fetchall()
        connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
        yield connection


def linked(connection: Connection) -> LinkOutcome:
    sources = connection.execute("SELECT DISTINCT source FROM vault.current_delivery ORDER BY ALL").fetchall()
    return link(connection, sources=[source for (source,) in sources], run_key=bytes(32))


def f1(connection: Connection) -> float:
    """Of all pairs of records that are in the truth."""
    (value,) = connection.execute(
        """WITH cell AS (
                SELECT person, person_key, count(*) AS n
                FROM truth JOIN warehouse.spine.current ON record_key = key GROUP BY ALL)
            SELECT 2 * sum(n * (n - 1)) / (
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY person)) +
                (SELECT sum(n * (n - 1)) FROM (SELECT sum(n) AS n FROM cell GROUP BY person_key)))
            FROM cell"""
    ).fetchone() or (0.0,)
    return float(value)


def persons_of_added(connection: Connection) -> list[int]:
    """How many records each person has, of those that have one the test added."""
    rows = connection.execute(
        f"""SELECT count(*) FROM warehouse.spine.current GROUP BY person_key
            HAVING max(record_key) >= {EXTRA} ORDER BY ALL"""
    ).fetchall()
    return [int(n) for (n,) in rows]


def test_records_without_any_identifier_are_each_a_person(people: Connection) -> None:
    people.execute(
        f"""INSERT INTO vault.identity BY NAME
            SELECT {EXTRA} + range AS record_key, 'nothing' AS source, 'nothing' AS delivery_id,
                'all' AS period FROM range(400)"""
    ).fetchall()
    people.execute("INSERT INTO vault.current_delivery VALUES ('nothing', 'nothing', 'all')").fetchall()
    linked(people)
    assert persons_of_added(people) == [1] * 400
    assert f1(people) > 0.95


def test_a_state_that_sends_no_identifier_at_all(empty: Connection) -> None:
    empty.execute(
        """INSERT INTO vault.identity BY NAME
            SELECT range AS record_key, 's' AS source, 'd' AS delivery_id, 'all' AS period FROM range(200)"""
    ).fetchall()
    assert linked(empty).persons == 200


@pytest.fixture(scope="module")
def fillers() -> Iterator[Connection]:
    """A hundred thousand people of whom all but names is the same, half of them of one name too.

    Those of one name differ in number and house; each of their numbers is on two records. The
    encodings are made: one birth date, one house, one name would be a block of 10⁹ pairs each.
    """
    with opened() as connection:
        connection.execute(VAULT_DDL).fetchall()
        connection.execute("INSERT INTO vault.current_delivery VALUES ('d', 's', 'all')").fetchall()
        connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
        letters = "translate(substr(md5({}), 1, 7), '0123456789', 'ghijklmnop')"
        connection.execute(
            f"""INSERT INTO vault.identity BY NAME
                SELECT i AS record_key, 's' AS source, 'd' AS delivery_id, 'all' AS period,
                    '19850615' AS birth_date,
                    'F' AS sex, '98101' AS zip, '2068675309' AS phone, '77' AS employer, '99' AS household,
                    'none@example.org' AS email, '1' AS unit,
                    CASE WHEN test THEN 'Test' ELSE {letters.format("i::VARCHAR")} END AS given_name,
                    CASE WHEN test THEN 'Patient' WHEN i % 4 = 1 THEN 'Smith'
                        ELSE {letters.format("i::VARCHAR || 's'")} END AS surname,
                    CASE WHEN test THEN (400000000 + 7919 * (i // 4))::VARCHAR ELSE '432658712' END AS ssn,
                    CASE WHEN test THEN i::VARCHAR ELSE '12' END || ' Elm St' AS street
                FROM (SELECT range AS i, range % 2 = 0 AS test FROM range({MANY}))"""
        ).fetchall()
        standardise.latest_values(connection, ["s"])
        nodes = standardise.standardise(connection)
        encode.encode(connection, bytes(32))
        connection.execute(f"CREATE TABLE nodes AS SELECT {nodes} AS n").fetchall()
        yield connection


def test_a_value_a_hundred_thousand_share_is_no_value(fillers: Connection) -> None:
    """A number they share is a placeholder; what they may share in earnest makes no block."""
    known = fillers.execute(
        """SELECT count(*) FILTER (WHERE ssn IS NOT NULL), count(phone), count(zip) FROM link_standard
            JOIN link_record USING (node) WHERE record_key % 2 = 1"""
    ).fetchone()
    assert known == (0, 0, MANY // 2)
    for name, (_, largest) in encode.BLOCKS.items():
        (found,) = fillers.execute(
            f"""SELECT coalesce(max(n), 0) FROM (
                    SELECT count(*) AS n FROM link_encoded WHERE block_{name} IS NOT NULL
                    GROUP BY block_{name})"""
        ).fetchone() or (0,)
        assert found <= largest, name


def test_a_block_of_a_thousand_million_pairs_is_split_by_other_keys(fillers: Connection) -> None:
    """Fifty thousand of one name and birth date meet by their numbers, two by two, and not all with all."""
    blocks = read_blocks(fillers, "link_encoded", [f"block_{name}" for name in encode.BLOCKS])
    pairs = [blocks.pairs(part) for part in range(len(blocks))]
    assert sum(len(a) for a, _ in pairs) < 20 * MANY
    (number,) = fillers.execute(
        """SELECT count(*) FROM link_encoded x JOIN link_encoded y
                ON x.block_ssn = y.block_ssn AND x.node < y.node"""
    ).fetchone() or (0,)
    assert number > MANY // 5


def test_training_does_not_pair_all_with_all(fillers: Connection) -> None:
    """Neither kin of one house nor people of one name and birth date are joined without bound."""
    (nodes,) = fillers.execute("SELECT n FROM nodes").fetchone() or (0,)
    trained = train.train(fillers, read_model(), nodes)
    assert 0 < trained.prior < 1e-4
    assert 0 < trained.kin_density < 1e-4


def test_swapped_columns_of_a_source(people: Connection) -> None:
    """One source has its names in each other's columns, another day and month."""
    people.execute(
        """UPDATE vault.identity SET given_name = surname, surname = given_name WHERE source = 'tax'"""
    ).fetchall()
    people.execute(
        """UPDATE vault.identity SET birth_date = left(birth_date, 4) || right(birth_date, 2)
                || substr(birth_date, 5, 2)
            WHERE source = 'health' AND length(birth_date) = 8"""
    ).fetchall()
    linked(people)
    assert f1(people) > 0.9


def accented(connection: Connection) -> None:
    """Write the names as people do: with capitals first, and accents."""
    for role in ("given_name", "surname"):
        connection.execute(
            f"""UPDATE vault.identity SET {role} =
                upper(left({role}, 1)) || translate(lower(substr({role}, 2)), 'eoun', 'éöüñ')"""
        ).fetchall()


def misread(connection: Connection, source: str, encoding: str) -> None:
    """Have a source's names written as UTF-8 and read as something else."""
    names = connection.execute(
        "SELECT record_key, given_name, surname FROM vault.identity WHERE source = ?", [source]
    ).df()
    for role in ("given_name", "surname"):
        names[role] = names[role].str.encode("utf-8").str.decode(encoding, errors="replace")
    connection.register("names", names)
    connection.execute(
        """UPDATE vault.identity AS i SET given_name = n.given_name, surname = n.surname
            FROM names n WHERE n.record_key = i.record_key"""
    ).fetchall()
    connection.unregister("names")


def said(connection: Connection) -> list[tuple[object, ...]]:
    """All standardised values, by record key."""
    standardise.latest_values(connection, SOURCES)
    standardise.standardise(connection)
    rows = connection.execute(
        """SELECT record_key, s.* EXCLUDE (node)
            FROM link_standard s JOIN link_record USING (node) ORDER BY ALL"""
    ).fetchall()
    standardise.drop(connection)
    return rows


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_misread_letters_are_read_again(people: Connection, encoding: str) -> None:
    accented(people)
    before = said(people)
    misread(people, "tax", encoding)
    assert said(people) == before


def test_a_source_in_capitals_says_the_same(people: Connection) -> None:
    accented(people)
    before = said(people)
    people.execute(
        """UPDATE vault.identity SET given_name = upper(given_name), surname = upper(surname)
            WHERE source = 'tax'"""
    ).fetchall()
    assert said(people) == before


def test_letters_lost_for_good_leave_people_together(people: Connection) -> None:
    accented(people)
    misread(people, "tax", "ascii")
    linked(people)
    assert f1(people) > 0.93


def test_two_ids_of_one_period_are_two_people_where_the_contract_says_so(people: Connection) -> None:
    """Else they are an agency's own duplicates; in another period they are an id that changed."""
    people.execute(
        """DELETE FROM vault.identity WHERE source = 'health' AND record_key NOT IN (
            SELECT min(key) FROM truth JOIN vault.identity ON key = record_key
            WHERE source = 'health' GROUP BY person)"""
    ).fetchall()
    people.execute(
        f"""INSERT INTO vault.identity BY NAME
            SELECT * REPLACE ({EXTRA} + record_key AS record_key, 'MOVED' AS street,
                CASE WHEN record_key % 2 = 0 THEN 'later' ELSE delivery_id END AS delivery_id,
                CASE WHEN record_key % 2 = 0 THEN 'later' ELSE period END AS period)
            FROM vault.identity WHERE source = 'health' AND ssn IS NOT NULL AND given_name IS NOT NULL
                AND surname IS NOT NULL AND birth_date IS NOT NULL"""
    ).fetchall()
    people.execute("INSERT INTO vault.current_delivery VALUES ('later', 'health', 'later')").fetchall()
    together = f"""SELECT x.record_key % 2, avg((x.person_key = y.person_key)::INTEGER)
        FROM warehouse.spine.current x JOIN warehouse.spine.current y ON y.record_key = x.record_key + {EXTRA}
        GROUP BY ALL ORDER BY ALL"""
    link(people, sources=SOURCES, run_key=bytes(32))
    (_, moved), (_, twice) = people.execute(together).fetchall()
    assert min(moved, twice) > 0.95
    again = link(people, sources=SOURCES, run_key=bytes(32), one_id=["health"])
    assert not again.skipped
    (_, moved), (_, twice) = people.execute(together).fetchall()
    assert twice == 0
    assert moved > 0.95


def test_a_thousand_copies_of_a_record(people: Connection) -> None:
    """Of one that says who it is: one person. Of one that says next to nothing: nobody else's."""
    for first, kept in ((EXTRA, "*"), (2 * EXTRA, "source, delivery_id, period, given_name, surname")):
        people.execute(
            f"""INSERT INTO vault.identity BY NAME
                WITH one AS (
                    SELECT {kept} FROM vault.identity
                    WHERE given_name IS NOT NULL AND surname IS NOT NULL AND ssn IS NOT NULL
                        AND record_key < {EXTRA}
                    ORDER BY record_key LIMIT 1
                ), copy AS (SELECT {first} + range AS record_key FROM range(1000))
                SELECT copy.record_key, {kept.replace("*", "one.* EXCLUDE (record_key)")} FROM one, copy"""
        ).fetchall()
    outcome = linked(people)
    (copies,) = people.execute(
        f"""SELECT count(DISTINCT person_key) FROM warehouse.spine.current
            WHERE record_key BETWEEN {EXTRA} AND {2 * EXTRA - 1}"""
    ).fetchone() or (0,)
    assert copies == 1
    assert outcome.pairs < 20_000
    assert f1(people) > 0.95
