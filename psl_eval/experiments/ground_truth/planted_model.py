"""The small model that learns the planted signals, and how well it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import torch

from psl_eval.experiments.ground_truth.planted_proteins import Planted
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.trained import Trained, trained
from psl_index.progress import Progress
from psl_models.attribution import attribute
from psl_models.attribution.methods import method_named
from psl_models.configuration import Configuration, Sizes
from psl_models.datasets import class_order
from psl_models.model import Model
from psl_models.network import Network
from psl_models.splits import Split
from psl_models.training.material import Material, labels_of
from psl_models.training.options import TrainingOptions
from psl_models.training.running import Training

MODEL_ROWS: Final = pa.schema(
    [
        pa.field("predictor", pa.string(), nullable=False),
        pa.field("figure", pa.string(), nullable=False),
        pa.field("proteins", pa.int64(), nullable=False),  # held out
        pa.field("value", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
    ]
)
#: Enough for signals of at most some ten residues in a row, few enough for a minute of training.
_SIZES: Final = Sizes(kernels=(5, 9), filters=24, hidden=16, layers=1, attention=32, dropout=0.1)


def trained_on(
    planted: Planted,
    split: Split,
    epochs: int,
    seed: int,
    device: torch.device,
    parts: Parts,
    report: Callable[[Progress], None],
) -> Trained:
    """The study's small network of convolutions and LSTMs with attention, smaller still, on the planted proteins.

    Raises
    ------
    InputError, OutputError, UsageError
        As of `psl_eval.experiments.trained.trained`.
    """
    dataset, configuration = planted.dataset, _configuration(planted)
    material = Material(dataset, split, labels_of(dataset, configuration))
    options = TrainingOptions(epochs=epochs, learning_rate=5e-3, averaging=0.98, seed=seed)
    words = f"{len(dataset):,} synthetic proteins of as many families, at random"
    return trained("planted", Training(configuration, material, options, None, words, ()), parts, device, report)


def check_methods(planted: Planted, methods: Sequence[str]) -> None:
    """Refuse a method that there is not, or that cannot explain such a model, before one is trained.

    Raises
    ------
    UsageError
    """
    configuration = _configuration(planted)
    with torch.random.fork_rng(devices=[]):
        model = Model(configuration, Network(configuration).eval())
    for method in methods:
        list(attribute(model, ["M"], method, method_named(method), np.zeros(1, np.int64)))


def model_rows(metrics: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of `MODEL_ROWS`: of the model, and of rules that know nothing of the order of residues, on the test side."""
    for predictor, of_predictor in {"model": metrics["test"], **metrics["baselines"]}.items():
        for figure in ("accuracy", "mcc"):
            yield {
                "predictor": predictor,
                "figure": figure,
                "proteins": of_predictor["proteins"],
                **of_predictor["figures"][figure],
            }


def _configuration(planted: Planted) -> Configuration:
    return Configuration("cnn-bilstm-small", "attention", class_order(planted.dataset), _SIZES, encoding="one-hot")
