"""What Dagster loads.

Belongs here: finding the deployment (`COMMONWEAL_CONFIG`, `COMMONWEAL_HOME`).
Does not: assembling the definitions (build.py). Nothing else is read.
"""

import dagster as dg

from pipelines.build import build_defs
from warehouse.deployment import Deployment


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions of the deployment that the environment names."""
    return build_defs(Deployment.load())
