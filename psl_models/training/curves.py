"""Learning curves: how loss and figures of a training went, epoch by epoch, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final

from psl_index.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which the colour-blind tell apart, and a line style each for print.
_LOSSES: Final = {
    "train_loss": ("training", "#0072B2", "-", "o"),
    "validation_loss": ("validation", "#D55E00", "--", "s"),
}
_FIGURES: Final = {
    "validation_accuracy": ("accuracy", "#009E73", "-", "^"),
    "validation_macro_f1": ("macro F1", "#CC79A7", "--", "D"),
}
_MARKED: Final = 30  # epochs up to which each has a marker


def draw_curves(lines: Sequence[Mapping[str, float]], kept: int) -> bytes:
    """Draw loss (left), accuracy and macro F1 (right) by epoch, with a line at the epoch that is kept.

    Parameters
    ----------
    lines : sequence of dict
        Of ``metrics.jsonl``, one an epoch: ``epoch`` (from 1), ``train_loss``, ``validation_loss``,
        ``validation_accuracy``, ``validation_macro_f1``; a loss that is NaN leaves a gap.
    kept : int
        The epoch whose weights are kept.

    Returns
    -------
    bytes
        A PNG file; the same for the same lines and version of matplotlib.

    Raises
    ------
    UsageError
        Where there are no lines.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not lines:
        raise UsageError("no epochs to draw")
    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _draw(left, lines, _LOSSES, kept)
    left.set(ylabel="loss")
    _draw(right, lines, _FIGURES, kept)
    right.set(ylabel="score on validation proteins", ylim=(0, 1))
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=120, facecolor="white", metadata={"Software": None})
    return picture.getvalue()


def _draw(
    axes: Axes, lines: Sequence[Mapping[str, float]], curves: Mapping[str, tuple[str, str, str, str]], kept: int
) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = [line["epoch"] for line in lines]
    for column, (name, colour, style, marker) in curves.items():
        shown = marker if len(lines) <= _MARKED else None
        values = [line[column] for line in lines]
        axes.plot(epochs, values, style, color=colour, marker=shown, markersize=4, linewidth=1.5, label=name)
    axes.axvline(kept, color="#000000", linestyle=":", linewidth=1, label=f"kept: epoch {kept}")
    axes.set(xlabel="epoch", xlim=(epochs[0] - 0.5, epochs[-1] + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    # Below the axes, where no curve can run into it.
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
