"""Some of the proteins of an experiment, drawn so that more of them hold the fewer."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from psl_eval.explanations.asked import Asked


def drawn_proteins(asked: Asked, most: int, seed: int, *, longest: int | None = None) -> npt.NDArray[np.int64]:
    """Numbers of at most so many proteins, ascending; int64 of shape (drawn,).

    Each has a number from its residues and the seed, and those with the least are drawn: a protein that is added or
    left out changes nothing for the others, and a smaller draw is part of a larger one. Of copies the first is drawn.

    Parameters
    ----------
    asked : Asked
    most : int
        Proteins.
    seed : int
    longest : int, optional
        Residues; longer ones are left out.
    """
    first = {sequence: row for row, sequence in reversed([*enumerate(asked.sequences)])}
    rows = [row for sequence, row in first.items() if sequence and (longest is None or len(sequence) <= longest)]
    keys = [_key(asked.sequences[row], seed) for row in rows]
    order = sorted(range(len(rows)), key=keys.__getitem__)
    return np.sort(np.array(rows, np.int64)[order[:most]])


def _key(sequence: str, seed: int) -> bytes:
    """By which proteins are drawn: nothing else that is random, of the same protein and seed, goes with it."""
    return hashlib.blake2b(f"drawn {seed} {sequence}".encode(), digest_size=8).digest()


def chosen(asked: Asked, rows: npt.NDArray[np.int64]) -> Asked:
    """The proteins of these numbers."""
    return Asked(asked.dataset.chosen(rows), [asked.sequences[row] for row in rows.tolist()])
