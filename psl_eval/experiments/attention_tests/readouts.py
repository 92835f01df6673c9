"""What a model answers as a function of its attention weights alone, everything below them held fixed.

Pooling and classifier are linear: with weights w (length,) the logits are ``w @ values + bias``, where `values` are the
states times the classifier's matrix. One pass through the network is enough for any number of other weights.

Weights are those of one protein by itself, for which the layout of the study's code and the correct one are the same:
also of networks that were trained across the proteins of a batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.special
import torch

from psl_index.errors import UsageError
from psl_models.attention import residues_of
from psl_models.batches import Batch, batches_of
from psl_models.configuration import Configuration, Task
from psl_models.decisions import decided
from psl_models.layers.layout import Layout
from psl_models.model import Model
from psl_models.prediction import BUDGET, encoded_proteins
from psl_models.side_by_side import groups_of, side_by_side

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Readout:
    """The part of a network from attention weights to probabilities, for one protein.

    Attributes
    ----------
    residues : bytes
        Tokens, one byte a residue.
    weights : ndarray
        float64 of shape (length,), the model's own; they sum to 1.
    values : ndarray
        float64 of shape (length, classes): what each residue adds to the logits at weight 1.
    bias : ndarray
        float64 of shape (classes,).
    task : Task
    thresholds : tuple of float
        As in `psl_models.configuration.Configuration`.
    """

    residues: bytes
    weights: Floats
    values: Floats
    bias: Floats
    task: Task
    thresholds: tuple[float, ...]

    def probabilities(self, weights: Floats) -> Floats:
        """Of the classes, (..., classes), with other weights of shape (..., length)."""
        return probabilities_of(weights @ self.values + self.bias, self.task)

    def decisions(self, probabilities: Floats) -> Bools:
        """The classes that are predicted, bool of shape (n, classes), from probabilities of that shape."""
        return decided(probabilities, self.task, self.thresholds)


def probabilities_of(logits: Floats, task: Task) -> Floats:
    """Probabilities of the classes, float64 of the shape of `logits`, (..., classes)."""
    if task == "multi-label":
        return np.asarray(scipy.special.expit(logits), np.float64)
    return np.asarray(scipy.special.softmax(logits, axis=-1), np.float64)


def readouts(model: Model, sequences: Sequence[str]) -> list[Readout]:
    """The readout of each protein.

    Raises
    ------
    UsageError
        The model has no attention; a protein has no residues.
    """
    refuse_without_attention(model.configuration)
    encoded = encoded_proteins(sequences)
    model.network.eval()
    found: list[Readout | None] = [None] * len(encoded)

    def read(batch: Batch) -> list[Readout]:
        return list(_of_batch(model, batch))

    for together in groups_of(batches_of(encoded, BUDGET), model.device):
        results = side_by_side(read, together, model.device)
        for batch, of_batch in zip(together, results, strict=True):
            for row, readout in zip(batch.rows.tolist(), of_batch, strict=True):
                found[row] = readout
    return [readout for readout in found if readout is not None]


def refuse_without_attention(configuration: Configuration, name: str | None = None) -> None:
    """Raise UsageError where a model has no attention of its own."""
    if configuration.pooling != "attention":
        what = f"{configuration.architecture} with pooling {configuration.pooling}"
        raise UsageError(
            f"{name or 'this model'} has no attention to test ({what})", remedy="take one with --pooling attention"
        )


@torch.inference_mode()
def _of_batch(model: Model, batch: Batch) -> Iterator[Readout]:
    network, configuration = model.network, model.configuration
    states = network.states(network.embed(batch.tokens), batch.lengths)
    layout = Layout(batch.lengths, batch.tokens.shape[1])
    weights = network.pooling.weights(states.transpose(0, 1), layout).double().cpu().numpy()
    classifier = network.classifier
    values = (states @ classifier.weight.T).double().cpu().numpy()
    bias = classifier.bias.double().cpu().numpy()
    lengths = batch.lengths.tolist()
    for place, (residues, length) in enumerate(zip(residues_of(batch), lengths, strict=True)):
        own = weights[place, :length]
        yield Readout(
            residues,
            own / own.sum(),  # of float32, which adds up to 1 but for rounding
            values[place, :length].copy(),
            bias,
            configuration.task,
            configuration.thresholds,
        )


def blocks(number: int, at_once: int) -> Iterator[tuple[int, int]]:
    """First and, not included, last number of each block of so many proteins."""
    yield from itertools.pairwise([*range(0, number, at_once), number])
