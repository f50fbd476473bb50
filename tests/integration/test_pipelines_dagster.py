"""The pipeline through Dagster, on a deployment of one source: definitions, a job, the sensor, the daemon."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import pytest
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

from assets.names import content_key, delivery_key
from data_sharing_agreements.errors import Busy
from pipelines.build import build_defs
from pipelines.instance import open_instance
from pipelines.jobs import EVERYTHING
from pipelines.lock import hold, holder_of
from pipelines.runner import run_everything
from pipelines.sensors import landing_sensor
from tests.conftest import commonweal_here
from tests.integration.pipelines_one_source import REFERENCE, SOURCE, one_source
from warehouse.deployment import Deployment
from warehouse.hub import Hub

ROOT = Path(__file__).resolve().parents[2]
RUN_AND_SAY = """
import sys
from pathlib import Path
from pipelines.runner import run_everything
from warehouse.deployment import Deployment
report = run_everything(Deployment.load(Path(sys.argv[1]), Path(sys.argv[2])))
heavy = {"dagster", "splink", "great_expectations", "altair", "scipy"} & set(sys.modules)
print(report.exit_code, {step.status for step in report.steps}, heavy)
"""
WORKSPACE = ("-w", str(ROOT / "workspace.yaml"))


@pytest.fixture
def deployment(tmp_path: Path, evergreen: Path) -> Deployment:
    return one_source(tmp_path, evergreen)


@pytest.fixture(scope="module")
def done(
    tmp_path_factory: pytest.TempPathFactory, evergreen: Path
) -> Iterator[tuple[Deployment, dg.ExecuteInProcessResult]]:
    """The job `everything`, run as Dagster's pages would: the run itself takes the home."""
    deployment = one_source(tmp_path_factory.mktemp("one-source"), evergreen)
    with open_instance(deployment.dagster_home) as instance:
        result = build_defs(deployment).resolve_job_def(EVERYTHING).execute_in_process(instance=instance)
        yield deployment, result


def test_definitions_of_the_reference_deployment_follow_its_documents() -> None:
    graph = build_defs(REFERENCE).resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    contracts = {path.stem for path in REFERENCE.contracts_dir.rglob("*.yaml")}
    marts = {
        f"mart_{p.parent.name}__{p.stem}".replace("-", "_") for p in REFERENCE.marts_dir.glob("*/*.yaml")
    }
    indicators = {f"indicator_{p.stem}".replace("-", "_") for p in REFERENCE.indicators_dir.glob("*.yaml")}
    assert contracts
    assert {delivery_key(source) for source in contracts} <= keys
    assert {content_key(source) for source in contracts} <= keys
    assert {"spine", "core_person", "core_service_month", "core_spell", "core_event"} <= keys
    assert marts <= keys
    assert len(indicators) == len([key for key in keys if key.startswith("indicator_")])


def test_every_asset_says_what_it_is() -> None:
    graph = build_defs(REFERENCE).resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key
        groups = {"deliveries", "ingest", "restrictions", "link", "core", "marts", "indicators", "ends"}
        assert node.group_name in groups, key
        assert node.is_executable is (node.group_name != "deliveries"), key


def test_a_second_deployment_loads_as_well() -> None:
    anytown = Deployment.load(ROOT / "examples" / "anytown" / "commonweal.toml", Path("unused"))
    keys = {key.to_user_string() for key in build_defs(anytown).resolve_asset_graph().get_all_asset_keys()}
    assert "content_doh_wic" in keys


def test_jobs_schedule_and_sensor() -> None:
    defs = build_defs(REFERENCE)
    for name in ("ingest", "link", "publish", EVERYTHING):
        assert defs.resolve_job_def(name).executor_def.name == "in_process"
    assert defs.resolve_schedule_def("monthly").cron_schedule == "0 3 2 * *"
    assert defs.resolve_sensor_def("landing").job_name == EVERYTHING
    assert defs.resolve_schedule_def("checkpoints").cron_schedule == "0 * * * *"


def test_a_checkpoint_between_runs(done: tuple) -> None:
    deployment = done[0]
    before = len(list(deployment.checkpoints.glob("*.json")))
    with Hub.open(deployment) as hub:
        hub.log.append("explain", {"about": "a test"})
    assert build_defs(deployment).resolve_job_def("checkpoint").execute_in_process().success
    assert len(list(deployment.checkpoints.glob("*.json"))) == before + 1


def test_a_run_of_the_job_succeeds_and_says_what_it_did(done: tuple) -> None:
    _, result = done
    assert result.success
    found = result.asset_materializations_for_node(content_key(SOURCE))
    metadata = found[0].metadata
    assert metadata["dagster/row_count"].value > 0
    names = {column.name for column in metadata["dagster/column_schema"].value.columns}
    assert "eligibility.msis_id" in names
    checks = [
        e.asset_check_evaluation_data
        for e in result.all_events
        if e.event_type_value == "ASSET_CHECK_EVALUATION"
    ]
    assert checks
    assert all(check.passed for check in checks)


def test_deliveries_are_reported_by_period(done: tuple) -> None:
    deployment, _ = done
    with open_instance(deployment.dagster_home) as instance:
        periods = instance.get_materialized_partitions(dg.AssetKey(delivery_key(SOURCE)))
    assert periods == {"2023-01", "2023-02", "2023-03"}


def test_the_home_is_left_in_order(done: tuple) -> None:
    deployment, _ = done
    assert holder_of(deployment.lock_path) is None
    assert not list((deployment.home / "spill").glob("*"))
    assert list(deployment.checkpoints.glob("*.json"))
    with Hub.open(deployment) as hub:
        last = hub.registry.runs.last()
    assert (last.status, last.exit_code) == ("done", 0)


