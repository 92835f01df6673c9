"""How figures of experiments look: quiet, and told apart without colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from psl_eval.statistics.rows import known

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which the colour-blind tell apart, and a marker each for print.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS: Final = ("o", "s", "^", "D", "v", "P")
GREY: Final = "#999999"


class Dot(NamedTuple):
    """A value with its interval, NaN where there is none."""

    value: float
    low: float
    high: float


def dot_of(row: Mapping[str, Any], name: str, *ends: str) -> Dot:
    """A value and its interval, of the columns `name` and `ends`, by default ``name_low`` and ``name_high``."""
    low, high = ends or (f"{name}_low", f"{name}_high")
    return Dot(known(row[name]), known(row[low]), known(row[high]))


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches, for files only."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def dots(axes: Axes, at: Sequence[float], values: Sequence[Dot], label: str, style: int) -> None:
    """Dots with intervals, in rows at the heights `at`; `style` numbers colour and marker."""
    numbers = np.array(values, np.float64).reshape(-1, 3)
    value, low, high = numbers.T
    colour, marker = COLOURS[style % len(COLOURS)], MARKERS[style % len(MARKERS)]
    axes.hlines(at, low, high, color=colour, linewidth=1.5)
    axes.plot(value, at, marker, color=colour, markersize=5, label=label, linestyle="none")


def named_rows(axes: Axes, names: Sequence[str]) -> None:
    """Rows from the top, with their names on the left and a line of grey each."""
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    axes.grid(axis="both", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
