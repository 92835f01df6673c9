"""Methods that look at the gradient of the target's logit by the embedded residues, at or near the protein itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from psl_index.errors import UsageError
from psl_models.attention import generator_of, residues_of
from psl_models.attribution.method import Explained, Scores
from psl_models.attribution.repetitions import repetitions
from psl_models.batches import Batch
from psl_models.encoding import PAD

Norm = Literal["l2", "l1"]


@dataclass(frozen=True)
class Saliency:
    """Size of the gradient at each residue (Simonyan, Vedaldi and Zisserman 2014).

    Attributes
    ----------
    norm : Norm
        Over the channels of the embedding: ``l2``, or ``l1``, the sum of absolute values.
    """

    norm: Norm = "l2"

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Sizes; see `psl_models.attribution.method.Method`."""
        embedded, weights = explained.embed(batch.tokens), explained.guidance(batch)
        return Scores(size(explained.gradients(embedded, batch.lengths, targets, weights), self.norm))


@dataclass(frozen=True)
class InputTimesGradient:
    """The gradient times the embedded residue, added up over the channels (Shrikumar et al. 2016)."""

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Scores; see `psl_models.attribution.method.Method`."""
        embedded, weights = explained.embed(batch.tokens), explained.guidance(batch)
        return Scores((explained.gradients(embedded, batch.lengths, targets, weights) * embedded).sum(dim=2))


@dataclass(frozen=True)
class SmoothGrad:
    """Size of the mean of gradients near the protein (Smilkov et al. 2017).

    Normal noise is added to every channel of every residue, drawn for each protein from its residues and the seed.

    Attributes
    ----------
    samples : int
        Gradients of each protein.
    noise : float
        Standard deviation of the noise, as a share of the range of values that the model embeds residues to.
    norm : Norm
        As for `Saliency`.

    Raises
    ------
    UsageError
        `samples` is below 1 or `noise` below 0.
    """

    draws: ClassVar[bool] = True
    samples: int = 25
    noise: float = 0.15
    norm: Norm = "l2"

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UsageError(f"samples is {self.samples}, expected at least 1")
        if not 0 <= self.noise < np.inf:
            raise UsageError(f"noise is {self.noise}, expected 0 or more")

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Sizes; see `psl_models.attribution.method.Method`."""
        embedded, guidance = explained.embed(batch.tokens), explained.guidance(batch)
        values = explained.embed(torch.arange(PAD, device=embedded.device))
        deviation = self.noise * float(values.max() - values.min())
        residues = residues_of(batch)
        mean = torch.zeros_like(embedded)
        for proteins, times, width in repetitions(batch.lengths, self.samples, explained.budget):
            points = embedded[proteins, :width]
            drawn = np.zeros(tuple(points.shape), np.float32)
            for row, (protein, time) in enumerate(zip(proteins.tolist(), times.tolist(), strict=True)):
                generator = generator_of(residues[protein], explained.seed, time)
                generator.standard_normal(out=drawn[row, : len(residues[protein])], dtype=np.float32)
            points += deviation * torch.from_numpy(drawn).to(points)
            weights = None if guidance is None else guidance[proteins, :width]
            gradients = explained.gradients(points, batch.lengths[proteins], targets[proteins], weights)
            mean[:, :width].index_add_(0, proteins, gradients, alpha=1 / self.samples)
        return Scores(size(mean, self.norm))


def size(gradients: Tensor, norm: Norm) -> Tensor:
    """Size of the gradient at each residue, (n, width), of gradients of shape (n, width, channels)."""
    sizes: Tensor = torch.linalg.vector_norm(gradients, ord=2 if norm == "l2" else 1, dim=2)
    return sizes
