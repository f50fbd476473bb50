"""Interruption: Ctrl-C and termination end a run as such, whoever catches them first.

Belongs here: knowing that a signal came. Does not: cleaning up; steps do that
themselves by failing whole.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Interruption:
    """Whether a run was asked to stop."""

    _pipe: int = -1
    _came: set[int] = field(default_factory=set)

    @property
    def came(self) -> bool:
        """Whether SIGINT or SIGTERM has come."""
        if self._pipe >= 0:
            with suppress(BlockingIOError):
                self._came |= set(os.read(self._pipe, 1024)) & set(SIGNALS)
        return bool(self._came)

    def check(self) -> None:
        """Raise if a signal has come.

        Raises:
            KeyboardInterrupt: It has.
        """
        if self.came:
            raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Turn SIGINT and SIGTERM into `KeyboardInterrupt`, even if a library swallowed it.

    DuckDB and Dagster catch signals and answer with errors of their own; what was
    interrupted must not be reported as a bug. Python's wake-up pipe is told of every
    signal, whoever handles it.

    Raises:
        KeyboardInterrupt: A signal came while the block ran.
    """
    if threading.current_thread() is not threading.main_thread():
        yield Interruption()
        return
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    pipe_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = {number: signal.signal(number, _interrupt) for number in SIGNALS}
    interruption = Interruption(reading)
    try:
        yield interruption
        interruption.check()
    except Exception:
        if interruption.came:
            raise KeyboardInterrupt from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(pipe_before)
        os.close(reading)
        os.close(writing)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
