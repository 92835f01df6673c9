"""Proteins that no model has learned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.exclusion.training_sets import read_training_set
from psl_eval.experiments.models import NamedModel
from psl_eval.queries.identities import copies_of_entries, known_by_accession
from psl_models.datasets import Dataset

if TYPE_CHECKING:
    from psl_index.index import Index


def held_out(dataset: Dataset, models: Sequence[NamedModel]) -> npt.NDArray[np.int64]:
    """Numbers of the proteins that no model was trained or validated with, by accession or sequence; int64 (kept,).

    A training set that has accessions alone says by them which proteins of `dataset` were learned from; others of the
    same residues go with them. A model whose folder does not say what it has learned from leaves out nothing.
    """
    names: set[str] = set()
    residues: set[str] = set()
    for model in models:
        if model.training_set is not None:
            learned = read_training_set(model.training_set)
            names.update(filter(None, known_by_accession(learned.identifiers).to_pylist()))
            residues.update(filter(None, learned.sequences.to_pylist()))
    known = known_by_accession(pa.array(dataset.accessions, pa.string())).to_pylist()
    residues.update(sequence for name, sequence in zip(known, dataset.sequences, strict=True) if name in names)
    return np.flatnonzero([sequence not in residues for sequence in dataset.sequences])


def not_known_of(models: Sequence[NamedModel], where: str) -> Iterator[str]:
    """A sentence on models whose folders do not say what they have learned from; `where` that may be found."""
    names = [model.name for model in models if model.training_set is None]
    if names:
        have = "has" if len(names) == 1 else "have"
        yield f"what {' and '.join(names)} {have} learned from is not known here, and may be among {where}"


def learned_entries(index: Index, models: Sequence[NamedModel]) -> npt.NDArray[np.int64]:
    """Numbers of the entries of an index that a model was trained or validated with, and of their copies; ascending."""
    found = [
        read_training_set(model.training_set).find(index)[:, 1] for model in models if model.training_set is not None
    ]
    entries = np.unique(np.concatenate([np.zeros(0, np.int64), *found]))
    return np.union1d(entries, copies_of_entries(index, entries)[:, 1]) if len(entries) else entries
