"""A Spark of one's own: started for one link, on this machine alone, and ended with it.

Belongs here: starting and ending Spark, and every setting that keeps data where it should be.
Does not: what is compared (spark.py).

Nothing is shared with a Spark that may run elsewhere on the machine: settings in the
environment are not read. Whatever Spark writes goes below one directory, encrypted under a
key that Spark makes and never writes down. It listens on the loopback alone, and only to who
knows a secret made for the run. It has no pages and writes no log. It ends when this process
does, however that ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_sharing_agreements.errors import UsageFault

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOOPBACK = "127.0.0.1"
_SILENT = "status = off\nrootLogger.level = off\n"
_FOREIGN = ("SPARK_", "PYSPARK_", "HADOOP_", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "LOCAL_DIRS")
_SECONDS_TO_END = 20


def settings(directory: Path, memory: str, threads: int) -> Mapping[str, str]:
    """Return Spark's settings.

    Args:
        directory: Where everything temporary goes.
        memory: Largest heap, as Java writes it (`4g`).
        threads: How many threads compare.
    """
    java = f"-Djava.io.tmpdir={directory} -Dlog4j2.configurationFile={directory / 'silent.properties'}"
    return {
        "spark.master": f"local[{threads}]",
        "spark.app.name": "link",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "false",
        "spark.driver.host": LOOPBACK,
        "spark.driver.bindAddress": LOOPBACK,
        "spark.driver.memory": memory,
        "spark.driver.maxResultSize": "0",
        "spark.driver.extraJavaOptions": f"{java} -XX:-UsePerfData -Duser.timezone=UTC",
        "spark.local.dir": str(directory),
        "spark.sql.warehouse.dir": str(directory / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.io.encryption.enabled": "true",
        "spark.io.encryption.keySizeBits": "256",
        "spark.authenticate": "true",
        "spark.network.crypto.enabled": "true",
        "spark.sql.shuffle.partitions": str(2 * threads),
        "spark.default.parallelism": str(2 * threads),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.execution.arrow.localRelationThreshold": "0",
        "spark.sql.codegen.logging.maxLines": "0",
        "spark.sql.maxPlanStringLength": "0",
    }


@contextmanager
def spark_session(directory: Path, memory: str, threads: int) -> Iterator[SparkSession]:
    """Give a session of a Spark that ends with the `with`; see `settings` for the arguments.

    Raises:
        UsageFault: Spark or Java is not here, or would not start.
    """
    check_installed()
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    directory.mkdir(mode=0o700, parents=True)
    (directory / "silent.properties").write_text(_SILENT, encoding="utf-8")
    conf = SparkConf(loadDefaults=False).setAll(list(settings(directory, memory, threads).items()))
    gateway = _launched(directory, conf)
    try:
        context = SparkContext(conf=conf, gateway=gateway)
        try:
            yield SparkSession(context)
        finally:
            with suppress(Py4JError, OSError):  # Java is gone already
                context.stop()
            SparkSession._instantiatedSession = None
    finally:
        _end(gateway)
        SparkContext._gateway = None
        SparkContext._jvm = None
        shutil.rmtree(directory, ignore_errors=True)


def check_installed() -> None:
    """Raise unless Spark and Java are here.

    Raises:
        UsageFault: One of them is not.
    """
    try:
        import pyspark  # noqa: F401
    except ImportError:
        raise UsageFault.of(
            "spark-missing",
            "Spark is not installed.",
            why='commonweal.toml says engine = "spark" under [link].',
            next="Install the extra `spark` of this package, or take the engine `duckdb`.",
        ) from None
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise UsageFault.of(
            "java-missing",
            "Java is not installed, and Spark needs it.",
            why='commonweal.toml says engine = "spark" under [link].',
            next="Install Java 17 or 21 (on Debian: default-jre-headless), or take the engine `duckdb`.",
        )


def _launched(directory: Path, conf: Any) -> Any:
    """Start Java, quiet, in an environment that says nothing of another Spark."""
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    with _own_environment(directory):
        try:
            return launch_gateway(
                conf, {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": str(directory)}
            )
        except PySparkRuntimeError:
            raise UsageFault.of(
                "spark-not-started",
                "Spark did not start.",
                why="Java ended at once: it is older than 17, or has less memory than it was given.",
                next="Look at `java -version` and at engine.memory_limit in commonweal.toml.",
            ) from None


@contextmanager
def _own_environment(directory: Path) -> Iterator[None]:
    """Hide settings meant for another Spark, and have temporary files made in the directory."""
    hidden = {name: os.environ.pop(name) for name in tuple(os.environ) if name.startswith(_FOREIGN)}
    before, tempfile.tempdir = tempfile.tempdir, str(directory)
    try:
        yield
    finally:
        tempfile.tempdir = before
        os.environ.update(hidden)


def _end(gateway: Any) -> None:
    """Have Java end, and wait for it."""
    with suppress(Exception):
        gateway.shutdown()
    process = gateway.proc
    process.stdin.close()
    try:
        process.wait(timeout=_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
