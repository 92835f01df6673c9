"""Pictures of global importance: a panel a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.figures import COLOURS, GREY, MARKERS, new_figure
from psl_eval.statistics.rows import known

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANELS: Final = 12  # patterns that are shown, those with the largest effects
_BY_CHEMISTRY: Final = "KRHDENQSTYCGPAVLIMFW"  # bases, acids, amides and so on, so that what acts alike stands together
_CONDITION: Final = {"position": "position", "copies": "copies", "spacing": "spacing", "order": "spacing"}
_NAMED: Final = {
    "position": "residue it starts with (< 0: it ends with, from the C-terminus)",
    "copies": "copies",
    "spacing": "residues between the two",
    "order": "residues between the two",
}
_WRITTEN: Final = {
    "position": "the pattern",
    "copies": "the copies together",
    "spacing": "the two together",
    "order": "the two in this order",
}

Row = dict[str, Any]


def draw(table: pa.Table, vary: str) -> dict[str, Figure]:
    """A figure for each model and background, by file name: importance by what is varied.

    Each pattern is shown with the class that it changes most.
    """
    rows = [row for row in table.to_pylist() if row["importance"] is not None]
    settings = list(dict.fromkeys((row["model"], row["background"]) for row in rows)) or [("", "")]
    figures = {}
    for number, setting in enumerate(settings, 1):
        name = "global-importance" if number == 1 else f"global-importance-{number}"
        figures[name] = _figure([row for row in rows if (row["model"], row["background"]) == setting], vary)
    return figures


def _figure(rows: Sequence[Row], vary: str) -> Figure:
    """Of one model and background."""
    panels = _panels(rows)
    across = min(len(panels), 3) or 1
    down = max(-(-len(panels) // across), 1)
    figure = new_figure(0.8 + 4.4 * across, 0.9 + 3.2 * down)
    axes = figure.subplots(down, across, squeeze=False)
    single = vary in ("flanks", "substitutions")
    for place, panel in zip(axes.flat, panels, strict=False):
        (_by_residue if single else _by_condition)(place, panel, vary)
        second = f" and {panel[0]['second']}" if panel[0]["second"] is not None else ""
        place.set_title(f"{_short(panel[0]['pattern'])}{second}: {panel[0]['class']}", fontsize=9)
    for place in axes.flat[len(panels) :]:
        place.set_axis_off()
    if rows:
        figure.suptitle(f"{rows[0]['model']}, background: {rows[0]['background']}", fontsize=10)
        if not single:
            handles, labels = axes.flat[0].get_legend_handles_labels()
            figure.legend(handles, labels, frameon=False, loc="outside lower center", ncols=len(labels))
    return figure


def _panels(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows of each pattern, of one class, the pattern with the largest effect first."""
    panels = []
    for pattern, second in dict.fromkeys((row["pattern"], row["second"]) for row in rows):
        own = [row for row in rows if (row["pattern"], row["second"]) == (pattern, second)]
        largest = max(own, key=_weight)
        panels.append([row for row in own if row["class"] == largest["class"]])
    return sorted(panels, key=lambda panel: -max(map(_weight, panel)))[:_PANELS]


def _weight(row: Row) -> float:
    return abs(float(row["importance"]))


def _by_condition(axes: Axes, rows: Sequence[Row], vary: str) -> None:
    """Dots with intervals, and what they are held against."""
    at = np.arange(len(rows))
    value, low, high, expected = (_column(rows, name) for name in ("importance", "low", "high", "expected"))
    axes.axhline(0, color="#000000", linewidth=0.6)
    axes.plot(at, expected, MARKERS[1], color=GREY, markersize=4, linestyle="-", label=rows[0]["reference"])
    axes.vlines(at, low, high, color=COLOURS[0], linewidth=1.5)
    axes.plot(at, value, MARKERS[0], color=COLOURS[0], markersize=4, linestyle="-", linewidth=0.8, label=_WRITTEN[vary])
    names = ["middle" if vary == "position" and not row["position"] else str(row[_CONDITION[vary]]) for row in rows]
    axes.set_xticks(at, names, fontsize=7, rotation=60 if len(rows) > 9 else 0)
    axes.set_xlabel(_NAMED[vary], fontsize=8)
    axes.set_ylabel("change of the logit", fontsize=8)
    axes.tick_params(axis="y", labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _by_residue(axes: Axes, rows: Sequence[Row], vary: str) -> None:
    """A square for each residue at each place: the difference that it makes."""
    places = list(dict.fromkeys(row["offset"] for row in rows))
    squares = np.full((len(_BY_CHEMISTRY), len(places)), np.nan)
    for row in rows:
        if row["difference"] is not None:
            squares[_BY_CHEMISTRY.index(row["residue"]), places.index(row["offset"])] = row["difference"]
    largest = float(np.nanmax(np.abs(squares), initial=1e-9))
    image = axes.imshow(squares, cmap="RdBu_r", vmin=-largest, vmax=largest, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(len(_BY_CHEMISTRY)), list(_BY_CHEMISTRY), fontsize=6)
    axes.set_xticks(range(len(places)), [str(place) for place in places], fontsize=7)
    axes.set_xlabel("place in the pattern" if vary == "substitutions" else "before (-) and behind it", fontsize=8)
    bar = axes.figure.colorbar(image, ax=axes)
    bar.set_label(f"logit, difference to {rows[0]['reference']}", fontsize=8)
    bar.ax.tick_params(labelsize=7)


def _column(rows: Sequence[Row], name: str) -> Any:
    return np.array([known(row[name]) for row in rows], np.float64)


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:22]}.."
