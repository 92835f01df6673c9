"""The figure of what explanations find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from psl_eval.experiments.figures import COLOURS, GREY, Dot, dots, named_rows, new_figure
from psl_eval.experiments.ground_truth.recovery_rows import by_average_precision
from psl_eval.statistics.rows import known

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN: Final = {
    "recall": "recall",
    "precision": "precision",
    "touched": "signals touched",
    "auprc": "average precision",
}


def draw(table: pa.Table) -> Figure:
    """What explanations find, with intervals, beside what they find of a model that has learned nothing, and chance.

    `table` has the columns of `psl_eval.experiments.ground_truth.recovery_rows.RECOVERY_ROWS`; the explanation with the
    highest average precision is on top.
    """
    rows = [row for row in table.to_pylist() if row["subset"] == "all"]
    names = by_average_precision(rows)
    figure = new_figure(11, 1.4 + 0.34 * len(names))
    grid = figure.subplots(1, len(_SHOWN), sharey=True)
    for axes, (measure, in_words) in zip(grid, _SHOWN.items(), strict=True):
        named_rows(axes, names)
        _draw(axes, {row["explanation"]: row for row in rows if row["measure"] == measure}, names)
        axes.set(xlabel=in_words, xlim=(-0.02, 1.02), xticks=(0, 0.5, 1))
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside upper center", ncols=len(labels))
    return figure


def _draw(axes: Axes, rows: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> None:
    at = [float(place) for place in range(len(names))]
    here = [rows[name] for name in names]
    found = zip(_numbers(here, "value"), _numbers(here, "low"), _numbers(here, "high"), strict=True)
    dots(axes, at, [Dot(*each) for each in found], "found", 0)
    untrained = "the same on a model that has learned nothing"
    axes.plot(_numbers(here, "untrained"), at, "s", color=COLOURS[1], fillstyle="none", markersize=5, label=untrained)
    chance = "anywhere else in the protein"
    axes.plot(_numbers(here, "chance"), at, "|", color=GREY, markersize=11, zorder=1, label=chance)


def _numbers(rows: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [known(row[name]) for row in rows]
