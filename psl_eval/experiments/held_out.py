"""Proteins that no model has learned from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from psl_eval.exclusion.training_sets import read_training_set
from psl_eval.experiments.models import NamedModel
from psl_models.datasets import Dataset


def held_out(dataset: Dataset, models: Sequence[NamedModel]) -> npt.NDArray[np.int64]:
    """Numbers of the proteins that no model was trained or validated with, by accession or sequence; int64 (kept,).

    A model whose folder does not say what it has learned from leaves out nothing.
    """
    seen: set[str] = set()
    for model in models:
        if model.training_set is not None:
            learned = read_training_set(model.training_set)
            seen.update(each for each in learned.identifiers.to_pylist() if each)
            seen.update(each for each in learned.sequences.to_pylist() if each)
    kept = [
        row
        for row, (accession, sequence) in enumerate(zip(dataset.accessions, dataset.sequences, strict=True))
        if accession not in seen and sequence not in seen
    ]
    return np.array(kept, np.int64)
