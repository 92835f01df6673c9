"""A table as a picture for a paper: a line below its heads and one at its end, figures to the right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import altair as alt
import pyarrow as pa

from psl_eval.report.charts import Chart, spec_of
from psl_eval.report.tables import ReportTable, shown_cell

_LETTER: Final = 6.6  # mean width in pixels of a letter of eleven
_BETWEEN: Final = 22  # columns
_LINE: Final = 19  # height of a row
_WIDEST: Final = 60  # letters of a text


def table_chart(table: ReportTable) -> Chart:
    """A picture of all rows and columns of a table.

    Figures have three digits that count, texts their first sixty letters; the rows of the chart are its cells.
    """
    heads = [name.replace("_", " ") for name in table.table.column_names]
    columns = [[_text(value) for value in column.to_pylist()] for column in table.table.columns]
    numeric = [pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in table.table.schema.types]
    cells = list(_cells(heads, columns, numeric))
    width = max(cell["right"] for cell in cells)
    spec = spec_of(_chart(width, len(table.table)))
    return Chart(table.title, "", spec, ReportTable(table.name, table.title, pa.Table.from_pylist(cells)))


def _text(value: Any) -> str:
    text = " ".join(shown_cell(value).split())
    return f"{text[: _WIDEST - 1]}…" if len(text) > _WIDEST else text


def _cells(heads: Sequence[str], columns: Sequence[Sequence[str]], numeric: Sequence[bool]) -> Iterator[dict[str, Any]]:
    """A row a cell: its text, its row from -1, which are heads, and the ends of its column in pixels."""
    left = 0.0
    for head, column, figures in zip(heads, columns, numeric, strict=True):
        right = left + _LETTER * max(map(len, [head, *column]))
        for at, text in enumerate([head, *column], start=-1):
            yield {"text": text, "row": at, "left": left, "right": right, "figure": figures}
        left = right + _BETWEEN


def _chart(width: float, rows: int) -> alt.TopLevelMixin:
    across = alt.Scale(domain=[0, width], nice=False)
    y = alt.Y("row:Q", axis=None, scale=alt.Scale(domain=[-1.6, max(rows, 1) - 0.4], reverse=True, nice=False))
    texts = [_texts(align, weight, across, y) for align in _ALIGNED for weight in _SHOWN]
    lines = [alt.Chart().mark_rule(color="black").encode(y=alt.YDatum(at)) for at in (-1.6, -0.5, rows - 0.4)]
    chart: alt.TopLevelMixin = alt.layer(*texts, *lines).properties(width=width, height=_LINE * (rows + 1))
    return chart


def _texts(align: _Align, weight: _Weight, across: alt.Scale, y: alt.Y) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart()
        .transform_filter(f"{_ALIGNED[align]} && {_SHOWN[weight]}")
        .mark_text(align=align, baseline="middle", fontSize=11, fontWeight=weight, color="black")
        .encode(x=alt.X(f"{align}:Q", axis=None, scale=across), y=y, text="text:N")
    )
    return chart


_Align = Literal["left", "right"]
_Weight = Literal["normal", "bold"]
#: Which cells stand at which end of their column, and which are written how.
_ALIGNED: Final[Mapping[_Align, str]] = {"left": "!datum.figure", "right": "datum.figure"}
_SHOWN: Final[Mapping[_Weight, str]] = {"bold": "datum.row < 0", "normal": "datum.row >= 0"}
