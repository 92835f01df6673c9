"""How far long work is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a build or a scan is: `done` of `total` (None where it is not known) in `unit`, within one step."""

    step: str
    done: int
    total: int | None
    unit: str
