"""What a model says of proteins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from psl_index.errors import UsageError
from psl_models.attention import AttentionName, altered
from psl_models.batches import Batch, batches_of
from psl_models.configuration import Configuration
from psl_models.encoding import encode
from psl_models.model import Model
from psl_models.network import Answer
from psl_models.side_by_side import groups_of, side_by_side

#: Tokens of a batch, padding included: enough for the arithmetic of an LSTM's steps, few enough for the cache.
BUDGET: Final = 1 << 14


class Predictions(NamedTuple):
    """What a model says of n proteins."""

    logits: npt.NDArray[np.float32]  # (n, classes)
    weights: list[npt.NDArray[np.float32]] | None  # (length,) of each protein, those of the pooling; None without

    def probabilities(self, configuration: Configuration) -> npt.NDArray[np.float32]:
        """Of each class, float32 of shape (n, classes): they add up to 1, or each stands for itself (multi-label)."""
        logits = torch.from_numpy(self.logits)
        if configuration.task == "multi-label":
            return torch.sigmoid(logits).numpy()
        return torch.softmax(logits, dim=1).numpy()


def predict(
    model: Model,
    sequences: Sequence[str],
    *,
    attention: AttentionName = "learned",
    seed: int = 0,
    budget: int = BUDGET,
    progress: Callable[[int], None] | None = None,
) -> Predictions:
    """Have a model answer.

    Parameters
    ----------
    model : Model
    sequences : sequence of str
        Residues of each protein, at least one; nothing is cut.
    attention : AttentionName
        The model's own weights, or others in their place (`psl_models.attention.altered`).
    seed : int
        Of ``permuted`` and ``random``.
    budget : int
        Tokens of a batch, on a processor for each thread; no protein is split, so the longest sets the memory.
    progress : callable, optional
        Is told how many proteins are done.

    Raises
    ------
    UsageError
        A protein has no residues; the model has no weights to alter.
    """
    encoded = encoded_proteins(sequences)
    logits = np.empty((len(encoded), len(model.configuration.classes)), np.float32)
    weights: list[npt.NDArray[np.float32]] | None = None
    if model.configuration.pooling != "last":
        weights = [np.empty(0, np.float32)] * len(encoded)

    def answer_to(batch: Batch) -> Answer:
        with torch.inference_mode():
            return model.answer(batch, altered(attention, batch, seed))

    done = 0
    model.network.eval()
    for together in groups_of(batches_of(encoded, budget), model.device):
        for batch, answer in zip(together, side_by_side(answer_to, together, model.device), strict=True):
            logits[batch.rows] = answer.logits.cpu().numpy()
            if weights is not None and answer.weights is not None:
                rows = answer.weights.cpu().numpy()
                for row, length, protein in zip(rows, batch.lengths.tolist(), batch.rows.tolist(), strict=True):
                    weights[protein] = row[:length].copy()
            done += len(batch.rows)
        if progress is not None:
            progress(done)
    return Predictions(logits, weights)


def encoded_proteins(sequences: Sequence[str]) -> list[npt.NDArray[np.uint8]]:
    """Tokens of each protein; raises UsageError where one has no residues."""
    encoded = [encode(sequence) for sequence in sequences]
    for number, tokens in enumerate(encoded):
        if not len(tokens):
            raise UsageError(f"protein number {number} (from 0) has no residues")
    return encoded
