"""What every verb is given: which deployment, and how to open it.

Belongs here: the global options, turned into a deployment or a hub. Does not:
anything a verb does with them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.deployment import Deployment
    from warehouse.hub import Hub


@dataclass
class Context:
    """The global options of one command."""

    config: Path | None
    home: Path | None

    def deployment(self) -> "Deployment":
        """Read the deployment's settings.

        Raises:
            UsageFault: There is no such file.
            Invalid: It has faults.
        """
        from warehouse.deployment import Deployment

        return Deployment.load(self.config, self.home)

    @contextmanager
    def hub(self) -> "Iterator[Hub]":
        """Open the deployment with the keys of every role, for reading marts and the registry.

        Raises:
            UsageFault: The home was never created.
        """
        from warehouse.hub import Hub

        with Hub.open(self.deployment()) as hub:
            yield hub

    @contextmanager
    def held_hub(self, kind: str) -> "Iterator[Hub]":
        """Open the deployment while holding its lock, for what reads vault or warehouse.

        Raises:
            Busy: A run holds the home.
        """
        from pipelines.lock import hold

        with hold(self.existing().lock_path, kind), self.hub() as hub:
            yield hub

    def existing(self) -> "Deployment":
        """Return the deployment, whose home must exist.

        Raises:
            UsageFault: The home was never created.
        """
        from data_sharing_agreements.errors import UsageFault

        deployment = self.deployment()
        if not deployment.keys_dir.is_dir():
            raise UsageFault.of(
                "no-home",
                "This deployment has no home directory yet.",
                why="Keys, registry and stores are kept in a home directory.",
                next="Run `commonweal init`, or `commonweal run`, which does it first.",
            )
        return deployment
