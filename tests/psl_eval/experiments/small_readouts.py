"""Readouts of random numbers, and proteins for small models with attention."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from psl_eval.experiments.attention_tests.protein_rows import Setting
from psl_eval.experiments.attention_tests.readouts import Readout
from psl_eval.experiments.models import NamedModel
from psl_eval.experiments.parts import Parts
from psl_models.attention import given
from psl_models.configuration import Task
from psl_models.model import Model
from tests.psl_eval.experiments.small_experiments import asked_of, nothing
from tests.psl_models.small_models import CLASSES, SEQUENCES, batch

PROTEINS = [
    "MKTAYLVAGRKKRKSTWACDEFGHIKLMNPQ",
    "MSKLAACDEFGHIKLMNPQRSTVWYSKLGGHHTT",
    "MLLAVLYCLAWQRSTNDEKKHHG",
    *SEQUENCES,  # one of a single residue among them
]
ASKED = asked_of(PROTEINS, CLASSES)
TRUTH = [CLASSES.index(labels[0]) for labels in ASKED.labels]


def readout(length: int, seed: int = 3, task: Task = "single-label") -> Readout:
    """One with random numbers: weights that are uneven, values that matter."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(length, 0.5))
    return Readout(bytes(range(length)), weights, rng.normal(0, 3, (length, 3)), rng.normal(0, 1, 3), task, ())


def setting_of(models: list[NamedModel], folder: Path) -> Setting:
    """Of `ASKED`, with few resamples."""
    return Setting(models, ASKED, 4, Parts(folder), nothing, 50)


def answer_of(model: Model, sequence: str, weights: npt.ArrayLike | None = None) -> npt.NDArray[np.float64]:
    """Probabilities of a protein, with other weights if they are given: one pass through the whole network."""
    one = batch([sequence])
    weighing = None if weights is None else given([np.asarray(weights, np.float32)], len(sequence))
    with torch.no_grad():
        return np.asarray(torch.softmax(model.answer(one, weighing).logits.double(), 1)[0].numpy())


def weights_of_model(model: Model, sequence: str) -> npt.NDArray[np.float64]:
    """The model's own weights of a protein."""
    with torch.no_grad():
        weights = model.answer(batch([sequence])).weights
    assert weights is not None
    return np.asarray(weights[0].double().numpy())


def slow_divergence(p: npt.ArrayLike, q: npt.ArrayLike) -> float:
    """Jensen-Shannon divergence by its definition."""

    def relative(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
        return sum(float(x * np.log(x / y)) for x, y in zip(a, b, strict=True) if x)

    first, second = np.asarray(p, np.float64), np.asarray(q, np.float64)
    middle = (first + second) / 2
    return (relative(first, middle) + relative(second, middle)) / 2
