"""A whole network: residues embedded, turned into states, pooled, classified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from torch import Tensor, nn

from psl_models.architectures.bilstm import BiLSTM
from psl_models.architectures.cnn_bilstm import CnnBiLSTM
from psl_models.architectures.conv_blstm import ConvBLSTM
from psl_models.architectures.encoder import Encoder
from psl_models.architectures.mlp import MLP
from psl_models.configuration import Architecture, Configuration, Sizes
from psl_models.layers.embedding import Embedding
from psl_models.layers.layout import Layout
from psl_models.layers.pooling import Attention, Pooling, Weighing

_ENCODERS: Final[dict[Architecture, Callable[[int, Sizes], Encoder]]] = {
    "mlp": MLP,
    "bilstm": BiLSTM,
    "cnn-bilstm-small": CnnBiLSTM,
    "cnn-bilstm-large": CnnBiLSTM,
    "conv-blstm-attention": ConvBLSTM,
}


class Answer(NamedTuple):
    """What a network says of a batch."""

    logits: Tensor  # (n, classes)
    weights: Tensor | None  # (n, width), those of the pooling, zero at padding; None for the pooling `last`


class Network(nn.Module):
    """The network that a configuration describes, with random weights.

    What it says of a protein depends neither on padding nor on the other proteins of the batch.
    """

    def __init__(self, configuration: Configuration) -> None:
        super().__init__()
        sizes = configuration.sizes
        self.embedding = Embedding(configuration.encoding, sizes.embedding)
        self.encoder = _ENCODERS[configuration.architecture](self.embedding.channels, sizes)
        attention = None
        if configuration.pooling == "attention":
            biased = configuration.architecture == "conv-blstm-attention"  # the study's has none
            attention = Attention(self.encoder.channels, sizes.attention, bias=biased)
        self.pooling = Pooling(configuration.pooling, attention, self.encoder.directions)
        self.dropout = nn.Dropout(sizes.dropout)
        self.classifier = nn.Linear(self.encoder.channels, len(configuration.classes))

    def embed(self, tokens: Tensor) -> Tensor:
        """Embedded residues, float32 of shape (n, width, channels), of tokens of shape (n, width)."""
        embedded: Tensor = self.embedding(tokens)
        return embedded

    def forward(self, embedded: Tensor, lengths: Tensor, weighing: Weighing | None = None) -> Answer:
        """Answer to a batch.

        Parameters
        ----------
        embedded : Tensor
            (n, width, channels), as `embed` gives it; what it holds at padding does not matter.
        lengths : Tensor
            Residues of each protein, int64 of shape (n,), at least 1.
        weighing : Weighing, optional
            Weights of the residues in place of the model's own.

        Raises
        ------
        UsageError
            See `psl_models.layers.pooling.Pooling`.
        """
        layout = Layout(lengths, embedded.shape[1])
        states = self.encoder(self.dropout(embedded), layout)
        pooled, weights = self.pooling(states, layout, weighing)
        return Answer(self.classifier(self.dropout(pooled)), weights)

    def states(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """States before the pooling, (n, width, channels); at padding without meaning."""
        states: Tensor = self.encoder(embedded, Layout(lengths, embedded.shape[1]))
        return states.transpose(0, 1)
