"""The study's main network: LSTMs in both directions over embedded residues."""

from __future__ import annotations

from torch import Tensor

from psl_models.architectures.encoder import Encoder
from psl_models.configuration import Sizes
from psl_models.layers.layout import Layout
from psl_models.layers.recurrent import BidirectionalLSTM


class BiLSTM(Encoder):
    """Layers of LSTMs in both directions."""

    directions = 2

    def __init__(self, channels: int, sizes: Sizes) -> None:
        super().__init__()
        self.lstm = BidirectionalLSTM(channels, sizes.hidden, sizes.layers)
        self.channels = 2 * sizes.hidden

    def forward(self, embedded: Tensor, layout: Layout) -> Tensor:
        states: Tensor = self.lstm(embedded.transpose(0, 1), layout)
        return states
