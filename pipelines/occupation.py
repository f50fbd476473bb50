"""Taking a home for one run: lock, checks, book-keeping, and a checkpoint at the end.

Belongs here: what every run does before and after its work, wherever it was
started. Does not: the work itself, or Dagster.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assets.faults import safe
from assets.space import check_free_space
from assets.workplace import Progress, Silent, Workplace
from data_sharing_agreements.errors import CommonwealError, worst_exit_code
from pipelines.home import landing_of, prepare_home
from pipelines.lock import hold
from pipelines.pages import write_pages
from pipelines.stores import check_stores
from warehouse.deployment import Deployment
from warehouse.hub import Hub
from warehouse.steps import StepResult

_STEP_CODES = {"refused": 3, "held": 4}

_STATUS = {0: "done", 3: "refused", 4: "held", 130: "interrupted"}


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its exit code and the word for it."""

    exit_code: int
    status: str

    @classmethod
    def of_code(cls, exit_code: int) -> "Outcome":
        """Return the outcome an exit code means."""
        return cls(exit_code, _STATUS.get(exit_code, "failed"))


def outcome(failures: Iterable[CommonwealError], steps: Iterable[StepResult]) -> Outcome:
    """Return how a run stands: the worst of its failures and its steps."""
    codes = [failure.exit_code for failure in failures]
    codes += [_STEP_CODES.get(step.status, 0) for step in steps]
    return Outcome.of_code(worst_exit_code(codes))


@contextmanager
def occupy(
    deployment: Deployment, kind: str, landing: Path | None = None, progress: Progress | None = None
) -> Iterator[Workplace]:
    """Take a home for one run and leave it in order.

    The home is made if it is not there. Before the work, spill of a killed run is
    wiped, the log is compared with its anchors, stores with their generations, and
    runs that died are closed; after it, the run is closed and a signed checkpoint
    of the log is left outside the registry.

    Args:
        deployment: Whose home.
        kind: What the run is called in the registry and to whoever comes second.
        landing: A landing directory to read instead of the home's own.
        progress: Whoever watches.

    Raises:
        Busy: Another run holds the home.
        IntegrityFault: Log, registry or a store are not what they should be.
        OutOfSpace: Too little disk is left to begin.
    """
    source = landing_of(deployment, landing)
    deployment.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with hold(deployment.lock_path, kind):
        check_free_space(deployment.home)
        prepare_home(deployment)
        with Hub.open(deployment) as hub:
            workplace = _begin(hub, kind, source, progress or Silent())
            try:
                yield workplace
            except BaseException as error:
                finish(workplace, _ending(error))
                raise
            finish(workplace)


def finish(workplace: Workplace, ended: Outcome | None = None) -> Outcome:
    """Close the run in the registry and leave a checkpoint of the log; the second time, do nothing.

    Args:
        workplace: The run.
        ended: How it ended; by default as its steps and failures say.
    """
    ended = ended or outcome(workplace.failures, workplace.steps)
    if not workplace.closed:
        hub = workplace.hub
        hub.registry.runs.finish(workplace.run_id, ended.status, ended.exit_code)
        hub.log.checkpoint(hub.deployment.checkpoints)
        workplace.closed = True
        write_pages(hub)
        _tell_lineage(workplace, ended)
    return ended


def _tell_lineage(workplace: Workplace, ended: Outcome) -> None:
    """Write the run's events of lineage; a run that did nothing has none."""
    if any(step.status != "skipped" for step in workplace.steps):
        from pipelines.openlineage import write_events  # heavy, and a run with nothing new is short

        write_events(workplace, failed=ended.exit_code != 0)


def _begin(hub: Hub, kind: str, landing: Path, progress: Progress) -> Workplace:
    hub.opener.wipe_spill()
    waiting = endings_wait(hub)
    if not waiting:
        check_stores(hub)
    for dead in hub.registry.runs.unfinished():
        hub.registry.runs.finish(dead.id, "killed", 1)
    run = hub.registry.runs.start(kind)
    workplace = Workplace(hub, landing, run.id, progress)
    if waiting:
        _finish_endings(workplace)
        check_stores(hub)
    return workplace


def endings_wait(hub: Hub) -> bool:
    """Whether a purge was killed, or a backup restored that does not know of one."""
    known = {ending.id for ending in hub.registry.ends.all()}
    certified = {path.stem for path in hub.deployment.certificates.glob("*.json")}
    return bool(hub.registry.ends.unfinished()) or not certified <= known


def _finish_endings(workplace: Workplace) -> None:
    """Finish what a killed purge left, before any store is opened: its file and its key may be apart."""
    from assets.ends import finish_unfinished  # Dagster, which a run with nothing to finish does without
    from pipelines.ends_replay import replay

    finish_unfinished(workplace)
    replay(workplace)


def _ending(error: BaseException) -> Outcome:
    if isinstance(error, KeyboardInterrupt | GeneratorExit):
        return Outcome.of_code(130)
    fault: CommonwealError = safe(error)
    return Outcome.of_code(fault.exit_code)
