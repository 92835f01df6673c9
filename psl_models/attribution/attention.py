"""The weights with which a model pools, learned or altered, as scores.

They depend on no target. Whether they explain anything is what the controls are for (Jain and Wallace 2019, Attention
is not Explanation; Wiegreffe and Pinter 2019, Attention is not not Explanation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import torch
from torch import Tensor

from psl_index.errors import UsageError
from psl_models.attention import AttentionName, altered, generator_of, residues_of
from psl_models.attribution.method import Explained, Scores
from psl_models.batches import Batch
from psl_models.layers.pooling import LEARNED

_NO_WEIGHTS: Final = "it takes its last states and has no weights"
_ALIKE: Final = "it has learned no weights, and pools all residues alike"
_WITH_WEIGHTS: Final = "take a model with --pooling attention, or another method"


@dataclass(frozen=True)
class LearnedAttention:
    """The model's own weights."""

    weights: ClassVar[AttentionName] = "learned"
    draws: ClassVar[bool] = False

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Weights; see `psl_models.attribution.method.Method`."""
        return Scores(_weights(explained, batch, self.weights))


class UniformAttention(LearnedAttention):
    """One over the length at each residue."""

    weights = "uniform"


class PermutedAttention(LearnedAttention):
    """The model's own weights in random order."""

    weights = "permuted"
    draws = True


class RandomAttention(LearnedAttention):
    """The softmax of scores drawn evenly from 0 to 1."""

    weights = "random"
    draws = True


@dataclass(frozen=True)
class ShiftedAttention:
    """The model's own weights, rotated: runs of high weights stay as long as they are, at other places.

    What goes beyond the last residue comes back at the first. The distance is drawn evenly for each protein, so that
    each weight moves by at least `least` residues in both directions around; a protein too short for that is rotated by
    half its length.

    Attributes
    ----------
    least : int
        Residues.

    Raises
    ------
    UsageError
        `least` is below 1.
    """

    draws: ClassVar[bool] = True
    least: int = 10

    def __post_init__(self) -> None:
        if self.least < 1:
            raise UsageError(f"least is {self.least}, expected at least 1 residue")

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Weights; see `psl_models.attribution.method.Method`."""
        weights = _weights(explained, batch, "learned")
        shifts = [self._shift(residues, explained.seed) for residues in residues_of(batch)]
        position = torch.arange(weights.shape[1], device=weights.device)
        lengths = batch.lengths[:, None]
        origin = (position - torch.tensor(shifts, device=weights.device)[:, None]) % lengths
        return Scores(weights.gather(1, torch.where(position < lengths, origin, position)))

    def _shift(self, residues: bytes, seed: int) -> int:
        if len(residues) < 2 * self.least:
            return len(residues) // 2
        return int(generator_of(residues, seed).integers(self.least, len(residues) - self.least, endpoint=True))


@torch.no_grad()
def _weights(explained: Explained, batch: Batch, name: AttentionName) -> Tensor:
    """Weights with which the model pools, (n, width)."""
    pooling = explained.model.configuration.pooling
    if pooling == "last":
        raise explained.refuse("attention", _NO_WEIGHTS, _WITH_WEIGHTS)
    if pooling not in LEARNED and name == "learned":
        raise explained.refuse("attention", _ALIKE, _WITH_WEIGHTS)
    weights = explained.model.answer(batch, altered(name, batch, explained.seed)).weights
    assert weights is not None  # every other pooling has some
    return weights
