"""Proteins of similar length side by side, so that little of a batch is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from psl_models.encoding import PAD

_SHUFFLED_TOGETHER: Final = 16  # batches whose proteins are sorted among themselves in training


class Batch(NamedTuple):
    """Proteins as a rectangle of tokens."""

    tokens: Tensor  # int64 of shape (n, width), `PAD` beyond the end of each protein
    lengths: Tensor  # int64 of shape (n,), in residues
    rows: npt.NDArray[np.int64]  # (n,) numbers of the proteins

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(self.tokens.to(device), self.lengths.to(device), self.rows)


def batches_of(
    encoded: Sequence[npt.NDArray[np.uint8]],
    budget: int,
    *,
    most: int | None = None,
    rng: np.random.Generator | None = None,
) -> Iterator[Batch]:
    """All proteins in batches of at most `budget` tokens, padding included; a longer protein is a batch of its own.

    Parameters
    ----------
    encoded : sequence of ndarray
        Tokens of each protein, uint8.
    budget : int
        Tokens of a batch.
    most : int, optional
        Proteins of a batch.
    rng : numpy.random.Generator, optional
        For training: shuffles the proteins, sorts only those of neighbouring batches by length, and shuffles the
        batches. Without it the longest protein comes first, so that what does not fit in memory shows at once.
    """
    lengths = np.array([len(tokens) for tokens in encoded], np.int64)
    for rows in _rows_of_batches(lengths, budget, most, rng):
        yield batch_of(encoded, rows)


def batch_of(encoded: Sequence[npt.NDArray[np.uint8]], rows: npt.NDArray[np.int64]) -> Batch:
    """The batch of the proteins `rows`, as wide as the longest of them."""
    lengths = np.array([len(encoded[row]) for row in rows], np.int64)
    tokens = np.full((len(rows), int(lengths.max(initial=0))), PAD, np.int64)
    for place, row in enumerate(rows):
        tokens[place, : lengths[place]] = encoded[row]
    return Batch(torch.from_numpy(tokens), torch.from_numpy(lengths), rows)


def _rows_of_batches(
    lengths: npt.NDArray[np.int64], budget: int, most: int | None, rng: np.random.Generator | None
) -> list[npt.NDArray[np.int64]]:
    limit = most or len(lengths)
    if rng is None:
        return _filled(np.argsort(-lengths, kind="stable"), lengths, budget, limit)
    order = rng.permutation(len(lengths))
    pool = max(int(_SHUFFLED_TOGETHER * len(lengths) * budget / max(int(lengths.sum()), 1)), 1)
    batches = []
    for first in range(0, len(order), pool):
        rows = order[first : first + pool]
        batches += _filled(rows[np.argsort(-lengths[rows], kind="stable")], lengths, budget, limit)
    return [batches[place] for place in rng.permutation(len(batches))]


def _filled(
    rows: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], budget: int, limit: int
) -> list[npt.NDArray[np.int64]]:
    """Proteins, longest first, cut into batches."""
    batches = []
    first = 0
    while first < len(rows):
        fitting = budget // max(int(lengths[rows[first]]), 1)
        last = first + max(min(fitting, limit), 1)
        batches.append(rows[first:last])
        first = last
    return batches
