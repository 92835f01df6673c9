"""Accuracy and answers with other weights, as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from psl_eval.experiments.attention_tests.peaks import ALL
from psl_eval.experiments.figures import dot_of, dots, named_rows, new_figure
from psl_eval.experiments.wording import counted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from matplotlib.figure import Figure


def draw(table: pa.Table) -> Figure:
    """Accuracy, and how far the answers move, by model and weights."""
    rows = [row for row in table.to_pylist() if row["largest_weight"] == ALL]
    kinds = list(dict.fromkeys(row["weights"] for row in rows))
    names = [f"{row['model']}: {row['weights']}" for row in rows]
    figure = new_figure(9, 1.0 + 0.3 * len(rows))
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, column, label in (
        (left, "accuracy", "accuracy"),
        (right, "total_variation", "how far the answers move (total variation)"),
    ):
        named_rows(axes, names)
        for style, name in enumerate(kinds):
            here = [(place, row) for place, row in enumerate(rows) if row["weights"] == name]
            dots(axes, [place for place, _ in here], [dot_of(row, column) for _, row in here], name, style)
        axes.set(xlabel=label, xlim=(0, None))
    return figure


def draw_by_peak(table: pa.Table) -> Figure:
    """How far the answers move by the largest learned weight, a panel a model."""
    rows = [row for row in table.to_pylist() if row["weights"] != "learned"]
    models = list(dict.fromkeys(row["model"] for row in rows))
    kinds = list(dict.fromkeys(row["weights"] for row in rows))
    figure = new_figure(2.2 + 3.6 * len(models), 4.2)
    panels: npt.NDArray[np.object_] = figure.subplots(1, len(models), squeeze=False)[0]
    for axes, model in zip(panels, models, strict=True):
        of_model = [row for row in rows if row["model"] == model]
        numbers = {row["largest_weight"]: row["proteins"] for row in of_model}
        groups = list(numbers)
        named_rows(axes, [f"{group}\n({counted(count, 'protein')})" for group, count in numbers.items()])
        for style, name in enumerate(kinds, start=1):  # the colours of the other figure
            here = [row for row in of_model if row["weights"] == name]
            at = [groups.index(row["largest_weight"]) + (style - (len(kinds) + 1) / 2) * 0.18 for row in here]
            dots(axes, at, [dot_of(row, "median_variation") for row in here], name, style)
        axes.set(title=model, xlabel="median total variation of the answers", xlim=(0, 1))
    panels[0].set_ylabel("largest learned weight")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside lower center", ncols=len(kinds))
    return figure
