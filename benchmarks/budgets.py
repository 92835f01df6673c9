"""What the benchmarks must keep to, as `budgets.toml` says, and what no machine of two cores can beat."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

BUDGETS = Path(__file__).with_name("budgets.toml")
_PHYSICAL = "physical"  # the table that holds no budget


@dataclass(frozen=True)
class Budget:
    """A floor or a ceiling for one finding."""

    unit: str  # the finding's
    source: str  # where it comes from
    floor: float | None = None
    ceiling: float | None = None
    residues: int | None = None  # of the proteome it holds at; None where it always holds

    def __post_init__(self) -> None:
        if (self.floor is None) == (self.ceiling is None):
            raise ValueError("a budget has either a floor or a ceiling")

    def kept(self, figure: float) -> bool:
        """Whether a figure keeps it."""
        if self.floor is not None:
            return figure >= self.floor
        return self.ceiling is not None and figure <= self.ceiling

    def holds_at(self, residues: int | None) -> bool:
        """Whether it is to be judged for a proteome of this size."""
        return self.residues in (None, residues)

    def __str__(self) -> str:
        return f">= {self.floor:g}" if self.floor is not None else f"<= {self.ceiling:g}"


def read_budgets(path: Path = BUDGETS) -> dict[str, Budget]:
    """All budgets by key, ``section.name``.

    Raises
    ------
    ValueError
        One of them says something unknown, lacks something, or has both a floor and a ceiling.
    """
    budgets = {}
    for section, named in _tables(path).items():
        for name, fields in named.items() if section != _PHYSICAL else ():
            try:
                budgets[f"{section}.{name}"] = Budget(**fields)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path.name}: [{section}.{name}]: {error}") from None
    return budgets


def beyond_query_floor(seconds: float, queries: int) -> str:
    """How far a search of so many peptides is from what the memory of two cores allows."""
    each = seconds / queries * 1e9
    floor = _physical()["query_ns"]
    return f"{each:,.0f} ns a query, {each / floor:.1f} x the floor of {floor:g} ns"


def beyond_build_floor(seconds: float, residues: int) -> str:
    """How far a build of so many residues is from what two cores allow."""
    floor = _physical()["build_s"] * residues / _physical()["residues"]
    return f"{seconds / floor:.1f} x the floor of {floor:.3g} s"


@cache
def _physical() -> Mapping[str, float]:
    physical: dict[str, float] = _tables(BUDGETS)[_PHYSICAL]
    return physical


def _tables(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())
