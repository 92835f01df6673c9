"""Models that were trained with uniform weights in place of attention, beside those that they are like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from psl_eval.experiments.attention_tests.readouts import Bools, Floats
from psl_eval.experiments.models import NamedModel
from psl_index.errors import UsageError
from psl_models.configuration import Configuration
from psl_models.decisions import decided
from psl_models.prediction import predict


@dataclass(frozen=True)
class RetrainedAnswers:
    """What such a model says of n proteins, classes in the order of the model beside it.

    Attributes
    ----------
    probabilities : ndarray
        float64 of shape (n, classes).
    decisions : ndarray
        bool of shape (n, classes).
    """

    probabilities: Floats
    decisions: Bools


def retrained_answers(retrained: NamedModel, sequences: Sequence[str], classes: Sequence[str]) -> RetrainedAnswers:
    """What a model says of proteins, its classes brought into the order of `classes`."""
    configuration = retrained.model.configuration
    probabilities = predict(retrained.model, sequences).probabilities(configuration).astype(np.float64)
    decisions = decided(probabilities, configuration.task, configuration.thresholds)
    order = [configuration.classes.index(each) for each in classes]
    return RetrainedAnswers(probabilities[:, order], decisions[:, order])


def partners(models: Sequence[NamedModel], retrained: Sequence[NamedModel]) -> dict[str, NamedModel]:
    """The retrained model of each model that has one, by the name of the model with attention.

    Raises
    ------
    UsageError
        One was not trained with uniform weights, has another network than all the models, or two have the same.
    """
    found: dict[str, NamedModel] = {}
    for each in retrained:
        configuration = each.model.configuration
        if configuration.pooling != "uniform":
            raise UsageError(
                f"{each.name} was not trained with uniform weights, but with pooling {configuration.pooling}",
                remedy="take one with --pooling uniform",
            )
        like = [model for model in models if _network(model.model.configuration) == _network(configuration)]
        if not like:
            raise UsageError(
                f"{each.name} has another network than the models with attention ({configuration.architecture})",
                remedy="train one of the same architecture, sizes and classes",
            )
        for model in like:
            if model.name in found:
                problem = f"{found[model.name].name} and {each.name} both have the network of {model.name}"
                raise UsageError(problem, remedy="give one of them")
            found[model.name] = each
    return found


def _network(configuration: Configuration) -> Configuration:
    """What must be the same: all but the pooling, the order of the classes, and what is learned or set in training."""
    sizes = replace(configuration.sizes, dropout=0.0, attention=0)
    classes = tuple(sorted(configuration.classes))
    return replace(configuration, pooling="uniform", sizes=sizes, classes=classes, thresholds=())
