"""Proteins in folds: at random, or whole clusters; and what folds have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.leakage import leakage
from psl_index.errors import InputError
from psl_models.datasets import Dataset
from psl_models.splits import TEST, TRAIN, VALIDATION, Split

Ints = npt.NDArray[np.int64]

_NOT_LEARNED: Final = 2  # folds that a training does not learn from: one tests, one validates

LEAKAGE_ROWS: Final = pa.schema(
    [
        pa.field("split", pa.string(), nullable=False),  # random or clustered
        pa.field("test_fold", pa.int64(), nullable=False),  # from 1
        pa.field("proteins", pa.int64(), nullable=False),  # of the fold
        pa.field("k", pa.int64(), nullable=False),  # residues of a stretch
        pa.field("identical", pa.int64(), nullable=False),  # with the sequence of a protein of another fold
        pa.field("overlapping", pa.int64(), nullable=False),  # with a stretch of k residues of one
    ]
)


def random_folds(labels: Sequence[str], folds: int, seed: int) -> Ints:
    """Fold of each protein by chance, each class spread evenly; int64 of shape (n,), from 0.

    Raises
    ------
    InputError
        A class has fewer proteins than there are folds.
    """
    rng = np.random.default_rng(seed)
    names = np.array(labels)
    fold_of = np.empty(len(names), np.int64)
    for label in sorted(set(labels)):
        rows = np.flatnonzero(names == label)
        if len(rows) < folds:
            raise _too_few(label, len(rows), folds)
        fold_of[rng.permutation(rows)] = (rng.integers(folds) + np.arange(len(rows))) % folds
    return fold_of


def clustered_folds(labels: Sequence[str], clusters: Ints, folds: int, seed: int) -> Ints:
    """Fold of each protein, whole clusters by chance: each, in random order, goes where most proteins lack.

    Proteins lack of the class that most of the cluster have, so that classes are spread as evenly as clusters let them.

    Parameters
    ----------
    labels : sequence of str
        Class of each protein.
    clusters : int64 array of shape (n,)
        Number of the cluster of each; each protein with -1 is a cluster by itself.
    folds, seed : int

    Raises
    ------
    InputError
        A class has fewer proteins than there are folds, or lies in too few folds for every training to have some of it;
        or a fold gets none.
    """
    names, class_of, sizes = np.unique(np.array(labels), return_inverse=True, return_counts=True)
    if sizes.min() < folds:
        raise _too_few(str(names[sizes.argmin()]), int(sizes.min()), folds)
    alone = clusters < 0
    numbered = np.where(alone, clusters.max(initial=-1) + np.cumsum(alone), clusters)
    _, first, cluster = np.unique(numbered, return_index=True, return_inverse=True)
    members = np.zeros((len(first), len(names)), np.int64)
    np.add.at(members, (cluster, class_of), 1)
    held = np.zeros((folds, len(names)), np.int64)
    fold_of = np.empty(len(first), np.int64)
    for number in np.random.default_rng(seed).permutation(np.argsort(first)):
        commonest = int(members[number].argmax())
        fold_of[number] = np.lexsort((held.sum(axis=1), held[:, commonest]))[0]
        held[fold_of[number]] += members[number]
    if not held.sum(axis=1).all():
        raise InputError(f"fewer clusters than {folds} folds", remedy="give clusters of fewer proteins")
    if ((held > 0).sum(axis=0) <= _NOT_LEARNED).any():
        name = names[(held > 0).sum(axis=0).argmin()]
        problem = f"the class {name} has so few clusters that some trainings would have none of it"
        raise InputError(problem, remedy="give clusters of fewer proteins, or leave the class out")
    return fold_of[cluster]


def sides_of(fold_of: Ints, test: int, validation: int) -> Split:
    """The split of a training: one fold tests, another validates, the others train."""
    split: Split = np.select([fold_of == test, fold_of == validation], [TEST, VALIDATION], TRAIN).astype(np.int8)
    return split


def leakage_rows(
    dataset: Dataset, fold_of: Ints, test_folds: Sequence[int], *, threads: int = 0
) -> Iterator[dict[str, Any]]:
    """Rows of `LEAKAGE_ROWS` but for the first column: what each of some folds has in common with all others."""
    sequences = np.array(dataset.sequences, object)
    for test in test_folds:
        sides = {"others": sequences[fold_of != test].tolist(), "fold": sequences[fold_of == test].tolist()}
        (overlap,) = leakage(sides, threads=threads).as_json()
        yield {"test_fold": test + 1} | {name: overlap[name] for name in ("proteins", "k", "identical", "overlapping")}


def _too_few(label: str, found: int, folds: int) -> InputError:
    proteins = "1 protein" if found == 1 else f"{found} proteins"
    return InputError(f"the class {label} has {proteins}, fewer than {folds} folds", remedy="leave it out")
