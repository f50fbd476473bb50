"""SQL that tries to leave its mart: every known way out of DuckDB, refused before it runs.

Each statement goes through the real gateway path: sqlglot's check, then DuckDB's own
reading of what would run. What passes runs on a locked, read-only, encrypted mart.
"""

import logging

import duckdb
import pytest

from data_sharing_agreements.errors import CommonwealError, Refused, UsageFault
from warehouse.query.check import allowed_functions, check_query
from warehouse.query.duckdb_tree import SERIALIZE, check_serialized

MART = {"leaver_earnings": ("study_id", "county", "sex", "earnings_q1", "exit_day")}
SECRET = "Wimblethwaite"

WRITES = [
    "INSERT INTO leaver_earnings VALUES (1)",
    "UPDATE leaver_earnings SET sex = 'F'",
    "DELETE FROM leaver_earnings",
    "MERGE INTO leaver_earnings USING leaver_earnings b ON true WHEN MATCHED THEN DELETE",
    "TRUNCATE leaver_earnings",
    "DROP TABLE leaver_earnings",
    "ALTER TABLE leaver_earnings ADD COLUMN x INTEGER",
    "CREATE TABLE x AS SELECT * FROM leaver_earnings",
    "CREATE TEMP TABLE x AS SELECT 1",
    "CREATE VIEW x AS SELECT 1",
    "CREATE MACRO f(a) AS a",
    "CREATE SECRET s (TYPE s3)",
    "WITH a AS (INSERT INTO leaver_earnings VALUES (1) RETURNING *) SELECT * FROM a",
    "COMMENT ON TABLE leaver_earnings IS 'x'",
    "VACUUM",
    "CHECKPOINT",
    "BEGIN",
    "ANALYZE",
]
FILES = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv_auto('/etc/passwd')",
    "SELECT * FROM read_parquet('x')",
    "SELECT * FROM read_json('x')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM parquet_metadata('x')",
    "FROM '/etc/passwd'",
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM "/etc/passwd"',
    "SELECT * FROM 'https://example.org/x.parquet'",
    "SELECT content FROM 'a' JOIN leaver_earnings ON true",
    "COPY leaver_earnings TO '/tmp/x.csv'",
    "COPY (SELECT * FROM leaver_earnings) TO 'x'",
    "COPY leaver_earnings FROM 'x'",
    "EXPORT DATABASE '/tmp/x'",
    "IMPORT DATABASE '/tmp/x'",
    "SELECT '/etc/passwd'.read_text()",
]
OUTSIDE = [
    "ATTACH 'vault.duckdb' AS v",
    "ATTACH 'vault.duckdb' AS v (ENCRYPTION_KEY 'x')",
    "DETACH mart",
    "USE memory",
    "SELECT * FROM vault.identity",
    "SELECT * FROM vault.main.identity",
    "SELECT * FROM warehouse.core.person",
    "SELECT * FROM memory.main.person",
    "SELECT * FROM _commonweal",
    "SELECT * FROM mart.main._commonweal",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_tables",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM duckdb_databases",
    "SELECT * FROM duckdb_tables()",
    "SELECT * FROM duckdb_databases()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_logs()",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_table_info('leaver_earnings')",
    "PRAGMA database_list",
    "PRAGMA version",
    "SHOW TABLES",
    "SHOW DATABASES",
    "DESCRIBE leaver_earnings",
    "SUMMARIZE leaver_earnings",
    "CALL pragma_version()",
    "SELECT * FROM (WITH duckdb_tables AS (SELECT 1) SELECT * FROM duckdb_tables), duckdb_tables",
    "WITH duckdb_tables AS (SELECT 1 AS a) SELECT * FROM duckdb_tables",
    "WITH a AS (SELECT * FROM duckdb_settings()) SELECT * FROM a",
    "SELECT (SELECT count(*) FROM duckdb_databases()) FROM leaver_earnings",
    "SELECT * FROM leaver_earnings WHERE EXISTS (FROM duckdb_settings())",
    "SELECT * FROM leaver_earnings UNION ALL SELECT * FROM vault.identity",
    "SELECT * FROM leaver_earnings, LATERAL (SELECT * FROM vault.identity)",
    "SELECT * FROM leaver_earnings POSITIONAL JOIN vault.identity",
]
CODE = [
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('leaver_earnings')",
    "SELECT json_execute_serialized_sql('x')",
    "SELECT * FROM json_execute_serialized_sql('x')",
    "SELECT json_serialize_sql('SELECT 1')",
    "SELECT getenv('HOME')",
    "SELECT getvariable('x')",
    "SELECT current_setting('memory_limit')",
    "SELECT version()",
    "SELECT current_user",
    "SELECT current_database()",
    "SELECT current_schemas(true)",
    "SELECT nextval('s')",
    "SELECT setseed(0.5)",
    "SELECT random()",
    "SELECT uuid()",
    "SELECT error('x')",
    "SELECT repeat('x', 1000000000)",
    "SELECT * FROM range(1000000000)",
    "SELECT * FROM generate_series(1, 1000000000)",
    "SELECT unnest(range(1000000000))",
    "SELECT list_resize([1], 1000000000)",
    "WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x FROM a) SELECT * FROM a",
    "SET memory_limit = '1TB'",
    "SET enable_external_access = true",
    "SET VARIABLE x = 1",
    "RESET lock_configuration",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs",
    "PREPARE a AS SELECT 1",
    "EXECUTE a",
    "DEALLOCATE a",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT * FROM leaver_earnings",
    "SELECT $1",
    "SELECT ?",
    "SELECT $name FROM leaver_earnings",
    "SELECT 1; DROP TABLE leaver_earnings",
    "SELECT 1;; SELECT 2",
    "SELECT COLUMNS(*) FROM leaver_earnings",
    "PIVOT leaver_earnings ON sex USING count(*)",
    "SELECT * FROM leaver_earnings AT (VERSION => 1)",
    "-- SELECT\nATTACH 'x'",
    "/* SELECT */ COPY leaver_earnings TO 'x'",
]
ALLOWED = [
    "SELECT county, count(*) AS n FROM leaver_earnings GROUP BY ALL ORDER BY n DESC",
    "WITH a AS (SELECT * FROM leaver_earnings WHERE sex = 'F') SELECT avg(earnings_q1) FROM a GROUP BY sex",
    "SELECT a.study_id FROM leaver_earnings a JOIN mart.main.leaver_earnings b USING (study_id)",
    "SELECT quantile_cont(earnings_q1, 0.5), avg(earnings_q1) FILTER (sex = 'F') FROM leaver_earnings",
    "SELECT date_trunc('month', exit_day), year(exit_day), exit_day + INTERVAL 3 MONTH FROM leaver_earnings",
    """SELECT study_id, row_number() OVER (PARTITION BY sex ORDER BY earnings_q1) FROM leaver_earnings
    QUALIFY rank() OVER (ORDER BY earnings_q1) < 3""",
    "SELECT CASE WHEN earnings_q1 > 0 THEN 'a' ELSE 'b' END AS x, lower(county) || '!' FROM leaver_earnings",
    "FROM leaver_earnings SELECT sex, coalesce(earnings_q1, 0)::DOUBLE / 2 LIMIT 3",
    "SELECT * FROM leaver_earnings WHERE county IN (SELECT county FROM leaver_earnings WHERE sex LIKE 'F%')",
    "SELECT sex FROM leaver_earnings UNION SELECT county FROM leaver_earnings",
    "SELECT corr(earnings_q1, study_id), regr_slope(earnings_q1, study_id) FROM leaver_earnings",
]


