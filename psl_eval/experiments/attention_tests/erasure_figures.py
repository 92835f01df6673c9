"""What the answer loses without residues, as figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from psl_eval.experiments.attention_tests.protein_rows import column_of
from psl_eval.experiments.figures import COLOURS, dot_of, dots, named_rows, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_points(points: Mapping[str, pa.Table]) -> Figure:
    """How much more the answer moves without the largest weight, by how much larger it is: a point a protein."""
    figure = new_figure(1.0 + 3.6 * len(points), 3.6)
    panels = figure.subplots(1, len(points), sharey=True, squeeze=False)[0]
    for axes, (model, proteins) in zip(panels, points.items(), strict=True):
        more = column_of(proteins, "largest") - column_of(proteins, "at_random")
        axes.axhline(0, color="#000000", linewidth=0.8)
        axes.plot(column_of(proteins, "weight_difference"), more, "o", color=COLOURS[0], markersize=4, alpha=0.6)
        axes.set(title=model, xlabel="largest weight - that of a random residue", xlim=(0, None))
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.locator_params(axis="x", nbins=5)
        # Most are next to nothing; a few are large.
        axes.set_yscale("symlog", linthresh=1e-4)
    panels[0].set_ylabel("divergence of the answer without it\n- without a random residue, nats")
    return figure


def draw_orders(orders: pa.Table) -> Figure:
    """Share of the residues that are erased when the prediction changes, by model and order."""
    rows = orders.to_pylist()
    models = list(dict.fromkeys((row["model"], row["randomised"]) for row in rows))
    names = list(dict.fromkeys(row["order"] for row in rows))
    figure = new_figure(7.5, 1.4 + 0.6 * len(models))
    axes = figure.subplots()
    named_rows(axes, [f"{model}, weights randomised" if randomised else model for model, randomised in models])
    for style, name in enumerate(names):
        here = [row for row in rows if row["order"] == name]
        at = [models.index((row["model"], row["randomised"])) + (style - 1.5) * 0.18 for row in here]
        dots(axes, at, [dot_of(row, "erased") for row in here], name, style)
    axes.set(xlabel="residues erased when the prediction changes\n(share; 1: it never does)", xlim=(0, 1.02))
    figure.legend(frameon=False, loc="outside upper center", ncols=len(names))
    return figure
