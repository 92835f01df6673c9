"""Proteins to learn from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psl_models.attention import across, given
from psl_models.batches import Batch
from psl_models.layers.pooling import Weighing


@dataclass(frozen=True)
class Examples:
    """Proteins with their classes.

    Attributes
    ----------
    encoded : sequence of ndarray
        Tokens of each of n proteins, uint8.
    labels : ndarray
        bool of shape (n, classes), at least one of a row.
    guidance : sequence of ndarray or None
        Weights of the residues of each protein, float32 of shape (length,), for the pooling ``guided``.
    across : bool
        Whether learned weights are laid out as the study's code does (`psl_models.attention.across`).
    """

    encoded: Sequence[npt.NDArray[np.uint8]]
    labels: npt.NDArray[np.bool_]
    guidance: Sequence[npt.NDArray[np.float32]] | None = None
    across: bool = False

    def __len__(self) -> int:
        return len(self.encoded)

    def weighing(self, batch: Batch) -> Weighing | None:
        """What takes the place of the model's own weights in a batch; None for nothing."""
        if self.guidance is None:
            return across if self.across else None
        return given([self.guidance[row] for row in batch.rows], batch.tokens.shape[1], batch.tokens.device)

    def digest(self) -> str:
        """Of residues and labels, in order, not of `guidance`; hexadecimal."""
        digest = hashlib.blake2b(digest_size=16)
        for tokens in self.encoded:
            digest.update(len(tokens).to_bytes(4, "little"))
            digest.update(tokens.tobytes())
        digest.update(np.packbits(self.labels, axis=1).tobytes())
        return digest.hexdigest()

    def guidance_digest(self) -> str | None:
        """Of the handed-in weights, in order; hexadecimal, None where there are none."""
        if self.guidance is None:
            return None
        digest = hashlib.blake2b(digest_size=16)
        for weights in self.guidance:
            digest.update(weights.tobytes())
        return digest.hexdigest()
