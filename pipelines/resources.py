"""The resource every asset is given: a workplace in a home that is held.

Belongs here: where the workplace of a run comes from. Does not: what is done
in it.
"""

from collections.abc import Iterator

import dagster as dg

from assets.io_manager import NoValues
from assets.workplace import Workplace
from pipelines.instance import fail_dead_runs
from pipelines.occupation import occupy
from warehouse.deployment import Deployment


def workplace_resource(deployment: Deployment, given: Workplace | None) -> dg.ResourceDefinition:
    """Return the resource `workplace`.

    Args:
        deployment: Whose home.
        given: The workplace of a process that holds the home already (the command
            line); without it each run takes the home itself and leaves it in order.
    """
    if given is not None:
        return dg.ResourceDefinition.hardcoded_resource(given)

    @dg.resource(description="The home directory, held by this run alone.")
    def workplace(context: dg.InitResourceContext) -> Iterator[Workplace]:
        run = context.run
        kind = f"dagster {run.job_name}" if run else "dagster"
        with occupy(deployment, kind) as place:
            if context.instance and run:
                fail_dead_runs(context.instance, own_run=run.run_id)
            yield place

    return workplace


def io_manager() -> dg.IOManagerDefinition:
    """Return the IO manager that keeps no value."""
    return dg.IOManagerDefinition.hardcoded_io_manager(NoValues())
