"""What a model answers when residues are erased from its pooling.

The weight of an erased residue becomes zero and the others are divided by what remains (Serrano and Smith 2019, Is
Attention Interpretable?). States stay as they are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_eval.experiments.attention_tests.readouts import Floats, Readout, probabilities_of


def erased_one_by_one(readout: Readout, order: npt.NDArray[np.int64]) -> Floats:
    """Probabilities before any residue is erased, and after each but the last in turn, (length, classes)."""
    weights, values = readout.weights[order], readout.values[order]
    # Sums of what remains, from the last to be erased: nothing is taken away from a larger sum.
    remaining = np.cumsum(weights[::-1])[::-1]
    pooled = np.cumsum((weights[:, np.newaxis] * values)[::-1], axis=0)[::-1]
    # Where weights are too small for a float, what remains of them counts alike.
    alike = np.cumsum(values[::-1], axis=0)[::-1] / np.arange(len(weights), 0, -1)[:, np.newaxis]
    means = np.divide(pooled, remaining[:, np.newaxis], out=alike, where=remaining[:, np.newaxis] > 0)
    return probabilities_of(means + readout.bias, readout.task)


def gradients_of_weights(readout: Readout) -> Floats:
    """Gradient of the probability of the most probable class by each weight, float64 of shape (length,)."""
    probabilities = readout.probabilities(readout.weights)
    most = int(probabilities.argmax())
    if readout.task == "multi-label":
        return np.asarray(probabilities[most] * (1 - probabilities[most]) * readout.values[:, most])
    return np.asarray(probabilities[most] * (readout.values[:, most] - readout.values @ probabilities))
