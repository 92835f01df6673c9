"""Rows of numbers as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa


def known(value: float | None) -> float:
    """A number of a table as floats have it: NaN where it is missing."""
    return float("nan") if value is None else float(value)


def table_of(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """A table of `schema`; what a row lacks, and NaN, is missing."""
    columns = [pa.array([row.get(field.name) for row in rows], field.type, from_pandas=True) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)
