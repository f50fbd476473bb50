"""A home directory before any run: what it needs, and where its deliveries come from.

Belongs here: making what a home lacks, choosing the landing directory. Does not:
taking the home for a run (occupation.py).
"""

import os
from pathlib import Path

from data_sharing_agreements.errors import UsageFault
from pipelines.dagster_home import prepare_dagster
from warehouse.deployment import Deployment
from warehouse.hub import Hub

LANDING_VARIABLE = "COMMONWEAL_LANDING"


def landing_of(deployment: Deployment, given: Path | None = None) -> Path:
    """Return the directory deliveries come from: as given, `COMMONWEAL_LANDING`, or the home's own.

    Raises:
        UsageFault: The directory given does not exist.
    """
    chosen = given or os.environ.get(LANDING_VARIABLE)
    landing = Path(chosen).resolve() if chosen else deployment.landing
    if chosen and not landing.is_dir():
        raise UsageFault.of(
            "no-landing",
            f"There is no directory {landing.name} at the place given.",
            why="Deliveries are read from a landing directory.",
            next="Give a directory that exists with --landing, or leave it out to use the home's own.",
        )
    return landing


def prepare_home(deployment: Deployment) -> list[str]:
    """Make what a home lacks: keys, registry, accounts, Dagster's settings. Hold its lock meanwhile.

    First passwords of accounts made now are added to `accounts.txt` in the home,
    which only this user can read.

    Returns:
        The accounts made now.
    """
    passwords = Hub.init(deployment)
    prepare_dagster(deployment.dagster_home)
    if passwords:
        place = deployment.home / "accounts.txt"
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            file.writelines(f"{name} {password}\n" for name, password in passwords.items())
    return sorted(passwords)
