"""The limit that the fuzz tests put on each case."""

from __future__ import annotations

import signal
from threading import Event

import pytest

from tests.time_limit import within


def test_results_and_errors_come_through() -> None:
    handler = signal.getsignal(signal.SIGVTALRM)
    assert within(60, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 / 0)
    assert signal.getsignal(signal.SIGVTALRM) == handler
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_what_does_not_end_is_left_behind() -> None:
    enough = Event()

    def spin() -> None:
        while not enough.is_set():
            pass

    with pytest.raises(TimeoutError, match=r"no end after 0\.1 seconds"):
        within(0.1, spin)
    enough.set()
