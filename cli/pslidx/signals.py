"""What Ctrl-C and SIGTERM do: end the process at once, or clean up first where something would be left.

An exception out of a signal handler can surface anywhere, in the middle of an import or of another library's
C++, where it may be swallowed, disguised or fatal. So it is raised only within `raised`, which commands put
around what they must not leave half done.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_OBEYED: Final = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
_MOMENT: Final = 0.05  # seconds


class Interrupted(BaseException):
    """A signal asked to stop; not an Exception, so that nobody handles it by mistake."""

    def __init__(self, number: int) -> None:
        super().__init__(_OBEYED[signal.Signals(number)])
        self.number = number


def end_at_once() -> None:
    """From now on a signal ends the process: one line on standard error, exit code 128 + its number."""
    for number in _not_ignored():
        signal.signal(number, _end)


@contextmanager
def raised() -> Iterator[None]:
    """Within this, a signal raises `Interrupted`; that leaves it, whatever a library makes of it."""
    received: list[int] = []
    report = sys.unraisablehook

    def stop(number: int, _: object) -> None:
        received.append(number)
        raise Interrupted(number)

    def swallowed(unraisable: sys.UnraisableHookArgs) -> None:
        # An exception in a callback or a destructor goes nowhere: have the signal again a moment later.
        # Others after a signal are the complaints of what it left half made.
        if isinstance(unraisable.exc_value, Interrupted):
            again = (threading.main_thread().ident, unraisable.exc_value.number)
            threading.Timer(_MOMENT, signal.pthread_kill, again).start()
        elif not received:
            report(unraisable)

    before = {number: signal.signal(number, stop) for number in _not_ignored()}
    sys.unraisablehook = swallowed
    try:
        yield
    except BaseException as error:
        if received and not isinstance(error, Interrupted):
            raise Interrupted(received[0]) from error
        raise
    finally:
        sys.unraisablehook = report
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Within this, a signal waits; on leaving it does what it would have done."""
    received: list[int] = []
    before = {number: signal.signal(number, lambda number, _: received.append(number)) for number in _not_ignored()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


def _not_ignored() -> list[signal.Signals]:
    """The signals, but not those that the parent (`nohup`, `&` in a script) has ignored."""
    return [number for number in _OBEYED if signal.getsignal(number) is not signal.SIG_IGN]


def _end(number: int, _: object) -> None:
    # Not through the streams of Python, which may be in the middle of something.
    line_end = "\n" if os.isatty(2) else ""
    with suppress(OSError):
        os.write(2, f"{line_end}pslidx: {_OBEYED[signal.Signals(number)]}\n".encode())
    os._exit(128 + number)
