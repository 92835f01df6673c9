"""Tables as the page shows and the folder beside it keeps them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import pyarrow as pa

from psl_eval.results.encoders import encoder


@dataclass(frozen=True, eq=False)
class ReportTable:
    """A table of the report.

    Attributes
    ----------
    name : str
        Of its files, without ending; no two tables of a report have the same.
    title : str
    table : pyarrow.Table
    """

    name: str
    title: str
    table: pa.Table

    def tsv(self) -> bytes:
        """The table as TSV, as all of our tables are written."""
        sink = BytesIO()
        encode = encoder("tsv", sink, self.table.schema)
        for batch in self.table.to_batches():
            encode.write(batch)
        encode.finish()
        return sink.getvalue()

    def json(self) -> bytes:
        """The rows as one JSON array of objects."""
        rows = [{name: plain(value) for name, value in row.items()} for row in self.table.to_pylist()]
        return (json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()

    def for_page(self) -> dict[str, Any]:
        """Title, columns and rows; what is no number is text."""
        columns = [[_cell(value) for value in column.to_pylist()] for column in self.table.columns]
        return {
            "title": self.title,
            "columns": self.table.column_names,
            "rows": [list(row) for row in zip(*columns, strict=True)],
        }


class Names:
    """Names of files that say what is in them, each given once."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def of(self, *words: str) -> str:
        """A name for `words`: letters, digits and dashes, and a number where another has it already."""
        name = re.sub(r"[^0-9A-Za-z.]+", "-", "-".join(words)).strip("-.")[:_LONGEST] or "unnamed"
        free, number = name, 2
        while free.lower() in self._given:
            free, number = f"{name}-{number}", number + 1
        self._given.add(free.lower())
        return free


_LONGEST: Final = 80  # letters of the name of a file
_WIDEST: Final = 300  # letters of a text in the page; files have the whole


def plain(value: Any) -> Any:
    """A value as JSON holds it: numbers that are none are missing."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, Iterable) and not isinstance(value, str) else value


def shown_cell(value: Any) -> str:
    """A value as the page shows it: figures with three digits that count, what is missing empty."""
    value = _value(value)
    if isinstance(value, float):
        size = abs(value)
        return f"{value:.1e}" if size != 0 and (size < 0.001 or size >= 1e6) else f"{float(f'{value:.3g}'):.10g}"
    return "" if value is None else str(value)


def _cell(value: Any) -> Any:
    shown = _value(value)
    return f"{shown[:_WIDEST]}…" if isinstance(shown, str) and len(shown) > _WIDEST else shown


def _value(value: Any) -> Any:
    value = plain(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return str(value) if isinstance(value, dict) else value
