"""A network without context: every residue for itself.

The study's control, after Wiegreffe and Pinter 2019 (Attention is not not Explanation): what attention can teach a
network that sees no neighbours.
"""

from __future__ import annotations

from torch import Tensor, nn

from psl_models.architectures.encoder import Encoder
from psl_models.configuration import Sizes
from psl_models.layers.layout import Layout


class MLP(Encoder):
    """An affine map of each residue, and tanh."""

    def __init__(self, channels: int, sizes: Sizes) -> None:
        super().__init__()
        self.affine = nn.Linear(channels, sizes.hidden)
        self.tanh = nn.Tanh()
        self.channels = sizes.hidden

    def forward(self, embedded: Tensor, layout: Layout) -> Tensor:
        states: Tensor = self.tanh(self.affine(embedded)).transpose(0, 1)
        return states
