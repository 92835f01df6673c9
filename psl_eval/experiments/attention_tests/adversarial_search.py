"""Other weights with the same answer, as far from the learned ones as a search by gradient finds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from psl_eval.experiments.attention_tests.readouts import Floats, Readout
from psl_eval.experiments.attention_tests.sparse_weights import sparse_weights
from psl_models.attention import generator_of
from psl_models.configuration import Task

_SPREAD: Final = 1e-4  # of all weight, evenly over the residues: where there is none, there is no gradient
_BUDGET: Final = 1 << 14  # residues of the proteins that are searched together, padding included


@dataclass(frozen=True)
class AdversarialSearch:
    """Candidate weightings of a protein, together as far from the learned weights, and from each other, as they can be.

    Attributes
    ----------
    epsilon : float
        Total variation that the answer may move by.
    candidates : int
        Weightings of each protein, at least 2.
    steps : int
        Of Adam.
    learning_rate : float
        Of Adam, on the logits of the weights.
    penalty : float
        Of the total variation beyond `epsilon`.

    Notes
    -----
    Maximises ``sum_i JSD(a_i, a) + sum_{i<j} JSD(a_i, a_j) / (k (k - 1)) - penalty / k * sum_i max(0, TVD_i -
    epsilon)`` over the softmax logits of all k candidates of a protein by Adam, the relaxed objective of Jain and
    Wallace 2019, section 4.2.2. Of each candidate that weighting is kept which, of all on its way that hold the answer
    within `epsilon`, is farthest from the learned weights; these themselves where there is none.

    What differs from the paper and its code, for otherwise the search stops far from what there is:

    - Candidates begin at sparse weights that leave the answer as it is (`sparse_weights`), at residues away from the
      learned weights and from the candidates before; not at noise, which gives another answer: of a network whose
      residues know nothing of each other, the search never finds back from there.
    - The penalty is 50, not 500: with 500 the weights bounce off the bound, and come to rest far from it.
    - The best weights on the way count, not the last: those may lie just beyond `epsilon`.
    - `epsilon` is the same in the search and in what counts as found; the paper's code searches within 0.01 (of twice
      the total variation) whatever is counted.
    """

    epsilon: float = 0.05
    candidates: int = 5
    steps: int = 300
    learning_rate: float = 0.3
    penalty: float = 50.0

    def run(self, readouts: Sequence[Readout], seed: int) -> list[Floats]:
        """Of each protein the candidates, float64 of shape (candidates, length)."""
        found: list[Floats] = [np.empty(0)] * len(readouts)
        order = sorted(range(len(readouts)), key=lambda place: -len(readouts[place].weights))
        for together in _together(order, [len(each.weights) for each in readouts]):
            padded = _Padded.of([readouts[place] for place in together])
            best = self._search(padded, self._begin(padded, [readouts[place] for place in together], seed))
            for place, candidates in zip(together, best, strict=True):
                weights = candidates[:, : len(readouts[place].weights)].numpy()
                found[place] = weights / weights.sum(axis=1, keepdims=True)
        return found

    def _begin(self, padded: _Padded, readouts: Sequence[Readout], seed: int) -> Tensor:
        """Logits of all candidates, (n, candidates, width), drawn from the residues of each protein and the seed."""
        logits = np.zeros((len(readouts), self.candidates, padded.mask.shape[1]))
        for place, readout in enumerate(readouts):
            length = len(readout.weights)
            rng = generator_of(readout.residues, seed)
            avoided = readout.weights.copy()
            for candidate in range(self.candidates):
                start = sparse_weights(readout, avoided, rng)
                chosen = readout.weights if start is None else start
                avoided += chosen
                logits[place, candidate, :length] = np.log((1 - _SPREAD) * chosen + _SPREAD / length)
        return torch.from_numpy(logits)

    def _search(self, padded: _Padded, logits: Tensor) -> Tensor:
        """The best candidates, (n, candidates, width)."""
        logits = logits.requires_grad_()
        optimiser = torch.optim.Adam([logits], lr=self.learning_rate, amsgrad=True)
        best = padded.learned[:, None].repeat(1, self.candidates, 1)
        reached = best.new_zeros(best.shape[:2])
        for step in range(self.steps + 1):
            weights = torch.softmax(logits.masked_fill(~padded.mask[:, None], -torch.inf), dim=2)
            moved = padded.moved(weights)
            entropies = _entropy(weights)
            away = _divergence(weights, entropies, padded.learned[:, None], padded.entropy[:, None])
            with torch.no_grad():
                better = (moved <= self.epsilon) & (away > reached)
                best = torch.where(better[..., None], weights, best)
                reached = torch.where(better, away, reached)
            if step == self.steps:
                break
            beyond = torch.relu(moved - self.epsilon).mean(dim=1) * self.penalty
            # A protein's objective depends on no other protein: the sum has the gradients of all of them.
            loss = (beyond - away.sum(dim=1) - self._apart(weights, entropies)).sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return best

    def _apart(self, weights: Tensor, entropies: Tensor) -> Tensor:
        """How far the candidates of each protein are from each other, (n,)."""
        total = weights.new_zeros(len(weights))
        for one in range(self.candidates - 1):
            others = slice(one + 1, None)
            here, entropy = weights[:, one : one + 1], entropies[:, one : one + 1]
            total = total + _divergence(here, entropy, weights[:, others], entropies[:, others]).sum(dim=1)
        return total / (self.candidates * (self.candidates - 1))


@dataclass(frozen=True, eq=False)
class _Padded:
    """Readouts of n proteins as rectangles.

    In float64: Adam divides each gradient by its size, and would make steps of what is rounding in float32.
    """

    learned: Tensor  # (n, width), zero at padding
    entropy: Tensor  # (n,) of the learned weights
    values: Tensor  # (n, width, classes)
    bias: Tensor  # (n, classes)
    mask: Tensor  # (n, width), True at residues
    task: Task

    @classmethod
    def of(cls, readouts: Sequence[Readout]) -> _Padded:
        width = max(len(each.weights) for each in readouts)
        shape = (len(readouts), width)
        learned = torch.zeros(shape, dtype=torch.float64)
        mask = torch.zeros(shape, dtype=torch.bool)
        values = learned.new_zeros(*shape, len(readouts[0].bias))
        for place, readout in enumerate(readouts):
            length = len(readout.weights)
            learned[place, :length] = torch.from_numpy(readout.weights)
            values[place, :length] = torch.from_numpy(readout.values)
            mask[place, :length] = True
        bias = torch.from_numpy(np.stack([each.bias for each in readouts]))
        return cls(learned, _entropy(learned), values, bias, mask, readouts[0].task)

    def moved(self, weights: Tensor) -> Tensor:
        """Total variation of the answers to `weights`, (n, candidates, width), from those to the learned ones."""
        differences = (self._answers(weights) - self._answers(self.learned[:, None])).abs()
        return differences.mean(dim=2) if self.task == "multi-label" else differences.sum(dim=2) / 2

    def _answers(self, weights: Tensor) -> Tensor:
        logits = torch.bmm(weights, self.values) + self.bias[:, None]
        return torch.sigmoid(logits) if self.task == "multi-label" else torch.softmax(logits, dim=2)


def _together(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Proteins, longest first, cut into groups of at most `_BUDGET` residues; a longer one is alone."""
    together: list[int] = []
    for place in order:
        if together and (len(together) + 1) * lengths[together[0]] > _BUDGET:
            yield together
            together = []
        together.append(place)
    if together:
        yield together


def _entropy(weights: Tensor) -> Tensor:
    """Along the last axis, in nats; its gradient at 0 is finite."""
    return -(weights * weights.clamp(min=1e-20).log()).sum(dim=-1)


def _divergence(p: Tensor, entropy_of_p: Tensor, q: Tensor, entropy_of_q: Tensor) -> Tensor:
    """Jensen-Shannon divergence along the last axis."""
    return _entropy((p + q) / 2) - (entropy_of_p + entropy_of_q) / 2
