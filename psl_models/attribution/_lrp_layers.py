"""How layers hand relevance down: affine maps, tanh, and convolutions with ReLU.

Tensors are (width, n, channels). What is handed down are factors, the relevance of each activation divided by it; see
`psl_models.attribution.lrp.relevances` for the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from psl_models.layers.convolutions import ParallelConvolutions
from psl_models.layers.layout import Layout


class Passed(NamedTuple):
    """A layer that a batch has gone through."""

    outputs: Tensor  # (width, n, channels)
    #: From the factors of the outputs, zero at padding, to those of the inputs, and what biases absorb, (n,).
    hand_down: Callable[[Tensor], tuple[Tensor, Tensor]]


def kept(sums: Tensor, epsilon: float) -> Tensor:
    """The share of relevance that the stabiliser leaves: z / (z + epsilon sign(z))."""
    if epsilon == 0:
        return torch.ones_like(sums)
    size = sums.abs()
    return size / (size + epsilon)


def slope(inputs: Tensor, outputs: Tensor) -> Tensor:
    """tanh(z) / z, which is 1 at 0, from z and tanh(z)."""
    return torch.where(inputs == 0, torch.ones_like(inputs), outputs / inputs)


def mapped(layer: nn.Linear, inputs: Tensor, epsilon: float) -> Passed:
    """An affine map of each position."""
    outputs = layer(inputs)

    def hand_down(factors: Tensor) -> tuple[Tensor, Tensor]:
        factors = factors * kept(outputs, epsilon)
        return factors @ layer.weight, (factors @ layer.bias).sum(0)

    return Passed(outputs, hand_down)


def squashed(inputs: Tensor) -> Passed:
    """tanh of everything."""
    outputs = torch.tanh(inputs)

    def hand_down(factors: Tensor) -> tuple[Tensor, Tensor]:
        return factors * slope(inputs, outputs), factors.new_zeros(factors.shape[1])

    return Passed(outputs, hand_down)


def convolved(layer: ParallelConvolutions, inputs: Tensor, layout: Layout, epsilon: float) -> Passed:
    """Convolutions side by side, and ReLU.

    The zeros beyond the ends of a protein get nothing, as their activation is zero.
    """
    mask = layout.mask.T[..., None]
    seen = (inputs * mask).permute(1, 2, 0)
    convolutions = [cast(nn.Conv1d, convolution) for convolution in layer.convolutions]
    sums = [convolution(seen) for convolution in convolutions]  # each (n, filters, width)
    outputs = torch.relu(torch.cat(sums, dim=1)).permute(2, 0, 1) * mask

    def hand_down(factors: Tensor) -> tuple[Tensor, Tensor]:
        parts = torch.tensor_split(factors.permute(1, 2, 0), len(sums), dim=1)
        below = torch.zeros_like(seen)
        absorbed = factors.new_zeros(factors.shape[1])
        for convolution, part, z in zip(convolutions, parts, sums, strict=True):
            part = part * (z > 0) * kept(z, epsilon)
            below += functional.conv_transpose1d(part, convolution.weight, padding=convolution.kernel_size[0] // 2)
            absorbed += part.sum(2) @ cast(Tensor, convolution.bias)
        return below.permute(2, 0, 1) * mask, absorbed

    return Passed(outputs, hand_down)