def test_no_value_was_pickled_and_no_output_kept(done: tuple) -> None:
    names = [path.name for path in done[0].dagster_home.rglob("*") if path.is_file()]
    assert names
    assert all(
        name.endswith((".db", ".yaml", ".json", ".db-shm", ".db-wal", ".db-journal")) for name in names
    )


def test_a_second_run_is_over_before_dagster_is_imported(done: tuple) -> None:
    deployment, _ = done
    run_everything(deployment)
    again = subprocess.run(
        [sys.executable, "-c", RUN_AND_SAY, str(deployment.config), str(deployment.home)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert again.stdout.strip() == "0 {'skipped'} set()"


def test_what_is_changed_is_noticed(done: tuple) -> None:
    deployment, _ = done
    run_everything(deployment)
    (deployment.marts_dir / "note.txt").write_text("new")
    report = run_everything(deployment)
    assert report.exit_code == 0
    assert {step.step for step in report.steps} >= {"link", "core"}


def test_while_a_run_goes_another_is_refused(done: tuple) -> None:
    deployment, _ = done
    with hold(deployment.lock_path, "run"):
        with pytest.raises(Busy):
            run_everything(deployment)
        with open_instance(deployment.dagster_home) as instance:
            job = build_defs(deployment).resolve_job_def("link")
            assert not job.execute_in_process(instance=instance, raise_on_error=False).success


def test_the_sensor_waits_for_copying_to_end_and_asks_once(deployment: Deployment) -> None:
    sensor = landing_sensor(deployment)

    def look(cursor: str | None) -> tuple[object, str | None]:
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            found = sensor(context)
            return found, getattr(found, "cursor", None) or context.cursor

    first, cursor = look(None)
    assert isinstance(first, dg.SkipReason)
    second, cursor = look(cursor)
    assert len(second.run_requests) == 1
    third, cursor = look(cursor)
    assert isinstance(third, dg.SkipReason)
    with Hub.open(deployment) as hub:
        assert hub.registry.deliveries.pending()
    (deployment.landing / "MEDICAID_ELIG_2030-01.psv").write_bytes(b"x")
    fourth, _ = look(cursor)
    assert "changed" in fourth.skip_message


def test_the_sensor_leaves_a_home_that_is_held_alone(deployment: Deployment) -> None:
    sensor = landing_sensor(deployment)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        sensor(context)
        cursor = context.cursor
        with hold(deployment.lock_path, "run"):
            found = sensor(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(found, dg.SkipReason)
    assert "holds" in found.skip_message


def environment_of(deployment: Deployment) -> dict[str, str]:
    """What Dagster's services are told of a deployment."""
    return os.environ | {
        "COMMONWEAL_CONFIG": str(deployment.config),
        "COMMONWEAL_HOME": str(deployment.home),
        "DAGSTER_HOME": str(deployment.dagster_home),
        "PYTHONPATH": str(ROOT),
    }


@contextmanager
def service(deployment: Deployment, *words: str) -> Iterator[Path]:
    """Run one of Dagster's services beside the block; its output goes to a file."""
    log = deployment.home.parent / "service.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *words, *WORKSPACE],
            cwd=ROOT,
            env=environment_of(deployment),
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )
        try:
            yield log
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(180)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(60)


def heed_interrupts() -> None:
    """Let a service be interrupted even if the tests were started in the background, which ignores that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def latest_run(deployment: Deployment, log: Path, many: int, seconds: float = 600) -> dg.DagsterRun:
    """Wait until Dagster has finished so many runs; return the latest."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(1)
        with open_instance(deployment.dagster_home) as instance:
            runs = [run for run in instance.get_runs() if run.is_finished]
        if len(runs) >= many:
            return runs[0]
    pytest.fail(f"no run has finished: {log.read_text(errors='replace')[-3000:]}")


def check_done(deployment: Deployment, run: dg.DagsterRun, log: Path) -> None:
    assert run.status == dg.DagsterRunStatus.SUCCESS, log.read_text(errors="replace")[-3000:]
    status = commonweal_here("status", "--json", home=deployment.home, config=deployment.config).json
    assert status["sources"][0]["standing"] == 3
    assert status["last_run"]["status"] == "done"


@pytest.mark.slow
def test_the_sensor_and_the_pages_each_take_deliveries_to_the_end(deployment: Deployment) -> None:
    """What `make dev` opens, Dagster's own daemon and pages.

    The daemon looks, asks, queues, launches; then a run is started as the button does it.
    """
    assert commonweal_here("init", home=deployment.home, config=deployment.config).code == 0
    start = [sys.executable, "-m", "dagster", "sensor", "start", "landing", *WORKSPACE]
    subprocess.run(start, check=True, cwd=ROOT, env=environment_of(deployment), capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with service(deployment, "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)) as log:
        check_done(deployment, latest_run(deployment, log, 1), log)
        start_in_pages(port, log)
        check_done(deployment, latest_run(deployment, log, 2), log)


def start_in_pages(port: int, log: Path, seconds: float = 300) -> None:
    """Wait for the pages, then start the job that does everything."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(1)
        with suppress(DagsterGraphQLClientError, OSError):
            DagsterGraphQLClient("127.0.0.1", port_number=port).submit_job_execution(EVERYTHING)
            return
    pytest.fail(f"the pages do not open: {log.read_text(errors='replace')[-3000:]}")
