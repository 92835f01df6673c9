"""Numbers as findings say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def number(value: float | None) -> str:
    """Three digits; ``unknown`` where there is none."""
    return "unknown" if value is None else f"{value:.3g}"


def from_to(row: Mapping[str, Any], name: str, form: str = ".3f") -> str:
    """The interval of a mean, of a row with the columns of `protein_rows.mean_fields`."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "too few for an interval" if low is None else f"{low:{form}} to {high:{form}}"
