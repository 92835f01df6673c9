"""Which residues speak for a class: mean attribution by kind of residue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.figures import new_figure
from psl_eval.experiments.filters.beside_random import BESIDE_RANDOM, Floats, beside_random, with_q_values
from psl_index.alphabet import STANDARD

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESIDUE_ROWS: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("class", pa.string(), nullable=False),  # the predicted one, whose logit is explained
        pa.field("residue", pa.string(), nullable=False),
        pa.field("proteins", pa.int64(), nullable=False),  # predicted to be of the class, with such a residue
        # Mean attribution of such residues of a protein, in units of the mean size of all its attributions; mean over
        # proteins.
        *BESIDE_RANDOM,
    ]
)


def by_residue(attributions: pa.Table) -> Floats:
    """Mean attribution of each kind of residue in each protein, float64 of shape (n, 20), NaN where it has none.

    In units of the mean size of the attributions of the protein, so that each protein counts the same; 0 where all its
    attributions are 0.
    """
    means = np.full((attributions.num_rows, len(STANDARD)), np.nan)
    pairs = zip(attributions["sequence"].to_pylist(), attributions["scores"].to_pylist(), strict=True)
    for row, (sequence, found) in zip(means, pairs, strict=True):
        scores = np.array(found, np.float64)
        size = np.abs(scores).mean() or 1.0
        codes = np.frombuffer(sequence.encode("ascii"), np.uint8)
        sums = np.bincount(codes, scores / size, minlength=256)[_LETTERS]
        counts = np.bincount(codes, minlength=256)[_LETTERS]
        np.divide(sums, counts, out=row, where=counts > 0)
    return means


def residue_rows(
    trained: Floats, untrained: Floats, targets: Sequence[str], classes: Sequence[str], seed: int, resamples: int
) -> Iterator[dict[str, Any]]:
    """Rows of `RESIDUE_ROWS` but for the first column.

    Parameters
    ----------
    trained : float64 array of shape (n, 20)
        Of `by_residue`.
    untrained : float64 array of shape (draws, n, 20)
        The same of each of several networks that have learned nothing, for the same proteins and classes.
    targets : sequence of str
        The class of each protein.
    classes : sequence of str
        Those to show, in order; one without a protein has no rows.
    seed, resamples : int
        Of intervals.
    """
    rows: list[dict[str, Any]] = []
    for psl_class in classes:
        chosen = np.array([target == psl_class for target in targets])
        for number, residue in enumerate(STANDARD if chosen.any() else ""):
            values, floor = trained[chosen, number], untrained[:, chosen, number]
            found = beside_random(values, floor, seed, resamples)
            rows.append({"class": psl_class, "residue": residue} | found)
    return with_q_values(rows)


def draw_residues(rows: Sequence[dict[str, Any]]) -> Figure:
    """The means of one model: classes by residues, a dot where q is below 0.05."""
    classes = list(dict.fromkeys(row["class"] for row in rows))
    means = np.full((len(classes), len(STANDARD)), np.nan)
    figure = new_figure(9, 1.4 + 0.3 * len(classes))
    axes = figure.subplots()
    for row in rows:
        place = classes.index(row["class"]), STANDARD.index(row["residue"])
        means[place] = np.nan if row["mean"] is None else row["mean"]
        if row["q_value"] is not None and row["q_value"] < 0.05:
            axes.plot(place[1], place[0], ".", color="#000000", markersize=4)
    largest = float(np.nanmax(np.abs(means), initial=0.0)) or 1.0
    image = axes.imshow(means, aspect="auto", vmin=-largest, vmax=largest, cmap="RdBu_r")
    axes.set(yticks=range(len(classes)), yticklabels=classes, xticks=range(len(STANDARD)), xticklabels=list(STANDARD))
    axes.set_title("mean attribution (dot: unlike random weights, q < 0.05)", fontsize=10)
    figure.colorbar(image, ax=axes, label="in mean sizes of a protein's attributions")
    return figure


_LETTERS: Final = np.frombuffer(STANDARD.encode(), np.uint8)
