"""Convolutions of several widths side by side."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from psl_models.layers.layout import Layout


class ParallelConvolutions(nn.Module):
    """One convolution a width, each with zero padding of half its width and ReLU, their channels one after the other.

    Positions beyond the end of a protein are zero before and after, so that a protein sees the same zeros behind its
    last residue whatever the width of its batch.

    Parameters
    ----------
    channels : int
        Of the input.
    kernels : sequence of int
        Widths in residues; odd, ascending.
    filters : int
        Channels of each.
    """

    def __init__(self, channels: int, kernels: Sequence[int], filters: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels, filters, kernel, padding=kernel // 2) for kernel in kernels
        )
        self.rectifier = nn.ReLU()
        self.channels = filters * len(kernels)

    def forward(self, inputs: Tensor, layout: Layout) -> Tensor:
        """Activations of shape (n, `channels`, width) for inputs of shape (n, channels, width)."""
        mask = layout.mask[:, None, :]
        inputs = inputs * mask
        activations: Tensor = self.rectifier(torch.cat([convolve(inputs) for convolve in self.convolutions], dim=1))
        return activations * mask
