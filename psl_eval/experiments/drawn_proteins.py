"""Some of the proteins of an experiment, drawn so that more of them hold the fewer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_eval.explanations.asked import Asked
from psl_models.attention import generator_of
from psl_models.encoding import encode


def drawn_proteins(asked: Asked, most: int, seed: int, *, longest: int | None = None) -> npt.NDArray[np.int64]:
    """Numbers of at most so many proteins, ascending; int64 of shape (drawn,).

    Each has a number from its residues and the seed, and those with the least are drawn: a protein that is added or
    left out changes nothing for the others, and a smaller draw is part of a larger one.

    Parameters
    ----------
    asked : Asked
    most : int
        Proteins.
    seed : int
    longest : int, optional
        Residues; longer ones are left out.
    """
    rows = [
        row
        for row, sequence in enumerate(asked.sequences)
        if sequence and (longest is None or len(sequence) <= longest)
    ]
    keys = [generator_of(encode(asked.sequences[row]).tobytes(), seed).random() for row in rows]
    return np.sort(np.array(rows, np.int64)[np.argsort(keys, kind="stable")[:most]])


def chosen(asked: Asked, rows: npt.NDArray[np.int64]) -> Asked:
    """The proteins of these numbers."""
    return Asked(asked.dataset.chosen(rows), [asked.sequences[row] for row in rows.tolist()])
