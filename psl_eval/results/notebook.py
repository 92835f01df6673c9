"""Results as notebooks show them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

import pyarrow as pa

_MOST: Final = 20  # rows


def table_html(table: pa.Table, caption: str, columns: Sequence[str] | None = None) -> str:
    """The first rows of a table as HTML, `columns` of it or all; texts are escaped."""
    shown = table.select([name for name in table.column_names if columns is None or name in columns])
    head = "".join(f"<th>{escape(name)}</th>" for name in shown.column_names)
    rows = "".join(f"<tr>{_cells(row.values())}</tr>" for row in shown.slice(0, _MOST).to_pylist())
    rest = f"<p>{len(table):,} rows, the first {_MOST} shown</p>" if len(table) > _MOST else ""
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{rest}"
    )


def picture_html(png: bytes, name: str) -> str:
    """A picture as HTML."""
    return f'<img alt="{escape(name)}" style="max-width: 100%" src="data:image/png;base64,{b64encode(png).decode()}">'


def _cells(values: Iterable[Any]) -> str:
    return "".join(f"<td>{escape(_text(value))}</td>" for value in values)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
