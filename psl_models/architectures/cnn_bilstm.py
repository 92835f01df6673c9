"""The study's networks with convolutions below the LSTMs, small (widths 3, 5) and large (3, 5, 7, 11)."""

from __future__ import annotations

from torch import Tensor

from psl_models.architectures.encoder import Encoder
from psl_models.configuration import Sizes
from psl_models.layers.convolutions import ParallelConvolutions
from psl_models.layers.layout import Layout
from psl_models.layers.recurrent import BidirectionalLSTM


class CnnBiLSTM(Encoder):
    """Convolutions of several widths, then LSTMs in both directions."""

    directions = 2

    def __init__(self, channels: int, sizes: Sizes) -> None:
        super().__init__()
        self.convolutions = ParallelConvolutions(channels, sizes.kernels, sizes.filters)
        self.lstm = BidirectionalLSTM(self.convolutions.channels, sizes.hidden, sizes.layers)
        self.channels = 2 * sizes.hidden

    def forward(self, embedded: Tensor, layout: Layout) -> Tensor:
        motifs = self.convolutions(embedded.transpose(1, 2), layout)
        states: Tensor = self.lstm(motifs.permute(2, 0, 1), layout)
        return states
