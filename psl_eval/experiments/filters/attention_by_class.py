"""Where a model looks, on average, in proteins of each class, counted from either end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.figures import GREY, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ATTENTION_ROWS: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("weights", pa.string(), nullable=False),  # trained or random
        pa.field("class", pa.string(), nullable=False),  # the true one
        pa.field("end", pa.string(), nullable=False),  # N or C
        pa.field("distance", pa.int64(), nullable=False),  # residues from that end; 1 is the terminal one
        pa.field("proteins", pa.int64(), nullable=False),  # that reach so far
        pa.field("mean", pa.float64(), nullable=False),  # attention times length: 1 is what an even share would be
        pa.field("standard_error", pa.float64()),  # over proteins; of random weights over draws
    ]
)


def attention_rows(
    weights: Sequence[npt.NDArray[np.float32]], labels: Sequence[Sequence[str]], classes: Sequence[str], reach: int
) -> Iterator[dict[str, Any]]:
    """Rows of `ATTENTION_ROWS`, but for the first two columns.

    Parameters
    ----------
    weights : sequence of float32 arrays of shape (length,)
        Attention of each protein.
    labels : sequence of sequences of str
        True classes of each.
    classes : sequence of str
        Those to show, in order; one without a protein has no rows.
    reach : int
        Residues from each end.
    """
    for psl_class in classes:
        of_class = [each for each, named in zip(weights, labels, strict=True) if psl_class in named]
        for end in ("N", "C"):
            aligned = np.full((len(of_class), reach), np.nan)
            for row, each in zip(aligned, of_class, strict=True):
                relative = (each if end == "N" else each[::-1])[:reach] * len(each)
                row[: len(relative)] = relative
            counts = np.isfinite(aligned).sum(axis=0)
            for place in np.flatnonzero(counts):
                column = aligned[np.isfinite(aligned[:, place]), place]
                yield {
                    "class": psl_class,
                    "end": end,
                    "distance": int(place) + 1,
                    "proteins": len(column),
                    "mean": float(column.mean()),
                    "standard_error": float(column.std(ddof=1) / len(column) ** 0.5) if len(column) > 1 else np.nan,
                }


def mean_over_draws(draws: Sequence[Sequence[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Rows of `attention_rows` with the means of several networks in place of those of one."""
    for rows in zip(*draws, strict=True):
        means = np.array([row["mean"] for row in rows])
        error = float(means.std(ddof=1) / len(means) ** 0.5) if len(means) > 1 else np.nan
        yield rows[0] | {"mean": float(means.mean()), "standard_error": error}


def draw_attention(rows: Sequence[dict[str, Any]], reach: int) -> Figure:
    """The means of one model as heat maps: classes by distance, N-terminus left, C-terminus right; random below.

    The scale is logarithmic, and white is an even share.
    """
    from matplotlib.colors import LogNorm

    classes = list(dict.fromkeys(row["class"] for row in rows))
    kinds = list(dict.fromkeys(row["weights"] for row in rows))
    figure = new_figure(11, 1.0 + len(kinds) * (0.8 + 0.25 * len(classes)))
    grid = figure.subplots(len(kinds), 2, squeeze=False, sharey=True)
    most = max(2.0, *(row["mean"] for row in rows))
    norm = LogNorm(1 / most, most)
    for line, kind in zip(grid, kinds, strict=True):
        for axes, end in zip(line, ("N", "C"), strict=True):
            means = np.full((len(classes), reach), np.nan)
            for row in rows:
                if (row["weights"], row["end"]) == (kind, end):
                    means[classes.index(row["class"]), row["distance"] - 1] = max(row["mean"], 1 / most)
            extent = (0.5, reach + 0.5) if end == "N" else (reach + 0.5, 0.5)
            shown = means if end == "N" else means[:, ::-1]
            image = axes.imshow(
                shown, aspect="auto", norm=norm, extent=(*extent, len(classes) - 0.5, -0.5), cmap="RdBu_r"
            )
            axes.set_facecolor(GREY)  # no protein reaches so far
            axes.set(yticks=range(len(classes)), yticklabels=classes, title=f"{kind} weights, {end}-terminus")
            axes.set_xlabel(f"residues from the {end}-terminus")
    figure.colorbar(image, ax=grid, label="attention, 1 = an even share")
    return figure
