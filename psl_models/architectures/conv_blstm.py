"""The network of Sonderby et al. 2015 (Convolutional LSTM networks for subcellular localization of proteins).

DeepLoc (Almagro Armenteros et al. 2017) is its successor: the same parts, larger, over profiles of related sequences.
"""

from __future__ import annotations

from torch import Tensor

from psl_models.architectures.encoder import Encoder
from psl_models.configuration import Sizes
from psl_models.layers.convolutions import ParallelConvolutions
from psl_models.layers.layout import Layout
from psl_models.layers.recurrent import BidirectionalLSTM


class ConvBLSTM(Encoder):
    """Convolutions of widths 1 to 21, a 3-wide convolution over all of them, then LSTMs in both directions."""

    directions = 2

    def __init__(self, channels: int, sizes: Sizes) -> None:
        super().__init__()
        self.motifs = ParallelConvolutions(channels, sizes.kernels, sizes.filters)
        self.combined = ParallelConvolutions(self.motifs.channels, (3,), sizes.convolution)
        self.lstm = BidirectionalLSTM(sizes.convolution, sizes.hidden, sizes.layers)
        self.channels = 2 * sizes.hidden

    def forward(self, embedded: Tensor, layout: Layout) -> Tensor:
        motifs = self.motifs(embedded.transpose(1, 2), layout)
        states: Tensor = self.lstm(self.combined(motifs, layout).permute(2, 0, 1), layout)
        return states
