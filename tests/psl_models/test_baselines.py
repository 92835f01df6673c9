"""What predicts locations without a network."""

from __future__ import annotations

import numpy as np
import pytest

from psl_models.baselines import baselines
from psl_models.metrics import evaluate

CLASSES = ("rich in K", "rich in L", "long", "nobody")


def _proteins(n: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Sequences whose class shows in their composition or their length; the last class has none."""
    random = np.random.default_rng(seed)
    classes = random.choice(3, n, p=[0.5, 0.3, 0.2])
    sequences = []
    for psl_class in classes:
        letters = "ACDEFGHIKLMNPQRSTVWYXUB" + {0: "KKKKKKKK", 1: "LLLLLLLL", 2: ""}[psl_class]
        length = random.integers(900, 1500) if psl_class == 2 else random.integers(80, 300)
        sequences.append("".join(random.choice(list(letters), length)))
    return sequences, np.eye(4, dtype=bool)[classes]


def test_majority_says_the_same_of_all() -> None:
    sequences, labels = _proteins(50, 1)
    found = baselines(sequences, labels, ["A", "KKK"], "single-label")["majority"]
    assert found.tolist() == [labels.mean(axis=0).tolist()] * 2
    assert found[0].argmax() == 0


def test_composition_finds_what_shows_in_frequencies_and_length() -> None:
    sequences, labels = _proteins(300, 1)
    test_sequences, test_labels = _proteins(200, 2)
    found = baselines(sequences, labels, test_sequences, "single-label")["composition"]
    assert found.sum(axis=1) == pytest.approx(np.ones(200))
    assert not found[:, 3].any()
    assert evaluate(found, test_labels, CLASSES, "single-label").figures["accuracy"].value > 0.97


def test_composition_does_not_see_the_order_of_residues() -> None:
    sequences, labels = _proteins(100, 1)
    backward = [sequence[::-1] for sequence in sequences]
    one, other = (baselines(sequences, labels, tests, "single-label") for tests in (sequences, backward))
    assert np.array_equal(one["composition"], other["composition"])


def test_multi_label_has_one_regression_for_each_class() -> None:
    sequences, labels = _proteins(300, 1)
    labels = np.column_stack([labels[:, 0], labels[:, 0] | labels[:, 2], np.ones(300, bool), np.zeros(300, bool)])
    found = baselines(sequences, labels, sequences, "multi-label")
    assert found["majority"][0].tolist() == labels.mean(axis=0).tolist()
    composition = found["composition"]
    assert ((composition[:, :2] > 0.5) == labels[:, :2]).mean() > 0.95
    assert composition[:, 2].tolist() == [1.0] * 300
    assert composition[:, 3].tolist() == [0.0] * 300


def test_one_class_alone_is_certain() -> None:
    found = baselines(["MKL", "MA"], np.eye(3, dtype=bool)[[1, 1]], ["W"], "single-label")
    assert found["composition"].tolist() == found["majority"].tolist() == [[0, 1, 0]]
