"""The figure of filters: logos, and where in proteins they fire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from psl_eval.experiments.figures import COLOURS, GREY, new_figure
from psl_eval.experiments.filters.filter_rows import Floats, Seen
from psl_eval.experiments.filters.logos import draw_logo, information

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BINS: Final = 10  # of the place in a protein


def draw_filters(seen: Mapping[str, Sequence[Seen]], background: Floats, shown: int) -> Figure:
    """The logos with most information above chance, each with its class, and places from the N- to the C-terminus.

    Parameters
    ----------
    seen : mapping of str to sequence of Seen
        The filters by kind of weights: trained ones left, random ones right.
    background : float64 array of shape (20,)
    shown : int
        Logos of a kind at most; filters that never fire have none.
    """
    best = {
        weights: sorted((each for each in filters if each.row["windows"]), key=lambda each: -each.gain)[:shown]
        for weights, filters in seen.items()
    }
    lines = max(1, *(len(filters) for filters in best.values()))
    figure = new_figure(11, 0.7 + 0.85 * lines)
    grid = figure.subplots(lines, 2 * len(best), squeeze=False, width_ratios=[4, 1] * len(best))
    widest = max((each.row["width"] for filters in best.values() for each in filters), default=1)
    for column, (weights, filters) in enumerate(best.items()):
        for line, (logo, along) in enumerate(grid[:, 2 * column : 2 * column + 2]):
            if line < len(filters):
                _draw(logo, along, filters[line], background)
                logo.set_xlim(-widest / 2 - 0.1, widest / 2 + 0.1)
            else:
                logo.set_axis_off()
                along.set_axis_off()
        logo, along = grid[0, 2 * column : 2 * column + 2]
        logo.set_title(f"{weights} weights\n{logo.get_title() or 'no filter fires'}", fontsize=8, pad=3)
        along.set_title("place in protein\n", fontsize=8, pad=3)
        grid[-1, 2 * column + 1].set_xticks([0, 1], ["N", "C"])
    figure.supylabel("bits", fontsize=8)
    figure.supxlabel("class: share of the stretches (share of all proteins; * q < 0.05)", fontsize=8)
    return figure


def _draw(logo: Axes, along: Axes, seen: Seen, background: Floats) -> None:
    row = seen.row
    draw_logo(logo, seen.frequencies, background)
    logo.set_ylim(0, max(1.0, float(information(seen.frequencies, background).max())))
    mark = " *" if row["class_q_value"] < 0.05 else ""
    title = f"{row['filter']}: {row['class']} {row['class_share']:.0%} ({row['class_share_all']:.0%}){mark}"
    logo.set_title(title, fontsize=7, pad=2)
    along.hist(seen.along, bins=np.linspace(0, 1, _BINS + 1).tolist(), color=COLOURS[0])
    along.axhline(len(seen.along) / _BINS, color=GREY, linewidth=0.8, linestyle="--")  # if places were even
    along.set(xlim=(0, 1), xticks=[], yticks=[])
    along.spines[["top", "right", "left"]].set_visible(False)
    along.tick_params(labelsize=7, length=0)
