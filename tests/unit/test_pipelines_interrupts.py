"""An interruption is one, whoever catches the signal first."""

import os
import signal
import threading

import pytest

from pipelines.interrupts import SIGNALS, interruptible


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_a_keyboard_interrupt(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), number)


def test_even_if_a_library_makes_an_error_of_it() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("Query interrupted") from None


def test_even_if_a_library_handles_it() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible() as interruption:
        signal.signal(signal.SIGINT, lambda *_: None)
        assert not interruption.came
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.came


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="own"), interruptible():
        raise ValueError("own")


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with interruptible() as interruption:
        interruption.check()
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_outside_the_main_thread_nothing_is_changed() -> None:
    seen = []

    def work() -> None:
        with interruptible() as interruption:
            seen.append(interruption.came)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
