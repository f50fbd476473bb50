"""An IO manager that keeps no value.

Belongs here: the refusal. Does not: storage; assets write their tables by SQL.
"""

from typing import Any

import dagster as dg


class NoValues(dg.IOManager):
    """Refuses whatever an asset returns or asks for.

    Dagster's own manager would pickle a returned value, raw, to disk.
    """

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Refuse a returned value.

        Raises:
            DagsterInvariantViolationError: An asset returned a value.
        """
        if obj is not None:
            raise dg.DagsterInvariantViolationError(
                f"{context.step_key} returned a value. Assets write tables and return metadata only, "
                "because a returned value would lie unencrypted on disk."
            )

    def load_input(self, context: dg.InputContext) -> Any:
        """Refuse to load one.

        Raises:
            DagsterInvariantViolationError: Always.
        """
        raise dg.DagsterInvariantViolationError(
            "Assets read tables of the stores, not values of other assets: declare `deps` instead."
        )
