"""The figure of the folds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from psl_eval.experiments.figures import GREY, dot_of, dots, named_rows, new_figure
from psl_eval.experiments.multiloc.rows import FIGURES, PAPER_ACCURACY

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(table: pa.Table) -> Figure:
    """Accuracy and MCC by predictor with their intervals, by split; the paper's accuracy as a line.

    `table` has the columns of `psl_eval.experiments.multiloc.rows.SUMMARY_ROWS`.
    """
    rows = table.to_pylist()
    names = list(dict.fromkeys(row["predictor"] for row in rows))
    splits = list(dict.fromkeys(row["split"] for row in rows))
    figure = new_figure(8, 1.6 + 0.4 * len(names))
    grid = figure.subplots(1, len(FIGURES), sharey=True)
    for axes, shown in zip(grid, FIGURES, strict=True):
        named_rows(axes, names)
        if shown == "accuracy":
            axes.axvline(PAPER_ACCURACY, color=GREY, linestyle="--", label=f"Sonderby et al. 2015, {PAPER_ACCURACY}")
        for style, split in enumerate(splits):
            here = [row for row in rows if (row["figure"], row["split"]) == (shown, split)]
            at = [names.index(row["predictor"]) + (style - (len(splits) - 1) / 2) * 0.25 for row in here]
            values = [dot_of(row, "value", "low", "high") for row in here]
            dots(axes, at, values, f"{split} folds", style)
        lowest = min((row[name] for row in rows for name in ("value", "low") if row[name] is not None), default=0.0)
        axes.set(xlabel="MCC" if shown == "mcc" else shown, xlim=(min(-0.02, lowest), 1.02))
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside upper center", ncols=len(labels))
    return figure
