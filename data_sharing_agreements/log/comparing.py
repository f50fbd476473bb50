"""Comparing checkpoints that several parties kept.

Belongs here: whether they can all be of one history, from the checkpoints alone and,
where sizes differ, from a log. Does not: the full check of a log (`verify.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_sharing_agreements.log.checkpoints import Checkpoint, checkpoint_from


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Args:
        checkpoints: How many were compared.
        faults: (size, kind) of what is wrong: `fork`, `checkpoint-forged`,
            `checkpoint-of-another-log`, `differs-from-log`, `truncated`.
        apart: Sizes that could only be compared through a log, and no log was given.
    """

    checkpoints: int
    faults: tuple[tuple[int, str], ...]
    apart: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain JSON."""
        return {
            "schema": "commonweal/log compare/1",
            "ok": not self.faults,
            "checkpoints": self.checkpoints,
            "not_compared": list(self.apart),
            "faults": [{"index": size, "kind": kind} for size, kind in self.faults],
        }


def compared(
    given: Sequence[Mapping[str, Any]],
    public_key: bytes,
    root_at: Callable[[int], str | None] | None = None,
) -> Comparison:
    """Compare checkpoints with one another, and with a log if there is one.

    Two genuine ones of one size and different roots are a fork: two histories were
    shown. Of different sizes neither says anything of the other without the log.

    Args:
        given: Checkpoints as read.
        public_key: The hub's.
        root_at: Root of the log's first entries by their number; None if it is shorter.
    """
    faults: set[tuple[int, str]] = set()
    genuine: list[Checkpoint] = []
    for content in given:
        checkpoint = checkpoint_from(content)
        if checkpoint is None or not checkpoint.is_genuine(public_key):
            faults.add((checkpoint.size if checkpoint else 0, "checkpoint-forged"))
        else:
            genuine.append(checkpoint)
    faults |= {(c.size, "checkpoint-of-another-log") for c in genuine if c.origin != genuine[0].origin}
    roots: dict[int, str] = {}
    for checkpoint in genuine:
        if roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            faults.add((checkpoint.size, "fork"))
        if root_at is not None and (held := root_at(checkpoint.size)) != checkpoint.root:
            faults.add((checkpoint.size, "truncated" if held is None else "differs-from-log"))
    apart = tuple(sorted(roots)) if root_at is None and len(roots) > 1 else ()
    return Comparison(len(given), tuple(sorted(faults)), apart)
