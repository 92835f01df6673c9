"""Attention altered after training: the controls of the study, and weights that are handed in.

What is random is drawn for each protein from its residues and a seed: the same protein gets the same weights whatever
else is asked for, and in whatever order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from psl_index.errors import UsageError
from psl_models.batches import Batch
from psl_models.layers.layout import Layout
from psl_models.layers.pooling import Weighing

AttentionName = Literal["learned", "uniform", "permuted", "random"]
ATTENTIONS: Final = get_args(AttentionName)


def altered(name: AttentionName, batch: Batch, seed: int) -> Weighing | None:
    """Weights for the proteins of `batch` as the study alters them; None for ``learned``, which alters nothing.

    ``uniform`` is one over the length, ``permuted`` the softmax of the learned scores in random order, ``random`` the
    softmax of scores drawn evenly from 0 to 1.
    """
    if name == "learned":
        return None
    if name == "uniform":
        return _uniform
    if name == "permuted":
        return _Permuted(_orders(batch, seed))
    return _Scored(_random_scores(batch, seed))


def given(weights: Sequence[npt.NDArray[np.float32]], width: int, device: torch.device | None = None) -> Weighing:
    """The weights of each protein of a batch, handed in: (length,) each."""
    laid_out = np.zeros((len(weights), width), np.float32)
    for place, row in enumerate(weights):
        laid_out[place, : len(row)] = row
    tensor = torch.from_numpy(laid_out).to(device)
    return lambda scores, layout: tensor


def across(scores: Tensor | None, layout: Layout) -> Tensor:
    """Weights laid out across the proteins of a batch, as by the study's code: at residues that others' scores are of.

    The scores of a batch, position by position and in each the proteins side by side, are cut into rows of a batch's
    width, a row for each protein, and the softmax taken of each row. Of one protein alone this is the softmax of its
    scores; of several, a protein's answer depends on its batch mates. For models that were trained so.
    """
    if scores is None:
        raise UsageError("this model has no attention to lay out", remedy="take one with --pooling attention")
    laid_out = scores.T.reshape(scores.shape)
    empty = laid_out.isinf().all(1, keepdim=True)  # in a narrow batch a row may come from padding alone
    return torch.softmax(laid_out.masked_fill(empty, 0.0), dim=1).masked_fill(empty, 0.0)


def residues_of(batch: Batch) -> list[bytes]:
    """Tokens of each protein of a batch, one byte a residue."""
    tokens = batch.tokens.cpu().numpy().astype(np.uint8)
    return [row[:length].tobytes() for row, length in zip(tokens, batch.lengths.tolist(), strict=True)]


def generator_of(residues: bytes, *seeds: int) -> np.random.Generator:
    """Random numbers for a protein, from its tokens as `residues_of` gives them, and seeds of at least 0."""
    digest = hashlib.blake2b(residues, digest_size=8).digest()
    return np.random.default_rng([*seeds, int.from_bytes(digest, "little")])


class _Permuted:
    """Scores in another order, padding last as before."""

    def __init__(self, orders: Tensor) -> None:
        self._orders = orders

    def __call__(self, scores: Tensor | None, layout: Layout) -> Tensor:
        if scores is None:
            raise UsageError("this model has no attention to permute", remedy="take one with --pooling attention")
        return torch.softmax(scores.gather(1, self._orders), dim=1)


class _Scored:
    """Scores that are not the model's."""

    def __init__(self, scores: Tensor) -> None:
        self._scores = scores

    def __call__(self, scores: Tensor | None, layout: Layout) -> Tensor:
        return torch.softmax(self._scores, dim=1)


def _uniform(scores: Tensor | None, layout: Layout) -> Tensor:
    return layout.mask.to(torch.get_default_dtype()) / layout.lengths[:, None]


def _orders(batch: Batch, seed: int) -> Tensor:
    orders = np.tile(np.arange(batch.tokens.shape[1]), (len(batch.lengths), 1))
    for place, residues in enumerate(residues_of(batch)):
        orders[place, : len(residues)] = generator_of(residues, seed).permutation(len(residues))
    return torch.from_numpy(orders).to(batch.tokens.device)


def _random_scores(batch: Batch, seed: int) -> Tensor:
    scores = np.full(tuple(batch.tokens.shape), -np.inf, np.float32)
    for place, residues in enumerate(residues_of(batch)):
        scores[place, : len(residues)] = generator_of(residues, seed).random(len(residues), np.float32)
    return torch.from_numpy(scores).to(batch.tokens.device)
