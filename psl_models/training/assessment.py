"""How good a trained model is, on the proteins that it has not learned from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from psl_models.baselines import baselines
from psl_models.decisions import tuned_thresholds
from psl_models.metrics import Metrics, evaluate
from psl_models.model import Model
from psl_models.prediction import predict
from psl_models.splits import SIDES, TEST, TRAIN, VALIDATION
from psl_models.training.material import Material


@dataclasses.dataclass(frozen=True)
class Assessment:
    """Figures of a model on whole proteins, uncut.

    Attributes
    ----------
    validation, test : Metrics
    baselines : dict of str to Metrics
        On the test proteins, of rules that know nothing of the order of residues; for several labels with thresholds
        of their own, tuned like those of the model.
    thresholds : tuple of float
        For a multi-label model, tuned on the validation proteins; else empty.
    """

    validation: Metrics
    test: Metrics
    baselines: dict[str, Metrics]
    thresholds: tuple[float, ...]


def assess(model: Model, material: Material, progress: Callable[[str, int, int], None] | None = None) -> Assessment:
    """Measure a model; for several labels, tune its thresholds first.

    Parameters
    ----------
    model : Model
    material : Material
    progress : callable, optional
        Is told the side, the proteins that are done, and how many there are.
    """
    configuration = model.configuration
    of_side: dict[int, npt.NDArray[np.float32]] = {}
    for side in (VALIDATION, TEST):
        sequences = material.sequences(side)

        def told(done: int, name: str = SIDES[side], total: int = len(sequences)) -> None:
            if progress is not None:
                progress(name, done, total)

        of_side[side] = predict(model, sequences, progress=told).probabilities(configuration)
    labels = {side: material.labels[material.rows(side)] for side in (TRAIN, VALIDATION, TEST)}

    def tuned(of_validation: npt.ArrayLike) -> tuple[float, ...]:
        if configuration.task == "single-label":
            return ()
        return tuple(tuned_thresholds(of_validation, labels[VALIDATION]).tolist())

    def measured(probabilities: npt.ArrayLike, side: int, thresholds: tuple[float, ...]) -> Metrics:
        return evaluate(probabilities, labels[side], configuration.classes, configuration.task, thresholds)

    others = material.sequences(VALIDATION) + material.sequences(TEST)
    rules = baselines(material.sequences(TRAIN), labels[TRAIN], others, configuration.task)
    n = len(labels[VALIDATION])
    thresholds = tuned(of_side[VALIDATION])
    return Assessment(
        measured(of_side[VALIDATION], VALIDATION, thresholds),
        measured(of_side[TEST], TEST, thresholds),
        {name: measured(of_others[n:], TEST, tuned(of_others[:n])) for name, of_others in rules.items()},
        thresholds,
    )
