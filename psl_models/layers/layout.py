"""Where the residues of a batch are, and where it is padding."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Layout:
    """A batch as layers see it.

    Attributes
    ----------
    lengths : Tensor
        Residues of each protein, int64 of shape (n,), at least 1.
    width : int
        Positions of the batch, at least as many as the longest protein has.
    """

    lengths: Tensor
    width: int

    @cached_property
    def mask(self) -> Tensor:
        """True at residues, bool of shape (n, width)."""
        return torch.arange(self.width, device=self.lengths.device) < self.lengths[:, None]

    @cached_property
    def backwards(self) -> Tensor:
        """The place of each position after every protein is reversed in itself, in a time-major batch laid out flat.

        int64 of shape (width * n,). Padding stays where it is, so the same order undoes it.
        """
        position = torch.arange(self.width, device=self.lengths.device)[:, None]
        reversed_position = torch.where(position < self.lengths, self.lengths - 1 - position, position)
        n = len(self.lengths)
        return (reversed_position * n + torch.arange(n, device=self.lengths.device)).reshape(-1)
