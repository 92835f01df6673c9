"""Wall time: of one run, of the median of some, of ours and a peer's by turns."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Runs:
    """Wall times of the same thing, in seconds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of them."""
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        spread = f" ({min(self.seconds):.3g} to {max(self.seconds):.3g})" if len(self.seconds) > 1 else ""
        return f"{self.median:.3g} s{spread}"


def run(*command: object) -> None:
    """Run a command to its end, quietly; CalledProcessError where it fails, once what it said is printed."""
    ended = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if ended.returncode:
        print(ended.stderr, file=sys.stderr)
    ended.check_returncode()


def timed(action: Callable[[], Answer]) -> tuple[float, Answer]:
    """Wall time of one run, and what it returned."""
    began = time.perf_counter()
    answer = action()
    return time.perf_counter() - began, answer


def repeated(action: Callable[[], object], times: int) -> Runs:
    """Some runs, after one that is not counted."""
    action()
    return Runs(tuple(timed(action)[0] for _ in range(times)))


def median_seconds(action: Callable[[], object], times: int) -> float:
    """Median of some runs, after one that is not counted."""
    return repeated(action, times).median


def alternately(ours: Callable[[], object], peer: Callable[[], object], times: int) -> tuple[Runs, Runs]:
    """Ours and the peer's by turns, so that what else the machine does falls on both; all runs are counted."""
    pairs = [(timed(ours)[0], timed(peer)[0]) for _ in range(times)]
    first, second = zip(*pairs, strict=True)
    return Runs(first), Runs(second)
