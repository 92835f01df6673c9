"""What the study's code makes of proteins: a few at a time, padding read as residues, attention across the batch.

For its released weights, and for networks that were trained so; of no other network this says anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from psl_index.errors import UsageError
from psl_models.attention import AttentionName, across
from psl_models.batches import Batch, batch_of
from psl_models.layers.layout import Layout
from psl_models.model import Model
from psl_models.prediction import Predictions, encoded_proteins

#: Proteins of a batch, as the study trained and tested.
STUDY_BATCH: Final = 5


def predict_across_batches(
    model: Model,
    sequences: Sequence[str],
    *,
    attention: AttentionName = "learned",
    seed: int = 0,
    batch: int = STUDY_BATCH,
    progress: Callable[[int], None] | None = None,
) -> Predictions:
    """Have a model answer as the study's code does; the answers depend on the order of the proteins.

    Parameters
    ----------
    model : Model
        With attention of its own.
    sequences : sequence of str
        Residues of each protein, at least one; nothing is cut.
    attention : AttentionName
        ``permuted``: the weights of each row in random order after the layout; ``random``, ``uniform``: other scores
        before it, drawn evenly from 0 to 1 or all alike.
    seed : int
        Of ``permuted`` and ``random``.
    batch : int
        Proteins that are asked about together, in their order.
    progress : callable, optional
        Is told how many proteins are done.

    Raises
    ------
    UsageError
        A protein has no residues; the model has no attention.
    """
    if model.network.pooling.attention is None:
        raise UsageError("this model has no attention to lay out", remedy="take one with --pooling attention")
    encoded = encoded_proteins(sequences)
    generator = torch.Generator().manual_seed(seed)

    def drawn(like: Tensor) -> Tensor:
        return torch.rand(like.shape, generator=generator).to(like.device)

    def permuted(scores: Tensor | None, layout: Layout) -> Tensor:
        weights = across(scores, layout)
        return weights.gather(1, drawn(weights).argsort(1))

    def random(scores: Tensor | None, layout: Layout) -> Tensor:
        return across(None if scores is None else drawn(scores), layout)

    def uniform(scores: Tensor | None, layout: Layout) -> Tensor:
        return across(None if scores is None else torch.zeros_like(scores), layout)

    weighing = {"learned": across, "permuted": permuted, "random": random, "uniform": uniform}[attention]
    logits = np.empty((len(encoded), len(model.configuration.classes)), np.float32)
    model.network.eval()
    for first in range(0, len(encoded), batch):
        rows = np.arange(first, min(first + batch, len(encoded)))
        asked = _with_padding_as_residues(batch_of(encoded, rows)).to(model.device)
        with torch.inference_mode():
            logits[rows] = model.answer(asked, weighing).logits.float().cpu().numpy()
        if progress is not None:
            progress(int(rows[-1]) + 1)
    return Predictions(logits, None)


def _with_padding_as_residues(batch: Batch) -> Batch:
    return batch._replace(lengths=torch.full_like(batch.lengths, batch.tokens.shape[1]))
