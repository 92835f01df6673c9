"""What a benchmark found, and how it is printed."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Finding:
    """One line of the table: what was measured, the figure, the bound it must keep, and how it came about."""

    what: str
    figure: float
    unit: str
    bound: float | None = None
    at_most: bool = False  # whether the bound is a ceiling; a floor otherwise
    detail: str = ""

    @property
    def kept(self) -> bool:
        """Whether the bound is kept; true where there is none."""
        if self.bound is None:
            return True
        return self.figure <= self.bound if self.at_most else self.figure >= self.bound

    def __str__(self) -> str:
        bound = ""
        if self.bound is not None:
            bound = f"{'<=' if self.at_most else '>='} {self.bound:,g} {'ok' if self.kept else 'MISSED'}"
        return f"{self.what:<58} {self.figure:>12,.4g} {self.unit:<12} {bound:<18} {self.detail}"


def median_seconds(action: Callable[[], object], times: int) -> float:
    """Median wall time of `action` over some runs, after one that is not counted."""
    action()
    return statistics.median(timed(action)[0] for _ in range(times))


def timed(action: Callable[[], Answer]) -> tuple[float, Answer]:
    """Wall time of one run, and what it returned."""
    began = time.perf_counter()
    answer = action()
    return time.perf_counter() - began, answer


def machine() -> str:
    """The machine and the versions that matter, in one line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "numba", "pyarrow", "biopython", "pepmatch", "pydivsufsort")
    )
    return f"{model}, {os.cpu_count()} processors, Python {platform.python_version()}, {versions}"


def print_findings(findings: Iterable[Finding]) -> bool:
    """Print the findings as they come; returns whether all bounds were kept."""
    kept = True
    for finding in findings:
        print(finding, flush=True)
        kept &= finding.kept
    return kept