@pytest.fixture(scope="module")
def mart() -> duckdb.DuckDBPyConnection:
    """A mart as the gateway has it: attached under its alias, then locked."""
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS mart")
    connection.execute(
        "CREATE TABLE mart.leaver_earnings AS SELECT i AS study_id, 'Alder' AS county, "
        "if(i % 2 = 0, 'F', 'M') AS sex, i * 100 AS earnings_q1, DATE '2024-01-01' + i::INTEGER AS exit_day "
        "FROM range(20) t(i)"
    )
    connection.execute("CREATE TABLE mart._commonweal (generation BIGINT)")
    for lock in ("enable_external_access = false", "python_enable_replacements = false"):
        connection.execute(f"SET {lock}")
    connection.execute("SET lock_configuration = true")
    return connection


def pass_both_locks(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Return the statement the gateway would run, or raise what it would raise."""
    checked = check_query(sql, MART)
    views = connection.execute("SELECT view_name FROM duckdb_views()").fetchall()
    serialized = connection.execute(SERIALIZE, {"statement": checked.sql}).fetchall()[0][0]
    check_serialized(serialized, frozenset(MART), "mart", frozenset(name.lower() for (name,) in views))
    return checked.sql


@pytest.mark.parametrize("sql", [*WRITES, *FILES, *OUTSIDE, *CODE])
def test_every_way_out_is_refused(mart: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(Refused):
        pass_both_locks(mart, sql)


@pytest.mark.parametrize("sql", ALLOWED)
def test_ordinary_analysis_runs(mart: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert mart.execute(pass_both_locks(mart, sql)).fetchall()


HARMLESS_ALONE = {
    "SELECT COLUMNS(*) FROM leaver_earnings",  # chooses columns of an allowed table
    "SELECT current_user",  # a name that says nothing; the first lock refuses it
}


@pytest.mark.parametrize(
    "sql",
    [
        sql
        for sql in [*FILES, *OUTSIDE, *CODE]
        if sql.lower().startswith(("select", "from", "with")) and sql not in HARMLESS_ALONE
    ],
)
def test_the_second_lock_refuses_alone(mart: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Were sqlglot to miss one, DuckDB's own reading of the statement refuses it."""
    serialized = mart.execute(SERIALIZE, {"statement": sql}).fetchall()[0][0]
    with pytest.raises((Refused, UsageFault)):
        check_serialized(serialized, frozenset(MART), "mart", frozenset({"duckdb_tables"}))


@pytest.mark.parametrize(
    "sql", ["SELEC 1", "SELECT (", "", " ", "SELECT 1 FROM", "SELECT '", "x" * 30_000, "SELECT \x00"]
)
def test_what_does_not_parse_is_a_usage_fault(mart: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(UsageFault):
        pass_both_locks(mart, sql)


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT * FROM leaver_earnings WHERE '{SECRET}' = read_text('{SECRET}')",
        f"SELEC '{SECRET}'",
        f"SELECT * FROM '{SECRET}.csv'",
        f'SELECT * FROM "{SECRET}"',
        f"ATTACH '{SECRET}'",
        f"EXPLAIN SELECT '{SECRET}'",
        f"SELECT {SECRET}(1)",
        f"SELECT '{SECRET}",
        f"CALL {SECRET}()",
    ],
)
def test_no_literal_or_name_of_the_user_comes_back(
    mart: duckdb.DuckDBPyConnection,
    sql: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(CommonwealError) as caught:
        pass_both_locks(mart, sql)
    said = str(caught.value) + repr(caught.value.to_json()) + caplog.text + "".join(capfd.readouterr())
    assert SECRET.lower() not in said.lower()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_log_would_get_names_of_the_mart_only() -> None:
    sql = f"SELECT county AS \"{SECRET}\" FROM leaver_earnings WHERE sex = '{SECRET}'"
    checked = check_query(sql, MART)
    assert checked.tables == {"leaver_earnings"}
    assert checked.columns == {"leaver_earnings.county", "leaver_earnings.sex"}


@pytest.mark.parametrize(
    "name",
    [
        "getenv",
        "read_csv",
        "read_text",
        "glob",
        "query",
        "query_table",
        "range",
        "repeat",
        "unnest",
        "random",
        "current_setting",
        "getvariable",
        "json_execute_serialized_sql",
        "duckdb_tables",
        "nextval",
        "version",
    ],
)
def test_dangerous_functions_are_not_in_the_list(name: str) -> None:
    assert name not in allowed_functions()


def test_a_cte_hides_a_mart_table_only_in_its_own_scope(mart: duckdb.DuckDBPyConnection) -> None:
    sql = (
        "SELECT (SELECT max(x) FROM (WITH leaver_earnings AS (SELECT 7 AS x) FROM leaver_earnings)), "
        "count(*) FROM leaver_earnings"
    )
    assert mart.execute(pass_both_locks(mart, sql)).fetchall() == [(7, 20)]
