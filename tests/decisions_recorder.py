"""What a process decided, and which stores it opened after that: for `test_behind_decisions.py`.

Belongs here: watching the gate and the opener of one process, and a command line that
runs watched. Does not: judging what was seen.

A store is opened from a *site*: the function of ours, outside the opener, that asked.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data_sharing_agreements.gate import Gate
from warehouse.opener import Opener, Session, Store

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("pipelines", "assets", "portal", "linkage", "warehouse", "privacy", "data_sharing_agreements")
WATCHED = ("session", "destroy", "remove", "publish")

Event = dict[str, Any]


def site() -> str | None:
    """The function of ours that asked the opener: `path:function`, or None if a test did."""
    frame = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and path.name != "decisions_recorder.py":
            relative = path.relative_to(ROOT)
            if relative.as_posix() != "warehouse/opener.py":
                return (
                    f"{relative.as_posix()}:{frame.f_code.co_name}" if relative.parts[0] in PACKAGES else None
                )
        frame = frame.f_back
    return None


@contextmanager
def recording() -> Iterator[list[Event]]:
    """Watch inside; yield the events so far, in order."""
    events: list[Event] = []
    kept = {(owner, name): getattr(owner, name) for owner, name in _WATCHED}
    for owner, name in _WATCHED:
        setattr(owner, name, _watching(kept[owner, name], owner, name, events))
    try:
        yield events
    finally:
        for (owner, name), method in kept.items():
            setattr(owner, name, method)


_WATCHED: tuple[tuple[type, str], ...] = (
    (Gate, "ask"),
    (Session, "attached"),
    *((Opener, name) for name in WATCHED),
)


def _watching(method: Callable[..., Any], owner: type, name: str, events: list[Event]) -> Callable[..., Any]:
    if owner is Gate:

        @functools.wraps(method)
        def ask(gate: Gate, request: Any) -> Any:
            decision = method(gate, request)
            events.append({"decided": str(request.verb), "permitted": decision.permitted})
            return decision

        return ask

    @functools.wraps(method)
    def opened(self: Any, *stores: Any, **named: Any) -> Any:
        if (where := site()) is not None:
            events.append({"site": where, "how": name, "stores": _names(stores, named)})
        return method(self, *stores, **named)

    return opened


def _names(stores: tuple[Any, ...], named: dict[str, Any]) -> list[str]:
    listed = [value for value in (named.get("read"), named.get("write")) if isinstance(value, list | tuple)]
    found = [*stores, *(store for several in listed for store in several)]
    return sorted(store.name.partition("/")[0] for store in found if isinstance(store, Store))


def main() -> int:
    """Run the command line watched: first argument the file to write, the rest its words."""
    from pipelines.cli.main import run_cli

    out, *words = sys.argv[1:]
    with recording() as events:
        code = run_cli(words)
    Path(out).write_text(json.dumps(events), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
