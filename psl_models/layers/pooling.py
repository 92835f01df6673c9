"""From the states of all residues to one vector a protein."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, get_args

import torch
from torch import Tensor, nn

from psl_index.errors import UsageError
from psl_models.layers.additive_scores import additive_scores
from psl_models.layers.layout import Layout

PoolingName = Literal["last", "attention", "uniform", "uniform-sum", "guided"]
POOLINGS: Final = get_args(PoolingName)
#: Those that were learned to weigh one residue more than another.
LEARNED: Final = ("attention", "guided")

#: Weights of shape (n, width), zero at padding, from attention scores of shape (n, width), which are minus infinity at
#: padding (None where the model has no attention).
Weighing = Callable[[Tensor | None, Layout], Tensor]


class Attention(nn.Module):
    """Scores u tanh(W h + b) of every state h (Bahdanau et al. 2015; the study's has no b).

    Parameters
    ----------
    channels : int
        Of the states.
    units : int
        Rows of W.
    bias : bool
    """

    def __init__(self, channels: int, units: int, *, bias: bool) -> None:
        super().__init__()
        self.inner = nn.Linear(channels, units, bias=bias)
        self.outer = nn.Linear(units, 1, bias=False)

    def forward(self, states: Tensor, layout: Layout) -> Tensor:
        """Scores of shape (n, width), minus infinity at padding; `states` is (width, n, channels)."""
        weight = self.inner.weight
        if states.device.type == "cpu":
            scores = additive_scores(states.to(weight.dtype), weight, self.inner.bias, self.outer.weight[0])
        else:
            scores = self.outer(torch.tanh(self.inner(states)))[..., 0]
        return scores.T.masked_fill(~layout.mask, -torch.inf)


class Pooling(nn.Module):
    """Weighted states added up, or the last state of each direction.

    ``attention`` weighs by the softmax of scores, ``uniform`` by one over the length, ``uniform-sum`` by one (as the
    study's code), ``guided`` by weights that are handed in.

    Parameters
    ----------
    name : PoolingName
    attention : Attention or None
        Given for ``attention`` only.
    directions : int
        Directions whose states stand side by side; of the second, ``last`` is at the first residue.
    """

    def __init__(self, name: PoolingName, attention: Attention | None, directions: int) -> None:
        super().__init__()
        self.name = name
        self.attention = attention
        self._directions = directions

    def forward(self, states: Tensor, layout: Layout, weighing: Weighing | None = None) -> tuple[Tensor, Tensor | None]:
        """Pooled states of shape (n, channels), and the weights of shape (n, width), None for ``last``.

        `states` is (width, n, channels). With `weighing`, which must not be given for ``last`` and must be for
        ``guided``, its weights are taken.

        Raises
        ------
        UsageError
            Weights asked of a model that has none, or not handed in where they are needed.
        """
        if self.name == "last":
            if weighing is not None:
                raise UsageError("this model takes its last states; it has no attention to alter", remedy=_WITH_WEIGHTS)
            return _last_states(states, layout, self._directions), None
        weights = self.weights(states, layout, weighing)
        # A product of matrices a protein; sums over all states take several times as long.
        return torch.bmm(weights[:, None, :], states.transpose(0, 1))[:, 0], weights

    def weights(self, states: Tensor, layout: Layout, weighing: Weighing | None = None) -> Tensor:
        """Weights of shape (n, width), zero at padding."""
        scores = None if self.attention is None else self.attention(states, layout)
        if weighing is not None:
            return weighing(scores, layout)
        if scores is not None:
            return torch.softmax(scores, dim=1)
        if self.name == "guided":
            raise UsageError("this model is guided by weights of another, and got none")
        mask = layout.mask.to(states.dtype)
        return mask if self.name == "uniform-sum" else mask / layout.lengths[:, None]


_WITH_WEIGHTS: Final = "take one with --pooling attention or uniform"


def _last_states(states: Tensor, layout: Layout, directions: int) -> Tensor:
    """State of the last residue in the forward direction, and of the first in the backward direction."""
    proteins = torch.arange(len(layout.lengths), device=states.device)
    last = states[layout.lengths - 1, proteins]
    if directions == 1:
        return last
    half = states.shape[-1] // 2
    return torch.cat([last[:, :half], states[0, :, half:]], dim=-1)
