"""The sensors on the landing directory.

Belongs here: noticing that deliveries have arrived, and asking for a run. Does
not: reading them; that is the run's work.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from assets.faults import guarded
from pipelines.home import landing_of, prepare_home
from pipelines.jobs import EVERYTHING
from pipelines.lock import holder_of
from warehouse.deployment import Deployment

INTERVAL_SECONDS = 15
EMPTYING_SECONDS = 900


def landing_sensor(deployment: Deployment) -> dg.SensorDefinition:
    """Return the sensor that records what has arrived and requests a run.

    A delivery counts as arrived when the directory's listing has been the same on
    two looks running, so that a file still being copied is left alone.
    """

    @dg.sensor(
        name="landing",
        job_name=EVERYTHING,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Records deliveries that have arrived in the landing directory and requests a run.",
    )
    def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        seen = _listing(landing_of(deployment))
        previous = json.loads(context.cursor) if context.cursor else {}
        if seen != previous.get("seen"):
            context.update_cursor(json.dumps({"seen": seen, "asked": previous.get("asked")}))
            return dg.SkipReason("The landing directory has changed; waiting until copying has ended.")
        if seen == previous.get("asked"):
            return dg.SkipReason("Nothing has arrived since the last run was requested.")
        if holder_of(deployment.lock_path):
            return dg.SkipReason("A run holds the home directory.")
        with guarded():
            pending = _record(deployment)
        cursor = json.dumps({"seen": seen, "asked": seen})
        if not pending:
            return dg.SensorResult(cursor=cursor, skip_reason=dg.SkipReason("No delivery is pending."))
        key = hashlib.sha256("".join(pending).encode()).hexdigest()
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=key, tags={"deliveries": str(len(pending))})], cursor=cursor
        )

    return landing


def _record(deployment: Deployment) -> list[str]:
    """Record what has arrived; return pending deliveries by id, and new notices of restriction by digest."""
    from warehouse.hub import Hub
    from warehouse.ingest import discover, register
    from warehouse.restrictions.intake import new_notices

    prepare_home(deployment)
    with Hub.open(deployment) as hub:
        register(hub, discover(hub, landing_of(deployment)))
        notices = new_notices(hub, landing_of(deployment))
        return sorted(notices + [str(delivery.id) for delivery in hub.registry.deliveries.pending()])


def emptying_sensor(deployment: Deployment) -> dg.SensorDefinition:
    """Return the sensor that empties our own landing directory when agreements' hours are over."""

    @dg.sensor(
        name="empty_landing",
        job_name=EVERYTHING,
        minimum_interval_seconds=EMPTYING_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Removes spent deliveries from the home's landing directory. Requests no run.",
    )
    def empty(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not deployment.keys_dir.is_dir() or holder_of(deployment.lock_path):
            return dg.SkipReason("There is no home yet, or a run holds it.")
        with guarded():
            gone = _empty(deployment)
        return dg.SkipReason(f"Removed {len(gone)} spent deliveries.")

    return empty


def _empty(deployment: Deployment) -> list[str]:
    from warehouse.hub import Hub
    from warehouse.ingest.landing import empty_landing

    with Hub.open(deployment) as hub:
        return empty_landing(hub, datetime.now(UTC))


def _listing(directory: Path) -> str:
    """Return a digest of names, sizes and times below a directory."""
    found = sorted(
        (str(path.relative_to(directory)), path.stat().st_size, path.stat().st_mtime_ns)
        for path in directory.rglob("*")
        if path.is_file()
    )
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()
