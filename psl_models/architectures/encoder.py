"""What every architecture is: from embedded residues to states."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from psl_models.layers.layout import Layout


class Encoder(nn.Module, ABC):
    """Turns embedded residues into states.

    Attributes
    ----------
    channels : int
        Of a state.
    directions : int
        2 where the second half of a state comes from the other end of the protein.
    """

    channels: int
    directions: int = 1

    @abstractmethod
    def forward(self, embedded: Tensor, layout: Layout) -> Tensor:
        """States of shape (width, n, `channels`) for embedded residues of shape (n, width, channels)."""
