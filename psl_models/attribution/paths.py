"""Gradients integrated along the straight path from a baseline to a protein, evenly or where the path is hard.

The logit of a network with LSTMs can leap within a thousandth of the path, where the constant residues of a baseline
turn into a protein, and go up and down over half of it; nodes spread evenly miss the one and waste the rest.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from psl_models.attribution.method import Explained
from psl_models.attribution.repetitions import repetitions
from psl_models.batches import Batch
from psl_models.encoding import PAD

Baseline = Literal["pad", "zero"]
_NODES: Final = 5  # of each stretch of a refined path; on rough paths many short stretches beat more nodes each
_NARROWEST: Final = 2.0**-18  # of a path: shares of it have 24 bits, and narrower stretches no room for the nodes


MOST_NODES: Final = 10_000  # of a rule, whose computation takes memory by their square


@functools.cache
def _gauss_legendre(nodes: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Nodes in [-1, 1] and their weights."""
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return places, weights


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
        nodes, shares = (torch.from_numpy(numbers).to(self.way) for numbers in _gauss_legendre(steps))
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
def refined_integral(explained: Explained, path: Path, scores: Tensor, tolerance: float, most_steps: int) -> Tensor:
    """Scores of shape (n, width), zero at padding, with nodes where they are needed.

    `scores`, of the same shape, are those of each path as one stretch. Of the stretches of a protein the one whose
    scores are furthest from adding up to the difference of the logits at its ends is halved, until what all are off by
    is within `tolerance` of the protein's difference, or further halves would take more than `most_steps` gradients.
    """
    found = torch.empty_like(scores)
    rows = torch.arange(len(scores), device=scores.device)
    # Every protein that is not done has been halved as often as the others: n proteins have s stretches each.
    left, right = torch.zeros_like(path.first)[:, None], torch.ones_like(path.first)[:, None]
    first, last, parts = path.first[:, None], path.last[:, None], scores[:, None]  # (n, s), (n, s), (n, s, width)
    while True:
        errors = (parts.sum(dim=2) - (last - first)).abs().masked_fill(right - left < _NARROWEST, 0)
        done = errors.sum(dim=1) <= tolerance * path.difference[rows].abs()
        if 2 * _NODES * parts.shape[1] > most_steps:
            done[:] = True
        found[rows[done]] = parts[done].sum(dim=1)
        rows, left, right, first, last, parts, errors = (
            state[~done] for state in (rows, left, right, first, last, parts, errors)
        )
        if not len(rows):
            return found
        worst = errors.argmax(dim=1, keepdim=True)
        start, end = left.gather(1, worst), right.gather(1, worst)
        centre = (start + end) / 2
        middle = path.logits(explained, rows, centre[:, 0])[:, None]
        ends = torch.cat([start, centre])[:, 0], torch.cat([centre, end])[:, 0]
        halves = path.integrals(explained, _NODES, rows.repeat(2), *ends)
        nearer, further = halves[:, None].chunk(2)
        # The nearer half takes the place of the stretch; the further one comes at the end.
        left = torch.cat([left, centre], 1)
        right = torch.cat([right.scatter(1, worst, centre), end], 1)
        first = torch.cat([first, middle], 1)
        last = torch.cat([last.scatter(1, worst, middle), last.gather(1, worst)], 1)
        parts = torch.cat([parts.scatter(1, worst[..., None].expand_as(nearer), nearer), further], 1)
