"""A limit on the processor time that something may take, so that what hangs fails a test instead of stopping it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import Final, TypeVar

Result = TypeVar("Result")

# What reads an entry or a small file may take a second; more, because it may be the first to need kernels compiled.
SECONDS: Final = 20.0

_PATIENCE = 0.1  # seconds


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """What `work` returns or raises; TimeoutError when this process has worked for that long without an end.

    It counts the time of the processor, not of the clock: a busy machine makes nothing fail. The work is done on
    another thread, because the main one would not notice the alarm inside compiled code.
    """
    future: Future[Result] = Future()

    def do() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGVTALRM})  # the main thread is to get it
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"no end after {seconds} seconds of the processor")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        Thread(target=do, daemon=True).start()
        while not future.done():  # the alarm may reach any thread, and does not wake this one
            wait([future], timeout=_PATIENCE)
        return future.result()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
