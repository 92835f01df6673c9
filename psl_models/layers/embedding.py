"""Residues as vectors: learned, one-hot, or by BLOSUM62."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from psl_index.alphabet import STANDARD
from psl_models.configuration import Encoding
from psl_models.encoding import N_TOKENS, PAD, TOKENS


class Embedding(nn.Module):
    """A vector for each of the 25 tokens.

    Parameters
    ----------
    encoding : Encoding
        ``embedding`` is learned, that of padding too: nothing the network says depends on it, and it can be a baseline.
        ``one-hot`` is a unit vector of 24 letters, ``blosum62`` the scores of a residue against the 20 standard ones
        (Henikoff and Henikoff 1992) divided by 4; of both, padding is zero.
    channels : int
        Of a learned embedding.

    Attributes
    ----------
    channels : int
    """

    def __init__(self, encoding: Encoding, channels: int) -> None:
        super().__init__()
        if encoding == "embedding":
            self.table = nn.Embedding(N_TOKENS, channels)
        else:
            vectors = _unit_vectors() if encoding == "one-hot" else _blosum62()
            self.table = nn.Embedding(len(vectors), vectors.shape[1], _weight=vectors, _freeze=True)
        self.channels = self.table.embedding_dim

    def forward(self, tokens: Tensor) -> Tensor:
        embedded: Tensor = self.table(tokens)
        return embedded


def _unit_vectors() -> Tensor:
    return torch.eye(N_TOKENS)[:, :PAD].contiguous()


def _blosum62() -> Tensor:
    """Scores of each token against the standard residues; selenocysteine, which is not in it, counts as cysteine."""
    from Bio.Align import substitution_matrices  # only models with this encoding need Biopython

    matrix = substitution_matrices.load("BLOSUM62")
    vectors = torch.zeros(N_TOKENS, len(STANDARD))
    for token, letter in enumerate(TOKENS):
        row = "C" if letter == "U" else letter
        vectors[token] = torch.tensor([float(matrix[row, column]) for column in STANDARD])
    return vectors / 4
