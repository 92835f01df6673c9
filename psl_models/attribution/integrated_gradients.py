"""Integrated gradients over the embedding (Sundararajan, Taly and Yan 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from psl_index.errors import UsageError
from psl_models.attribution.method import Explained, Scores
from psl_models.attribution.paths import MOST_NODES, Baseline, path_to, refined_integral, whole_integral
from psl_models.batches import Batch


@dataclass(frozen=True)
class IntegratedGradients:
    """Gradients of the target's logit on the straight path from a baseline, times the way, added up over the channels.

    With the embedded protein x, the baseline b, and nodes a_k and weights w_k of the Gauss-Legendre rule on [0, 1], the
    score of residue i is

        sum_c (x_ic - b_ic) sum_k w_k df/dx_ic (b + a_k (x - b)).

    Over all residues they add up to f(x) - f(b) but for the error of the rule; how far they are from it, as a share of
    it, is the gap. A guide's weights stay those of the protein as it is.

    Attributes
    ----------
    steps : int
        Nodes of the rule.
    baseline : Baseline
        ``pad``, the embedding of the padding token at every residue, or ``zero``.
    tolerance : float or None
        Proteins whose gap is above it are done again, with nodes where the path needs them
        (`psl_models.attribution.paths.refined_integral`), and keep what has the smaller gap; what is above it then
        shows in its gap. None does each protein once.
    most_steps : int
        Further nodes of a protein that is done again.
    normalised : bool
        Divides the scores of each protein by their L2 norm, as the study does; the gap is that before.

    Raises
    ------
    UsageError
        `steps` is below 1 or above 10,000, `most_steps` below `steps`, or `tolerance` not above 0.
    """

    steps: int = 50
    baseline: Baseline = "pad"
    tolerance: float | None = 0.01
    most_steps: int = 200
    normalised: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MOST_NODES:
            raise UsageError(f"steps is {self.steps}, expected 1 to {MOST_NODES:,}")
        if self.tolerance is not None and not self.tolerance > 0:
            raise UsageError(f"tolerance is {self.tolerance}, expected more than 0, or none")
        if self.tolerance is not None and self.most_steps < self.steps:
            raise UsageError(
                f"most_steps is {self.most_steps}, expected at least as many as steps, {self.steps}",
                remedy="set both, or tolerance=none to do each protein once",
            )

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Scores and gaps; see `psl_models.attribution.method.Method`."""
        path = path_to(explained, batch, targets, self.baseline)
        scores = whole_integral(explained, path, self.steps)
        # What is no number is above any tolerance.
        gaps = completeness_gaps(scores, path.last, path.first).nan_to_num_(torch.inf, torch.inf)
        if self.tolerance is not None:
            (rows,) = torch.nonzero(gaps > self.tolerance, as_tuple=True)
            if len(rows):
                part = path.of(rows)
                refined = refined_integral(explained, part, scores[rows], self.tolerance, self.most_steps)
                refined_gaps = completeness_gaps(refined, part.last, part.first)
                better = refined_gaps < gaps[rows]
                rows = rows[better]
                scores[rows], gaps[rows] = refined[better], refined_gaps[better]
        if self.normalised:
            scores = scores / scores.norm(dim=1, keepdim=True).clamp(min=torch.finfo(scores.dtype).tiny)
        return Scores(scores, gaps)


#: What the published study did; there the target is the true class, and models with attention pool by their last
#: states, which is the model's to say (``pslidx import-checkpoint --pooling last``).
AS_RELEASED: Final = IntegratedGradients(steps=50, baseline="pad", tolerance=None, normalised=True)


_ROUNDED: Final = 64  # units in the last place by which logits and sums over residues may be off


def completeness_gaps(scores: Tensor, last: Tensor, first: Tensor) -> Tensor:
    """\\|sum of the scores - (last - first)\\| / \\|last - first\\| of each protein, float of shape (n,).

    `last` and `first` are logits whose difference the scores, (n, width), should add up to. What rounding of the logits
    alone can make is none: an error up to that counts as none, and the difference as at least that.
    """
    difference = last - first
    least = (last.abs() + first.abs()).clamp(min=1) * (_ROUNDED * torch.finfo(scores.dtype).eps)
    error = (scores.sum(dim=1) - difference).abs()
    return torch.where(error <= least, 0, error / difference.abs().maximum(least))
