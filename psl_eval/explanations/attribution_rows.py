"""Attributions of the proteins of a file, as rows of a table."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.explanations.asked import Asked
from psl_eval.results.predictions import joined
from psl_eval.results.schemas import ATTRIBUTIONS
from psl_index.errors import UsageError
from psl_index.progress import Progress, counting
from psl_models.attribution import Attribution, attribute
from psl_models.attribution.method import Method, settings_of
from psl_models.configuration import Configuration
from psl_models.datasets import class_matrix
from psl_models.decisions import decided
from psl_models.layers.pooling import LEARNED
from psl_models.model import Model
from psl_models.prediction import predict

#: The step of the progress in which the model is asked what it predicts.
PREDICTING: Final = "prediction"
#: Numbers of the classes to explain, for the numbers of a protein and of the most probable class predicted of it.
Targets = Callable[[int, int], list[int]]

_AT_ONCE: Final = 4096  # proteins whose attributions are in memory; enough to fill batches of one length


def targets_of(target: str, configuration: Configuration, asked: Asked) -> Targets:
    """What ``--target`` asks for; raises UsageError where it is no class, or labels are missing."""
    classes = configuration.classes
    if target == "predicted":
        return lambda protein, predicted: [predicted]
    if target == "all":
        return lambda protein, predicted: list(range(len(classes)))
    if target == "true":
        unlabelled = sum(not labels for labels in asked.labels)
        if unlabelled:
            remedy = "give them with --labels, or choose another --target"
            proteins = "1 protein" if unlabelled == 1 else f"{unlabelled:,} proteins"
            raise UsageError(f"--target true: {proteins} without a label", remedy=remedy)
        matrix = class_matrix(asked.dataset, classes)
        return lambda protein, predicted: matrix[protein].nonzero()[0].tolist()
    if target not in classes:
        raise UsageError(
            f"--target {target!r} is no class of this model",
            remedy=f"choose predicted, true, all or one of {', '.join(classes)}",
        )
    return lambda protein, predicted: [classes.index(target)]


class AttributionRows:
    """Attributions of proteins in their order.

    Parameters
    ----------
    model : Model
        Says what is predicted, and so what is explained.
    name : str
        Of the method, in `psl_models.attribution.METHODS`.
    method : Method
    seed : int
        Of what is random.
    targets : Targets
    explained : Model, optional
        The one that is explained, of the same classes, where it is another: a control.

    Attributes
    ----------
    above : int
        How many so far have more than the method's tolerated gap.
    """

    def __init__(
        self,
        model: Model,
        name: str,
        method: Method,
        seed: int,
        targets: Targets,
        explained: Model | None = None,
    ) -> None:
        self.above = 0
        self._model = model
        self._explained = explained or model
        self._name = name
        self._method = method
        self._seed = seed
        self._targets = targets

    def batches(self, asked: Asked, report: Callable[[Progress], None]) -> Iterator[pa.RecordBatch]:
        """Rows of `psl_eval.results.schemas.ATTRIBUTIONS`, some thousand proteins at a time."""
        total = len(asked.sequences)
        for first in range(0, total, _AT_ONCE):
            yield self.batch(asked, first, min(first + _AT_ONCE, total), report)

    def batch(self, asked: Asked, first: int, last: int, report: Callable[[Progress], None]) -> pa.RecordBatch:
        """Rows of the proteins from number `first` up to, not with, `last`."""
        configuration = self._model.configuration
        sequences = asked.sequences[first:last]
        asking = counting(report, PREDICTING, len(sequences))
        predictions = predict(self._model, sequences, progress=asking)
        probabilities = predictions.probabilities(configuration)
        predicted = decided(probabilities, configuration.task, configuration.thresholds)
        likeliest = np.where(predicted, probabilities, -1).argmax(1).tolist()
        pairs = [(row, target) for row, most in enumerate(likeliest) for target in self._targets(first + row, most)]
        in_order = self._attributions(sequences, pairs, predictions.weights, report)
        tolerance = getattr(self._method, "tolerance", None)
        if tolerance is not None:
            self.above += sum((each.completeness_gap or 0) > tolerance for each in in_order)
        rows = np.array([row for row, _ in pairs])
        return _rows(asked, first + rows, predicted[rows], in_order, configuration.classes)

    def _attributions(
        self,
        sequences: Sequence[str],
        pairs: Sequence[tuple[int, int]],
        weights: Sequence[npt.NDArray[np.float32]] | None,
        report: Callable[[Progress], None],
    ) -> list[Attribution]:
        """Attributions of the pairs of a sequence and a target; `weights` are those that the model has pooled with."""
        classes, pooling = self._model.configuration.classes, self._model.configuration.pooling
        asked_already = self._name == "attention" and pooling in LEARNED and self._explained is self._model
        if asked_already and weights is not None:
            settings = settings_of(self._method, self._seed)
            return [
                Attribution(number, weights[row], self._name, settings, classes[target], None)
                for number, (row, target) in enumerate(pairs)
            ]
        found = attribute(
            self._explained,
            [sequences[row] for row, _ in pairs],
            self._name,
            self._method,
            np.array([target for _, target in pairs]),
            seed=self._seed,
            progress=counting(report, self._name, len(pairs), "attributions"),
        )
        return sorted(itertools.chain.from_iterable(found), key=lambda attribution: attribution.protein)


def _rows(
    asked: Asked,
    proteins: npt.NDArray[np.int64],
    predicted: npt.NDArray[np.bool_],
    attributions: Sequence[Attribution],
    classes: Sequence[str],
) -> pa.RecordBatch:
    offsets = np.cumsum([0, *(len(each.scores) for each in attributions)], dtype=np.int32)
    scores = np.concatenate([each.scores for each in attributions])
    names = np.array(classes, object)
    columns = {
        "query": pa.array([asked.identifiers[row] for row in proteins]),
        "sequence": pa.array([asked.sequences[row] for row in proteins]),
        "method": pa.array([each.method for each in attributions]),
        "target": pa.array([each.target for each in attributions]),
        "predicted": pa.array([joined(names[row]) for row in predicted]),
        "true": pa.array([joined(asked.labels[row]) for row in proteins], pa.string()),
        "scores": pa.ListArray.from_arrays(pa.array(offsets), pa.array(scores)),
        "completeness_gap": pa.array([each.completeness_gap for each in attributions], pa.float32()),
        "settings": pa.array([json.dumps(each.settings) for each in attributions]),
    }
    return pa.RecordBatch.from_arrays([columns[field.name] for field in ATTRIBUTIONS], schema=ATTRIBUTIONS)
