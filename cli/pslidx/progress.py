"""How far a long command is, on standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import click

from pslidx.messages import say

_BAR_WIDTH: Final = 30
_SECONDS_BETWEEN_BARS: Final = 0.1
_SECONDS_BETWEEN_LINES: Final = 30.0


class Progress(Protocol):
    """How far a step is; `psl_index.Progress` is one."""

    @property
    def step(self) -> str:
        """What is being done."""

    @property
    def done(self) -> int:
        """Units behind us."""

    @property
    def total(self) -> int | None:
        """Units in all, None where that is not known."""

    @property
    def unit(self) -> str:
        """What is counted, in the plural."""


@contextmanager
def shown(clock: Callable[[], float] = time.monotonic, *, patience: float = 0.0) -> Iterator[_Bar | _Lines]:
    """What to call with each `Progress`, and whose `tell` says a line between; at the end a bar is wiped off.

    Nothing is shown of the first `patience` seconds: most runs of some commands are over by then.
    """
    begin = clock() + patience
    if sys.stderr is None or not sys.stderr.isatty():
        yield _Lines(clock, begin)
        return
    bar = _Bar(clock, begin)
    try:
        yield bar
    finally:
        bar.wipe()


class _Bar:
    """One line that is drawn over and over."""

    def __init__(self, clock: Callable[[], float], begin: float) -> None:
        self._clock = clock
        self._begin = begin
        self._step = ""
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        now = self._clock()
        if now < self._begin or (progress.step == self._step and now < self._next):
            return
        self._step, self._next = progress.step, now + _SECONDS_BETWEEN_BARS
        click.echo(f"\r{_bar(progress)}\x1b[K", nl=False, err=True)

    def tell(self, line: str) -> None:
        self.wipe()
        say(line)

    def wipe(self) -> None:
        if self._step:
            click.echo("\r\x1b[K", nl=False, err=True)


class _Lines:
    """A line where a step begins for the first time, and again from time to time."""

    def __init__(self, clock: Callable[[], float], begin: float) -> None:
        self._clock = clock
        self._begin = begin
        self._steps: set[str] = set()  # that were said
        self._next = 0.0

    def __call__(self, progress: Progress) -> None:
        now = self._clock()
        if now < self._begin:
            return
        if progress.step not in self._steps or (now >= self._next and not _amount(progress)):
            say(progress.step)
        elif now >= self._next:
            say(f"{progress.step}: {_amount(progress)}")
        else:
            return
        self._steps.add(progress.step)
        self._next = now + _SECONDS_BETWEEN_LINES

    def tell(self, line: str) -> None:
        say(line)


def _bar(progress: Progress) -> str:
    if not progress.total:
        return f"{progress.step}  {_amount(progress)}".rstrip()
    share = min(progress.done / progress.total, 1.0)
    filled = "#" * int(share * _BAR_WIDTH)
    return f"{progress.step}  [{filled:<{_BAR_WIDTH}}] {share:4.0%}"


def _amount(progress: Progress) -> str:
    """How far it is in words; nothing where nothing is counted."""
    if not (progress.done or progress.total):
        return ""
    of_total = f" of {progress.total:,}" if progress.total else ""
    return f"{progress.done:,}{of_total} {progress.unit}"
