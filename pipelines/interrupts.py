"""Interruption: Ctrl-C and termination end a run as such, whoever catches them first.

Belongs here: remembering that a signal came. Does not: cleaning up; steps do
that themselves by failing whole.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into `KeyboardInterrupt`, even if a library swallowed it.

    DuckDB and Dagster answer an interrupt with errors of their own; what was
    interrupted must not be reported as a bug.

    Raises:
        KeyboardInterrupt: A signal came while the block ran.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, remember) for number in _SIGNALS}
    try:
        yield
    except Exception:
        if came:
            raise KeyboardInterrupt from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt
