"""A model that is trained on three folds, stopped by a fourth, and asked about the fifth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from psl_eval.experiments.models import digest_of_model
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.trained import digest_of_material, trained
from psl_eval.longest_stretch import classes_by_longest_stretch
from psl_index.progress import Progress, counting
from psl_models.baselines import baselines
from psl_models.configuration import Configuration
from psl_models.prediction import predict
from psl_models.splits import TEST, TRAIN
from psl_models.training.material import Material
from psl_models.training.options import TrainingOptions
from psl_models.training.running import Training

#: Rules without a network; they learn from the same three folds as a model.
RULES: Final = ("majority", "composition", "longest stretch")

Floats = npt.NDArray[np.float64]


class Answers(NamedTuple):
    """What a model and the rules say of the m proteins of the fold that was held out from them."""

    probabilities: Floats  # (m, classes), of the model
    rules: dict[str, Floats]  # the same of each of `RULES`
    digest: str  # of the model


def answers_of(
    name: str,
    training: Training,
    device: torch.device,
    parts: Parts,
    report: Callable[[Progress], None],
    *,
    threads: int = 0,
) -> Answers:
    """Train where that is not done yet, and predict.

    Parameters
    ----------
    name : str
        Of the model and its parts.
    training : Training
        The side to test is asked about.
    device, parts, report
    threads : int
        Of the search for shared stretches; 0 for all.

    Raises
    ------
    InputError, OutputError, UsageError
        As of `psl_eval.experiments.trained.trained`.
    """
    learned = trained(name, training, parts, device, report)
    digest, sequences = digest_of_model(learned.model.model), training.material.sequences(TEST)

    def predicted() -> pa.Table:
        asking = counting(report, f"{name}: prediction", len(sequences))
        predictions = predict(learned.model.model, sequences, progress=asking)
        return _table({"model": predictions.probabilities(training.configuration)})

    table = parts.table(f"{name}-predictions", {"model": digest, "proteins": sequences}, predicted)
    return Answers(_columns(table)["model"], _by_rules(name, training.material, parts, threads), digest)


def training_of(configuration: Configuration, material: Material, epochs: int, seed: int, name: str) -> Training:
    """The training of a model on the sides of a material."""
    words = f"folds {name}: split, test fold, validation fold (seed {seed})"
    return Training(configuration, material, TrainingOptions(epochs=epochs, seed=seed), None, words, ())


def _by_rules(name: str, material: Material, parts: Parts, threads: int) -> dict[str, Floats]:
    known, asked = material.sequences(TRAIN), material.sequences(TEST)
    labels = material.labels[material.rows(TRAIN)]

    def said() -> pa.Table:
        by_stretch = classes_by_longest_stretch(known, labels, asked, threads=threads)
        return _table(baselines(known, labels, asked, "single-label") | {"longest stretch": by_stretch})

    found = _columns(parts.table(f"{name}-rules", {"material": digest_of_material(material)}, said))
    return {rule: found[rule] for rule in RULES}


def _table(probabilities: Mapping[str, npt.NDArray[np.floating]]) -> pa.Table:
    """A column for each array of shape (m, classes)."""
    lists = pa.list_(pa.float64())
    columns = {name: pa.array(rows.astype(np.float64).tolist(), lists) for name, rows in probabilities.items()}
    return pa.table(columns)


def _columns(table: pa.Table) -> dict[str, Floats]:
    return {name: np.array(table[name].to_pylist(), np.float64) for name in table.column_names}
