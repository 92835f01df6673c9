"""Gradients integrated along the straight path from a baseline to a protein, evenly or where the path is hard.

The logit of a network with LSTMs can leap within a thousandth of the path, where the constant residues of a baseline
turn into a protein; nodes spread evenly miss that, however smooth the rest is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor

from psl_models.attribution.method import Explained
from psl_models.attribution.repetitions import repetitions
from psl_models.batches import Batch
from psl_models.encoding import PAD

Baseline = Literal["pad", "zero"]
_NODES: Final = 10  # of each part of a refined path
_NEGLIGIBLE: Final = 0.05  # share of the tolerance that a part's error may be without it being halved


@dataclass(frozen=True)
class Path:
    """The straight paths from the baselines of n proteins to the proteins."""

    start: Tensor  # (n, width, channels)
    way: Tensor  # (n, width, channels), zero at padding
    lengths: Tensor  # int64 of shape (n,)
    targets: Tensor  # int64 of shape (n,)
    weights: Tensor | None  # (n, width), of a guide
    first: Tensor  # (n,), the target's logit at the start
    last: Tensor  # (n,), at the protein

    @property
    def difference(self) -> Tensor:
        """What the scores should add up to, (n,)."""
        return self.last - self.first

    def of(self, rows: Tensor) -> Path:
        """The paths of some proteins, which may come several times."""
        weights = None if self.weights is None else self.weights[rows]
        tensors = (self.start, self.way, self.lengths, self.targets)
        start, way, lengths, targets = (tensor[rows] for tensor in tensors)
        return Path(start, way, lengths, targets, weights, self.first[rows], self.last[rows])

    def logits(self, explained: Explained, rows: Tensor, shares: Tensor) -> Tensor:
        """The target's logit of the proteins `rows` at a share of their way each, (m,)."""
        found = self.first.new_empty(len(rows))
        for places, _, width in repetitions(self.lengths[rows], 1, explained.budget):
            part = rows[places]
            points = torch.addcmul(self.start[part, :width], self.way[part, :width], shares[places, None, None])
            found[places] = explained.logits(points, self.lengths[part], self.targets[part], self._weights(part, width))
        return found

    def integrals(self, explained: Explained, steps: int, rows: Tensor, left: Tensor, right: Tensor) -> Tensor:
        """Scores by the Gauss-Legendre rule of stretches of paths, (m, width), zero at padding.

        `rows` are their proteins, `left` and `right` their ends as shares of the way; each gets `steps` nodes.
        """
        nodes, shares = (torch.from_numpy(numbers).to(self.way) for numbers in np.polynomial.legendre.leggauss(steps))
        centre, half = (left + right) / 2, (right - left) / 2
        scores = self.way.new_zeros(len(rows), self.way.shape[1])
        for places, times, width in repetitions(self.lengths[rows], steps, explained.budget):
            part = rows[places]
            way = self.way[part, :width]
            at = centre[places] + half[places] * nodes[times]
            points = torch.addcmul(self.start[part, :width], way, at[:, None, None])
            weights = self._weights(part, width)
            gradients = explained.gradients(points, self.lengths[part], self.targets[part], weights)
            along = gradients.mul_(way).sum(dim=2).mul_((half[places] * shares[times])[:, None])
            scores[:, :width].index_add_(0, places, along)
        return scores

    def _weights(self, rows: Tensor, width: int) -> Tensor | None:
        return None if self.weights is None else self.weights[rows, :width]


def path_to(explained: Explained, batch: Batch, targets: Tensor, baseline: Baseline) -> Path:
    """The path to each protein of a batch, for the logits `targets`, int64 of shape (n,)."""
    end = explained.embed(batch.tokens)
    start = baseline_of(explained, batch, baseline)
    residues = torch.arange(end.shape[1], device=end.device) < batch.lengths[:, None]
    weights = explained.guidance(batch)
    with torch.no_grad():
        first, last = (explained.logits(point, batch.lengths, targets, weights) for point in (start, end))
    return Path(start, (end - start) * residues[..., None], batch.lengths, targets, weights, first, last)


def baseline_of(explained: Explained, batch: Batch, baseline: Baseline) -> Tensor:
    """What stands for no residues, of the shape of the embedded batch."""
    padding = explained.embed(torch.full_like(batch.tokens, PAD))
    return padding if baseline == "pad" else torch.zeros_like(padding)


def whole_integral(explained: Explained, path: Path, steps: int) -> Tensor:
    """Scores of shape (n, width), zero at padding, with `steps` nodes over each path."""
    rows = torch.arange(len(path.lengths), device=path.way.device)
    return path.integrals(explained, steps, rows, torch.zeros_like(path.first), torch.ones_like(path.first))


@torch.no_grad()
def refined_integral(explained: Explained, path: Path, tolerance: float, most_steps: int) -> Tensor:
    """Scores of shape (n, width), zero at padding, with nodes where they are needed.

    A stretch whose scores do not add up to the difference of the logits at its ends is halved, beginning with the whole
    path, until the errors of all stretches of a protein are within `tolerance` of its difference, or further halves
    would take more than `most_steps` gradients.
    """
    scores = path.way.new_zeros(path.way.shape[:2])
    allowed = tolerance * path.difference.abs()
    settled = torch.zeros_like(path.first)  # errors of the stretches that are done
    used = torch.zeros_like(path.first)
    rows = torch.arange(len(path.lengths), device=scores.device)
    left, right, first, last = torch.zeros_like(path.first), torch.ones_like(path.first), path.first, path.last
    while len(rows):
        stretches = path.integrals(explained, _NODES, rows, left, right)
        errors = (stretches.sum(dim=1) - (last - first)).abs()
        hard = errors > _NEGLIGIBLE * allowed[rows]
        used.index_add_(0, rows, torch.full_like(errors, _NODES))
        wanted = used.index_add(0, rows, 2 * _NODES * hard.to(errors))
        open_ = (settled.index_add(0, rows, errors) > allowed) & (wanted <= most_steps)
        halved = hard & open_[rows]
        done = ~halved
        scores.index_add_(0, rows[done], stretches[done])
        settled.index_add_(0, rows[done], errors[done])
        rows, left, right, first, last = (ends[halved] for ends in (rows, left, right, first, last))
        centre = (left + right) / 2
        middle = path.logits(explained, rows, centre)
        rows = torch.cat([rows, rows])
        left, right = torch.cat([left, centre]), torch.cat([centre, right])
        first, last = torch.cat([first, middle]), torch.cat([middle, last])
    return scores
