"""Spark as the engine: the same clusters, nothing of it outside its place, nothing left."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psutil
import pytest

from benchmarks.link_people import SOURCES, fill_vault
from benchmarks.linkage_data import ANYTOWN, data_directory, from_deliveries
from benchmarks.simulated import default_cache, standing
from data_sharing_agreements.errors import CommonwealError, UsageFault
from linkage import predict
from linkage.engines import spark, spark_session
from linkage.engines.spark import OnSpark
from linkage.predict import IN_DUCKDB, Engine
from linkage.run import link

RECORDS = 1_500
HEAP = "2g"
DISK = "64m"

needs_spark = pytest.mark.skipif(
    not (shutil.which("java") or os.environ.get("JAVA_HOME")), reason="Java is not installed"
)


class Watch(threading.Thread):
    """Looks, while Spark runs, at what it writes, keeps in /tmp and listens on."""

    def __init__(self, spill: Path) -> None:
        super().__init__(daemon=True)
        self._spill = spill
        self.addresses: set[str] = set()
        self.heads: set[bytes] = set()
        self.ended = threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self.ended.wait(0.5):
            for process in psutil.Process().children(recursive=True):
                try:
                    found = process.net_connections("inet")
                except psutil.Error:
                    continue
                self.addresses |= {c.laddr.ip for c in found if c.status == psutil.CONN_LISTEN}
            for path in self._spill.rglob("*.data"):
                try:
                    with path.open("rb") as file:
                        self.heads.add(file.read(8))
                except OSError:
                    continue


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a vault of invented people."""
    place = tmp_path_factory.mktemp("people")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{place / 'vault.duckdb'}' AS vault").fetchall()
        fill_vault(connection, RECORDS, seed=3)
    return place


def sources_of(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute("SELECT DISTINCT source FROM vault.current_delivery ORDER BY ALL").fetchall()
    return [source for (source,) in rows]


def opened(vault: Path, place: Path) -> duckdb.DuckDBPyConnection:
    place.mkdir(exist_ok=True)
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET enable_progress_bar = false").fetchall()
    connection.execute(f"ATTACH '{vault / 'vault.duckdb'}' AS vault (READ_ONLY)").fetchall()
    connection.execute(f"ATTACH '{place / 'warehouse.duckdb'}' AS warehouse").fetchall()
    connection.execute("CREATE TEMP VIEW permitted_identity AS FROM vault.current_identity").fetchall()
    return connection


def public() -> Path | None:
    data = data_directory()
    return data / "anytown" if data else None


def partition(connection: duckdb.DuckDBPyConnection) -> set[frozenset[int]]:
    rows = connection.execute(
        "SELECT list(record_key) FROM warehouse.spine.current GROUP BY person_key"
    ).fetchall()
    return {frozenset(row[0]) for row in rows}


def linked(vault: Path, place: Path, engine: Engine) -> set[frozenset[int]]:
    with opened(vault, place) as connection:
        link(connection, sources=sources_of(connection), run_key=bytes(32), engine=engine)
        return partition(connection)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """What looks at Spark's spill, below `spill`."""
    watching = Watch(tmp_path / "spill")
    watching.start()
    yield watching
    watching.ended.set()
    watching.join()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Java spends no time on making its code faster than one short link needs it."""
    usual = spark_session.settings

    def settings(directory: Path, memory: str, threads: int) -> dict[str, str]:
        made = dict(usual(directory, memory, threads))
        made["spark.driver.extraJavaOptions"] += " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        return made

    monkeypatch.setattr(spark_session, "settings", settings)


@needs_spark
@pytest.mark.usefixtures("hurried")
def test_whole_anytown_has_the_same_clusters_and_nothing_is_left(
    tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "PAIRS_COMPARED", 100_000)  # so that they come in more than one part
    files = public() or standing(default_cache())
    if not (files / "truth.csv").exists():
        pytest.skip("no files of the invented town here: `python -m benchmarks.simulated` makes them")
    from_deliveries(tmp_path, ANYTOWN, files / "extracts", files / "truth.csv")
    before = set(Path("/tmp").glob("*"))
    by_spark = linked(tmp_path, tmp_path / "spark", OnSpark(tmp_path / "spill", HEAP))
    assert sum(map(len, by_spark)) > 100_000
    assert by_spark == linked(tmp_path, tmp_path / "duckdb", IN_DUCKDB)
    assert list((tmp_path / "spill").iterdir()) == []
    assert not [child for child in psutil.Process().children(recursive=True) if child.name() == "java"]
    assert watch.addresses
    assert watch.addresses <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
    assert watch.heads
    assert not {head for head in watch.heads if head.startswith((b"LZ4Block", b"\x00\x00\x00\x00"))}
    new = {path.name for path in set(Path("/tmp").glob("*")) - before}
    assert not {name for name in new if name.startswith(("spark", "blockmgr", "hsperfdata", "liblz4", "jna"))}


@needs_spark
@pytest.mark.usefixtures("hurried")
def test_a_killed_spark_leaves_the_spine_as_it_was(people: Path, tmp_path: Path) -> None:
    engine = OnSpark(tmp_path / "spill", HEAP)

    def kill() -> None:
        while not list((tmp_path / "spill").rglob("*.data")):
            time.sleep(0.05)
        for child in psutil.Process().children(recursive=True):
            if child.name() == "java":
                child.kill()

    with opened(people, tmp_path) as connection:
        link(connection, sources=[SOURCES[0]], run_key=bytes(32))
        before = partition(connection)
        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        with pytest.raises(CommonwealError) as fault:
            link(connection, sources=SOURCES, run_key=bytes(32), engine=engine)
        killer.join()
        assert fault.value.details[0].code == "link-failed"
        assert partition(connection) == before
        assert connection.execute("SELECT max(version) FROM warehouse.spine.version").fetchall() == [(1,)]
        left = "SELECT table_name FROM duckdb_tables() WHERE database_name IN ('temp', 'memory')"
        assert connection.execute(left).fetchall() == []
        assert list((tmp_path / "spill").iterdir()) == []


def test_settings_keep_everything_in_one_place_and_on_this_machine(tmp_path: Path) -> None:
    made = spark_session.settings(tmp_path, HEAP, 2)
    assert made["spark.io.encryption.enabled"] == made["spark.authenticate"] == "true"
    assert made["spark.ui.enabled"] == made["spark.eventLog.enabled"] == "false"
    assert {made[key] for key in ("spark.driver.host", "spark.driver.bindAddress")} == {"127.0.0.1"}
    assert {made[key].split("/warehouse")[0] for key in ("spark.local.dir", "spark.sql.warehouse.dir")} == {
        str(tmp_path)
    }
    assert f"-Djava.io.tmpdir={tmp_path}" in made["spark.driver.extraJavaOptions"]


def test_without_java_one_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UsageFault) as fault:
        spark_session.check_installed()
    assert fault.value.details[0].code == "java-missing"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("java.io.IOException: No space left on device", "no-disk-left"),
        ("java.lang.OutOfMemoryError: Java heap space", "memory-limit"),
        ("Cannot cast 'SMITH'", "link-failed"),
    ],
)
def test_what_spark_says_does_not_come_out(text: str, code: str) -> None:
    fault = spark._fault(text)
    assert fault.details[0].code == code
    assert "SMITH" not in str(fault)
