"""How far long work is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a build or a scan is: `done` of `total` (None where it is not known) in `unit`, within one step."""

    step: str
    done: int
    total: int | None
    unit: str


def counting(
    report: Callable[[Progress], None], step: str, total: int, unit: str = "proteins"
) -> Callable[[int], None]:
    """What to call with the number of `unit` that are done."""
    return lambda done: report(Progress(step, done, total, unit))
