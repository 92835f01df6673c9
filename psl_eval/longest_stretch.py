"""What needs no network either: a protein is where those are that share its longest stretch with it.

The longest stretch is found by asking an index of the known proteins for all stretches of a length, more and more of
it. A network that has learned more than which proteins are relatives is better than this, on the same proteins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from psl_eval.temporary_index import stretches, temporary_index

if TYPE_CHECKING:
    from psl_index.index import Index

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LETTERS_AT_ONCE: Final = 1 << 25
_TIE: Final = 1e-6  # what the shares of all known proteins count for


def classes_by_longest_stretch(
    sequences: Sequence[str], labels: npt.ArrayLike, asked: Sequence[str], *, threads: int = 0
) -> Floats:
    """Probabilities of the classes of proteins by the known ones that share their longest stretch.

    Parameters
    ----------
    sequences : sequence of str
        Known proteins, n of them, upper case, at least one.
    labels : bool array of shape (n, classes)
    asked : sequence of str
        m proteins.
    threads : int
        0 for as many as the machine has; the result is the same.

    Returns
    -------
    float64 array of shape (m, classes)
        The share of those with each class; where two classes have the same, the one that more known proteins have is a
        little above. A protein that shares nothing gets the shares of all known ones.
    """
    is_label = np.asarray(labels, np.float64)
    prior = is_label.mean(0)
    probabilities = np.tile(prior, (len(asked), 1))
    with temporary_index(sequences, threads) as index:
        lengths = longest_shared(index, asked, threads=threads)
        for rows in _groups(asked, lengths):
            windows = stretches([asked[row] for row in rows], lengths[rows].tolist())
            found = index.locate(windows, threads=threads)
            owner = np.repeat(rows, [len(asked[row]) - lengths[row] + 1 for row in rows])
            pairs = np.unique(np.column_stack([owner[found["query"].to_numpy()], found["entry"].to_numpy()]), axis=0)
            votes = np.zeros((len(asked), is_label.shape[1]))
            np.add.at(votes, pairs[:, 0], is_label[pairs[:, 1]])
            holders = np.bincount(pairs[:, 0], minlength=len(asked))[rows, None]
            probabilities[rows] = (votes[rows] / holders + prior * _TIE) / (1 + _TIE)
    return probabilities


def longest_shared(index: Index, asked: Sequence[str], *, threads: int = 0) -> Ints:
    """Residues of the longest stretch of each protein that the index holds; int64 of shape (m,), 0 for none at all."""
    lengths = np.array([len(sequence) for sequence in asked], np.int64)
    shared = np.zeros(len(asked), np.int64)  # known to be held
    missing = lengths + 1  # known not to be
    step = np.minimum(4, lengths)
    while (open_ := np.flatnonzero(missing - shared > 1)).size:
        held = np.zeros(len(asked), np.bool_)
        for rows in _groups(asked, step, open_):
            held[rows] = _holds(index, [asked[row] for row in rows], step[rows], threads)
        shared[open_] = np.where(held, step, shared)[open_]
        missing[open_] = np.where(held, missing, step)[open_]
        doubled = np.where(missing > lengths, np.minimum(2 * step, lengths), (shared + missing) // 2)
        step = np.maximum(doubled, shared + 1)
    return shared


def _holds(index: Index, asked: Sequence[str], lengths: Ints, threads: int) -> npt.NDArray[np.bool_]:
    """Whether the index holds a stretch of so many residues of each protein."""
    held = index.count(stretches(asked, lengths.tolist()), threads=threads) > 0
    owner = np.repeat(
        np.arange(len(asked)), [len(each) - length + 1 for each, length in zip(asked, lengths, strict=True)]
    )
    return np.bincount(owner[held], minlength=len(asked)) > 0


def _groups(asked: Sequence[str], lengths: Ints, rows: Ints | None = None) -> Iterator[Ints]:
    """Those of `rows` (all) with a length above 0, so many together that their stretches fit in memory."""
    chosen = np.flatnonzero(lengths) if rows is None else rows[lengths[rows] > 0]
    letters = np.array([(len(asked[row]) - lengths[row] + 1) * lengths[row] for row in chosen], np.int64)
    number = np.cumsum(letters) // _LETTERS_AT_ONCE
    for group in np.unique(number):
        yield chosen[number == group]
