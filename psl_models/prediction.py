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
    model.network.eval()

    def answer(batch: Batch) -> Answer:
        return model.answer(batch, altered(attention, batch, seed))

    classes = len(model.configuration.classes)
    return answers(encoded_proteins(sequences), answer, classes, model.device, budget=budget, progress=progress)


def answers(
    encoded: Sequence[npt.NDArray[np.uint8]],
    answer: Callable[[Batch], Answer],
    classes: int,
    device: torch.device,
    *,
    budget: int = BUDGET,
    progress: Callable[[int], None] | None = None,
) -> Predictions:
    """What a network of so many classes says of proteins, as tokens; `answer` asks it of a batch on its device."""
    logits = np.empty((len(encoded), classes), np.float32)
    weights: list[npt.NDArray[np.float32]] | None = None

    def without_gradients(batch: Batch) -> Answer:
        with torch.inference_mode():
            return answer(batch)

    done = 0
    for together in groups_of(batches_of(encoded, budget), device):
        for batch, answered in zip(together, side_by_side(without_gradients, together, device), strict=True):
            logits[batch.rows] = answered.logits.float().cpu().numpy()
            if answered.weights is not None:
                weights = weights or [np.empty(0, np.float32)] * len(encoded)
                rows = answered.weights.cpu().numpy()
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
