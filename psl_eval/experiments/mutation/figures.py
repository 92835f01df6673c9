"""Figures of mutation-fidelity: the ranking, losses by k, and how far peaks are from known signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.figures import COLOURS, MARKERS, dot_of, dots, named_rows, new_figure
from psl_eval.experiments.mutation.tables import ALL, RANDOM_RESIDUES
from psl_eval.statistics.rows import known

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = dict[str, Any]

_FLOOR: Final = ", weights randomised"
#: Of the curves: residues and kind, how a line is called, and its style.
_LINES: Final = (
    ("top", "ranked", "top residues", 0, "-"),
    ("top", "floor", "top residues by random weights", 2, "-"),
    ("shifted", "ranked", "top places moved along", 4, "--"),
    ("random", None, "random residues", 5, "--"),
    ("bottom", "ranked", "bottom residues", 1, ":"),
)


def draw_ranking(table: pa.Table) -> Figure:
    """Logits lost by each explanation over all replacements, with floors beside and ceilings below the ranking."""
    rows = [row for row in table.to_pylist() if row["replacement"] == ALL]
    shown = [row for row in rows if row["kind"] != "floor"]
    models = list(dict.fromkeys(row["model"] for row in rows))
    shown.sort(key=lambda row: (models.index(row["model"]), row["kind"] == "ceiling", row["rank"] or 0))
    figure = new_figure(8, 1.6 + 0.36 * len(shown))
    axes = figure.subplots()
    prefix = "{model}: " if len(models) > 1 else ""
    named_rows(axes, [(prefix + "{explanation}").format(**row) for row in shown])
    for style, (kind, label) in enumerate((("ranked", "ranked"), ("ceiling", "ceiling: tries out each residue"))):
        at = [place for place, row in enumerate(shown) if row["kind"] == kind]
        if at:
            dots(axes, at, [dot_of(shown[place], "area") for place in at], label, style)
    places = {(row["model"], row["explanation"]): place for place, row in enumerate(shown)}
    floors = [row for row in rows if row["kind"] == "floor"]
    beside = [places[row["model"], row["explanation"].removesuffix(_FLOOR)] + 0.25 for row in floors]
    dots(axes, beside, [dot_of(row, "area") for row in floors], "the same, random weights", 2)
    for name, mark, label in (
        ("random_area", "|", "random residues"),
        ("shifted_area", "x", "top places moved along"),
        ("bottom_area", "<", "bottom residues"),
    ):
        values = [row[name] for row in shown]
        axes.plot(values, range(len(shown)), mark, color="#000000", markersize=6, label=label, fillstyle="none")
    axes.axvline(0, color="#000000", linewidth=0.6)
    axes.set(xlabel="logit of the predicted class lost, mean over k and replacements")
    figure.legend(frameon=False, loc="outside upper center", ncols=3)
    return figure


def draw_curves(table: pa.Table) -> Figure:
    """Logits lost and decisions flipped by the number of mutated residues: two lines of panels a model."""
    rows = [row for row in table.to_pylist() if row["replacement"] == ALL]
    models = list(dict.fromkeys(row["model"] for row in rows))
    ranked = dict.fromkeys((row["model"], row["explanation"]) for row in rows if row["kind"] == "ranked")
    methods = {model: [method for of, method in ranked if of == model] for model in models}
    columns = max(map(len, methods.values()))
    figure = new_figure(1.2 + 1.7 * columns, 0.9 + 3.4 * len(models))
    panels = figure.subplots(2 * len(models), columns, squeeze=False, sharey="row")
    for number, model in enumerate(models):
        here = [row for row in rows if row["model"] == model]
        both = panels[2 * number], panels[2 * number + 1]
        for line, value, label in zip(both, ("loss", "flipped"), ("logit lost", "share flipped"), strict=True):
            for axes, method in zip(line, methods[model], strict=False):
                _curves(axes, [row for row in here if row["explanation"].removesuffix(_FLOOR) == method], value)
                _curves(axes, [row for row in here if row["explanation"] == RANDOM_RESIDUES], value)
            line[0].set_ylabel(f"{model}\n{label}" if len(models) > 1 else label, fontsize=9)
            for axes in line[len(methods[model]) :]:
                axes.set_axis_off()
        for upper, lower, method in zip(*both, methods[model], strict=False):
            upper.set_title(method, fontsize=9)
            upper.tick_params(labelbottom=False)
            lower.set_xlabel("residues mutated", fontsize=9)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside upper center", ncols=len(labels))
    return figure


def draw_features(table: pa.Table) -> Figure:
    """Distances by feature, a panel each, with random weights beside and random peaks."""
    rows = table.to_pylist()
    features = list(dict.fromkeys(row["feature"] for row in rows))
    names = list(dict.fromkeys((row["model"], row["explanation"]) for row in rows if row["kind"] == "ranked"))
    several = len({model for model, _ in names}) > 1
    figure = new_figure(2.6 + 2.3 * len(features), 1.5 + 0.36 * len(names))
    panels = figure.subplots(1, len(features), squeeze=False)[0]
    for number, (axes, feature) in enumerate(zip(panels, features, strict=True)):
        labels = [f"{model}: {name}" if several else name for model, name in names]
        named_rows(axes, [""] * len(names) if number else labels)
        here = [row for row in rows if row["feature"] == feature]
        _distances(axes, here, names)
        proteins = max(row["proteins"] for row in here)
        axes.set_title(f"{feature} ({proteins:,})", fontsize=10)
        axes.set_xlabel(f"residues from the peak\nto its {here[0]['measured']}", fontsize=9)
        axes.set_xlim(0, None)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside upper center", ncols=4)
    return figure


def _curves(axes: Axes, rows: Sequence[Row], value: str) -> None:
    """Those of `_LINES` that the rows have over k, with the interval of the first."""
    for residues, kind, label, style, stroke in _LINES:
        here = [row for row in rows if (row["residues"], row["kind"]) == (residues, kind)]
        if not here:
            continue
        at = [row["k"] for row in here]
        numbers = np.array([dot_of(row, value) for row in here])
        colour, marker = COLOURS[style], MARKERS[style]
        axes.plot(at, numbers[:, 0], stroke, color=colour, marker=marker, markersize=3, linewidth=1.2, label=label)
        if style == 0:
            axes.fill_between(at, numbers[:, 1], numbers[:, 2], color=colour, alpha=0.15, linewidth=0)
    axes.axhline(0, color="#000000", linewidth=0.6)
    axes.tick_params(labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _distances(axes: Axes, rows: Sequence[Row], names: Sequence[tuple[str, str]]) -> None:
    """The dots and marks of a panel; `names` are model and explanation of its lines."""
    for kind, label, style in (("ranked", "trained", 0), ("floor", "random weights", 2)):
        kept = [row for row in rows if row["kind"] == kind]
        lines = [names.index((row["model"], row["explanation"].removesuffix(_FLOOR))) for row in kept]
        at = [line + 0.25 * (kind == "floor") for line in lines]
        dots(axes, at, [dot_of(row, "distance") for row in kept], label, style)
        if kind == "ranked":
            axes.plot([row["random"] for row in kept], at, "|", color="#000000", markersize=8, label="random peak")
            elsewhere = [known(row["elsewhere"]) for row in kept]
            axes.plot(elsewhere, at, "x", color="#000000", markersize=5, label="peaks of proteins without it")
