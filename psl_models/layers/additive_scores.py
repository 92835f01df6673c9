"""Scores of additive attention on a processor, without writing out their units.

The units of all positions of a batch, 512 each in the study's networks, are most of what such a network would write to
memory and read again, several times over; it takes longer than the arithmetic. Here some positions go through at a
time, few enough for their units to stay in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_POSITIONS: Final = 256  # at a time; with 512 units half a megabyte


def additive_scores(states: Tensor, inner: Tensor, bias: Tensor | None, outer: Tensor) -> Tensor:
    """Scores u tanh(W h + b) of states h of shape (..., channels), as a tensor of shape (...).

    Parameters
    ----------
    states : Tensor
        Of one kind of float with the weights.
    inner : Tensor
        W, (units, channels).
    bias : Tensor or None
        b, (units,).
    outer : Tensor
        u, (units,).
    """
    if bias is None:
        bias = inner.new_zeros(len(inner))
    scores: Tensor = _AdditiveScores.apply(states.reshape(-1, states.shape[-1]), inner, bias, outer)  # type: ignore[no-untyped-call]
    return scores.view(states.shape[:-1])


class _AdditiveScores(torch.autograd.Function):
    """The gradient of a score by its state, W^T (u (1 - tanh^2)), is computed with the score: its units are there.

    Gradients of the weights, which only training asks for, take the units of all positions once more.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, inner: Tensor, bias: Tensor, outer: Tensor) -> Tensor:
        scores = states.new_empty(len(states))
        slopes = torch.empty_like(states) if ctx.needs_input_grad[0] else None
        for positions, steep in _units(states, inner, bias):
            torch.mv(steep, outer, out=scores[positions])
            if slopes is not None:
                torch.mm(_slopes_(steep).mul_(outer), inner, out=slopes[positions])
        ctx.save_for_backward(states, inner, bias, outer, slopes)
        return scores.mul_(2).sub_(outer.sum())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradients: Tensor) -> tuple[Tensor | None, ...]:
        states, inner, bias, outer, slopes = ctx.saved_tensors
        by_states = None if slopes is None else slopes * gradients[:, None]
        if not any(ctx.needs_input_grad[1:]):
            return by_states, None, None, None
        by_inner, by_bias = torch.zeros_like(inner), torch.zeros_like(bias)
        by_outer = torch.zeros_like(outer).sub_(gradients.sum())
        for positions, steep in _units(states, inner, bias):
            here = gradients[positions]
            by_outer.addmv_(steep.T, here, alpha=2)
            by_units = _slopes_(steep).mul_(outer).mul_(here[:, None])
            by_inner.addmm_(by_units.T, states[positions])
            by_bias.add_(by_units.sum(0))
        return by_states, by_inner, by_bias, by_outer


def _units(states: Tensor, inner: Tensor, bias: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """sigmoid(2(W h + b)) of some positions at a time, in memory that the next positions take, too.

    tanh(z) = 2 sigmoid(2z) - 1, and PyTorch's tanh takes ten times as long on a processor.
    """
    doubled, twice = 2 * inner.T, 2 * bias
    memory = states.new_empty(min(_POSITIONS, len(states)), len(inner))
    for first in range(0, len(states), _POSITIONS):
        some = states[first : first + _POSITIONS]
        units = memory[: len(some)]
        torch.addmm(twice, some, doubled, out=units).sigmoid_()
        yield slice(first, first + len(some)), units


def _slopes_(steep: Tensor) -> Tensor:
    """Derivatives 4s(1 - s) of tanh by its argument from s = sigmoid(2z), in their place."""
    return torch.addcmul(steep, steep, steep, value=-1, out=steep).mul_(4)
