"""The figure of sanity-checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from psl_eval.experiments.figures import dot_of, dots, named_rows, new_figure
from psl_eval.experiments.sanity.randomised_layers import MODES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABELS: Final = {"cascading": "randomised with all layers above", "independent": "randomised alone"}


def draw(table: pa.Table) -> Figure:
    """Rank correlations by layer from the classifier down, a line of panels for each model, one an explanation."""
    rows = table.to_pylist()
    models = list(dict.fromkeys(row["model"] for row in rows))
    explanations = list(dict.fromkeys(row["explanation"] for row in rows))
    layers = {model: list(dict.fromkeys(row["layer"] for row in rows if row["model"] == model)) for model in models}
    heights = [0.9 + 0.3 * len(layers[model]) for model in models]
    figure = new_figure(1.6 + 1.5 * len(explanations), 0.9 + sum(heights))
    panels = figure.subplots(len(models), len(explanations), squeeze=False, sharex=True, height_ratios=heights)
    for line, model in zip(panels, models, strict=True):
        for column, (axes, explanation) in enumerate(zip(line, explanations, strict=True)):
            named_rows(axes, [""] * len(layers[model]) if column else layers[model])
            here = [row for row in rows if (row["model"], row["explanation"]) == (model, explanation)]
            _panel(axes, here, layers[model])
            axes.set_title(explanation if here else f"no {explanation}", fontsize=9)
        if len(models) > 1:
            line[0].set_ylabel(model)
    figure.supxlabel("rank correlation with the trained model's scores", fontsize=10)
    handles, labels = panels[0][-1].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside upper center", ncols=2)
    return figure


def _panel(axes: Axes, rows: Sequence[dict[str, Any]], layers: Sequence[str]) -> None:
    for style, mode in enumerate(MODES):
        here = [row for row in rows if row["mode"] == mode]
        at = [layers.index(row["layer"]) + 0.25 * (style - 0.5) for row in here]
        dots(axes, at, [dot_of(row, "rho") for row in here], _LABELS[mode], style)
    axes.axvline(0, color="#000000", linewidth=0.6)
