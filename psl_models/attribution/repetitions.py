"""Proteins that go through a network many times: steps of a path, or samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor


class Repetitions(NamedTuple):
    """m rows that go through a network together, each one of the times of one protein."""

    proteins: Tensor  # int64 of shape (m,), places in the batch
    times: Tensor  # int64 of shape (m,), from 0
    width: int  # residues of the longest of them


def repetitions(lengths: Tensor, times: int, budget: int) -> Iterator[Repetitions]:
    """Every protein of a batch `times` times, in parts of at most `budget` tokens, padding included.

    Parameters
    ----------
    lengths : Tensor
        Residues of each protein, int64 of shape (n,).
    times : int
    budget : int
        A protein that is longer goes alone, once at a time.
    """
    # The times of a protein stand together, and beside them the next shorter one's: little of a part is padding.
    order = torch.argsort(lengths, descending=True, stable=True)
    first = 0
    while first < len(order) * times:
        width = int(lengths[order[first // times]])
        last = min(first + max(budget // width, 1), len(order) * times)
        rows = torch.arange(first, last, device=lengths.device)
        yield Repetitions(order[rows // times], rows % times, width)
        first = last
