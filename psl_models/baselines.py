"""What needs no network: how well the commonest class and the composition of amino acids predict locations.

A trained network has to be better than both, on the same proteins.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from psl_models.configuration import Task
from psl_models.decisions import Floats

_RESIDUES = np.frombuffer(b"ACDEFGHIKLMNPQRSTVWY", np.uint8)
_STEPS = 1000  # more than the solver takes on standardised features


def baselines(
    sequences: Sequence[str], labels: npt.ArrayLike, test_sequences: Sequence[str], task: Task
) -> dict[str, Floats]:
    """Probabilities of the classes of test proteins, for `psl_models.metrics.evaluate`.

    Parameters
    ----------
    sequences : sequence of str
        Training proteins, n of them, upper case.
    labels : bool array of shape (n, classes)
    test_sequences : sequence of str
        m of them.
    task : {"single-label", "multi-label"}

    Returns
    -------
    dict of str to float64 array of shape (m, classes)
        ``majority``: the share of training proteins that have the class, whatever the protein. ``composition``:
        logistic regression on the frequencies of the twenty residues and the logarithm of the length, standardised;
        one regression of all classes (single-label) or one for each (multi-label).
    """
    is_label = np.asarray(labels, bool)
    shares = is_label.mean(axis=0)
    train, test = _composition(sequences), _composition(test_sequences)
    if task == "single-label":
        of_composition = _regression(train, is_label.argmax(axis=1), test, is_label.shape[1])
    else:
        of_classes = [_regression(train, has_class.astype(np.int64), test, 2)[:, 1] for has_class in is_label.T]
        of_composition = np.column_stack(of_classes)
    return {"majority": np.tile(shares, (len(test_sequences), 1)), "composition": of_composition}


def _composition(sequences: Sequence[str]) -> Floats:
    """Frequencies of the twenty residues among all residues, then the logarithm of the length; shape (n, 21)."""
    features = np.empty((len(sequences), len(_RESIDUES) + 1))
    for row, sequence in zip(features, sequences, strict=True):
        counts = np.bincount(np.frombuffer(sequence.encode("ascii"), np.uint8), minlength=256)
        row[:-1] = counts[_RESIDUES] / len(sequence)
        row[-1] = np.log(len(sequence))
    return features


def _regression(train: Floats, classes: npt.NDArray[np.int64], test: Floats, n_classes: int) -> Floats:
    """Probabilities of shape (tests, n_classes); 0 for what no training protein is, 1 where all are the same."""
    probabilities = np.zeros((len(test), n_classes))
    known = np.unique(classes)
    if len(known) == 1:
        probabilities[:, known[0]] = 1
        return probabilities
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=_STEPS)).fit(train, classes)
    probabilities[:, known] = model.predict_proba(test)
    return probabilities
