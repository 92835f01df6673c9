"""GradientSHAP: gradients on the ways from random baselines (Lundberg and Lee 2017; Erion et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from psl_index.errors import UsageError
from psl_models.attention import generator_of, residues_of
from psl_models.attribution.integrated_gradients import completeness_gaps
from psl_models.attribution.method import Explained, Scores
from psl_models.attribution.repetitions import repetitions
from psl_models.batches import Batch


@dataclass(frozen=True)
class GradientShap:
    """What a residue contributes beyond the same residues in random order.

    Each of m samples has a baseline b, the embedded residues of the protein shuffled, and an evenly drawn a from 0 to
    1, both from its residues and the seed; with the embedded protein x the score of residue i is

        1/m sum_samples sum_c (x_ic - b_ic) df/dx_ic (b + a (x - b)).

    Over all residues they add up to f(x) - mean f(b) as m grows; the gap says how far they are from it. Composition
    alone counts for nothing. A guide's weights stay those of the protein as it is.

    Attributes
    ----------
    samples : int
        Of each protein.

    Raises
    ------
    UsageError
        `samples` is below 1.
    """

    draws: ClassVar[bool] = True
    samples: int = 50

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UsageError(f"samples is {self.samples}, expected at least 1")

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Scores and gaps; see `psl_models.attribution.method.Method`."""
        embedded, guidance = explained.embed(batch.tokens), explained.guidance(batch)
        residues = residues_of(batch)
        scores = embedded.new_zeros(embedded.shape[:2])
        expected = embedded.new_zeros(len(embedded))
        for proteins, times, width in repetitions(batch.lengths, self.samples, explained.budget):
            lengths, wanted = batch.lengths[proteins], targets[proteins]
            weights = None if guidance is None else guidance[proteins, :width]
            tokens = batch.tokens[proteins, :width].cpu().numpy()
            shares = np.empty(len(tokens))
            for row, (protein, time) in enumerate(zip(proteins.tolist(), times.tolist(), strict=True)):
                generator = generator_of(residues[protein], explained.seed, time)
                generator.shuffle(tokens[row, : len(residues[protein])])
                shares[row] = generator.random()
            baselines = explained.embed(torch.from_numpy(tokens).to(embedded.device))
            way = embedded[proteins, :width] - baselines  # zero at padding, which is not shuffled
            points = torch.addcmul(baselines, way, torch.from_numpy(shares).to(way)[:, None, None])
            part = (explained.gradients(points, lengths, wanted, weights) * way).sum(dim=2)
            scores[:, :width].index_add_(0, proteins, part, alpha=1 / self.samples)
            with torch.no_grad():
                there = explained.logits(baselines, lengths, wanted, weights)
            expected.index_add_(0, proteins, there, alpha=1 / self.samples)
        with torch.no_grad():
            logits = explained.logits(embedded, batch.lengths, targets, guidance)
        return Scores(scores, completeness_gaps(scores, logits, expected))
