"""Weights of a few residues that leave the answer exactly as it is: where a search for adversarial weights begins."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from psl_eval.experiments.attention_tests.readouts import Floats, Readout


def sparse_weights(readout: Readout, avoided: Floats, rng: np.random.Generator) -> Floats | None:
    """Weights with the learned answer, on about as many residues as there are classes.

    Parameters
    ----------
    readout : Readout
        Of n residues and c classes.
    avoided : ndarray
        float64 of shape (n,), not negative: how little each residue is wanted.
    rng : numpy.random.Generator
        Another draw gives other residues.

    Returns
    -------
    ndarray or None
        float64 of shape (n,), of sum 1, at most c + 1 of them above 0; None where the solver gives up, which the
        learned weights, a solution themselves, leave to rounding alone.

    Notes
    -----
    A vertex of the weightings w with the learned logits (of one class a protein: but for a constant, which a softmax
    does not see): minimises ``sum_i e_i avoided_i w_i`` with exponential numbers e, subject to ``w @ values = a @
    values`` for the learned weights a, ``sum(w) = 1`` and ``w >= 0``. A linear program; a convex function such as the
    Jensen-Shannon divergence from a is largest at a vertex.
    """
    values = readout.values
    if readout.task == "single-label":
        values = values - values.mean(axis=1, keepdims=True)
    length = len(readout.weights)
    found = linprog(
        avoided * rng.exponential(size=length),
        A_eq=np.vstack([values.T, np.ones(length)]),
        b_eq=np.append(readout.weights @ values, 1.0),
        bounds=(0, None),
        method="highs",
    )
    if found.x is None:
        return None
    weights = np.clip(found.x, 0.0, None)
    return np.asarray(weights / weights.sum(), np.float64)
