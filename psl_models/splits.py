"""Which proteins a network learns from, which stop its training, and which test it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from psl_index.errors import InputError, UsageError
from psl_index.opening import open_source
from psl_index.tables import check_accession, check_width, column_place, read_rows
from psl_models.datasets.proteins import Dataset

Split: TypeAlias = npt.NDArray[np.int8]
"""Side of each protein, shape (n,): `TRAIN`, `VALIDATION`, `TEST`, or `UNUSED`."""

TRAIN: Final = 0
VALIDATION: Final = 1
TEST: Final = 2
UNUSED: Final = -1
#: The sides by their numbers.
SIDES: Final = ("train", "validation", "test")

#: Shares of the three sides in the published study.
STUDY_FRACTIONS: Final = (0.7, 0.15, 0.15)


def official(dataset: Dataset, seed: int, *, validation: float = 1 / 8) -> Split:
    """DeepLoc 1.0's own test set; of the other proteins a share, drawn at random, is for validation.

    Raises
    ------
    InputError
        No protein is marked as of the test set.
    """
    if dataset.official_test is None:
        raise _unsuitable(dataset, "no header ends in the word `test`")
    split = np.where(dataset.official_test, TEST, TRAIN).astype(np.int8)
    others = np.flatnonzero(split == TRAIN)
    drawn = np.random.default_rng(seed).permutation(others)[: round(validation * len(others))]
    split[drawn] = VALIDATION
    return _without_an_empty_side(split, dataset)


def from_table(dataset: Dataset, path: str | os.PathLike[str], column: str) -> Split:
    """The split that a column of a table states for each accession; other accessions in it do not matter.

    The sides are called ``train``, ``validation`` (or ``val``, ``valid``) and ``test``, in any letter case; a protein
    whose field is empty is unused.

    Raises
    ------
    InputError
        With the line: the table is malformed, has no such column, names a side otherwise, or puts a protein on two
        sides. Or proteins of the data set are not in it, or a side has none.
    """
    with open_source(path) as source:
        rows = read_rows(source)
        _, names = next(rows)
        accession_place = column_place("accession", names, {}, source.name)
        if column not in (known := [name.strip() for name in names]):
            raise InputError(
                f"no column {column!r} among {', '.join(known)}",
                file=source.name,
                line=1,
                remedy="name the one that holds train, validation and test",
            )
        side_place = known.index(column)
        side_of: dict[str, int] = {}
        for line, fields in rows:
            check_width(fields, len(names), source.name, line)
            accession = fields[accession_place].strip()
            check_accession(accession, source.name, line)
            side = _side(fields[side_place], source.name, line)
            if side_of.setdefault(accession, side) != side:
                raise InputError(f"{accession} is on two sides of the split", file=source.name, line=line)
    split = np.empty(len(dataset), np.int8)
    missing: list[str] = []
    for row, forms in enumerate(zip(dataset.identifiers, dataset.accessions, strict=True)):
        named = next((form for form in forms if form in side_of), None)
        if named is None:
            missing.append(forms[0])
        else:
            split[row] = side_of[named]
    if missing:
        raise InputError(
            f"{len(missing):,} of {len(dataset):,} proteins are not in it, the first is {missing[0]}",
            file=source.name,
            remedy=f"add them, with an empty {column} where they are not to be used",
        )
    return _without_an_empty_side(split, dataset)


def partitions(dataset: Dataset, *, test: int = 4, validation: int = 3) -> Split:
    """Whole homology partitions, as DeepLoc 2.0 states them: one to test, one to validate, the others to train.

    Raises
    ------
    InputError
        The data set has no partitions.
    UsageError
        It has none of these numbers, or they are the same.
    """
    if dataset.partition is None:
        raise _unsuitable(dataset, "no column `Partition`")
    found = np.unique(dataset.partition).tolist()
    for number in (test, validation):
        if number not in found:
            raise UsageError(f"no partition {number}", remedy=f"there are {', '.join(map(str, found))}")
    if test == validation:
        raise UsageError(f"partition {test} is to test and to validate", remedy="name two partitions")
    sides = np.select([dataset.partition == test, dataset.partition == validation], [TEST, VALIDATION], TRAIN)
    return _without_an_empty_side(sides.astype(np.int8), dataset)


def at_random(dataset: Dataset, seed: int, *, fractions: Sequence[float] = STUDY_FRACTIONS) -> Split:
    """Each protein by chance, as in the published study: near relatives come to lie on different sides.

    `fractions` are those of train, validation and test; the last two are rounded, train gets the rest.

    Raises
    ------
    UsageError
        `fractions` are not three positive numbers with the sum 1.
    InputError
        There are too few proteins for three sides.
    """
    _, validation, test = _targets(fractions, len(dataset))
    split = np.full(len(dataset), TRAIN, np.int8)
    order = np.random.default_rng(seed).permutation(len(dataset))
    split[order[:test]] = TEST
    split[order[test : test + validation]] = VALIDATION
    return _without_an_empty_side(split, dataset)


def by_clusters(
    dataset: Dataset,
    clusters: npt.NDArray[np.int64],
    seed: int,
    *,
    fractions: Sequence[float] = STUDY_FRACTIONS,
) -> Split:
    """Whole clusters by chance, so that relatives stay on one side.

    Clusters are taken in random order, each to the side that lacks most proteins; the shares are near `fractions`, as
    far as the largest clusters allow.

    Parameters
    ----------
    dataset : Dataset
    clusters : int64 array of shape (n,)
        Number of each protein's cluster; each protein with -1 is a cluster by itself.
    seed : int
    fractions : sequence of float
        Of train, validation and test.

    Raises
    ------
    UsageError
        `fractions` are not three positive numbers with the sum 1.
    InputError
        A side gets no protein.
    """
    room = np.array(_targets(fractions, len(dataset)))
    alone = clusters < 0
    numbered = np.where(alone, clusters.max(initial=-1) + np.cumsum(alone), clusters)
    _, first, cluster, sizes = np.unique(numbered, return_index=True, return_inverse=True, return_counts=True)
    by_appearance = np.argsort(first)  # the numbers themselves mean nothing, and must not matter
    side_of = np.empty(len(sizes), np.int8)
    for number in np.random.default_rng(seed).permutation(by_appearance):
        side_of[number] = np.argmax(room)
        room[side_of[number]] -= sizes[number]
    return _without_an_empty_side(side_of[cluster], dataset)


def rows_of(split: Split, side: int) -> npt.NDArray[np.int64]:
    """Numbers of the proteins of one side, ascending."""
    return np.flatnonzero(split == side)


def counts(dataset: Dataset, split: Split) -> dict[str, dict[str, int]]:
    """How many proteins of each side have each label, as JSON holds it; labels in alphabetical order."""
    labels = sorted({label for labels in dataset.labels for label in labels})
    found = {side: dict.fromkeys(labels, 0) for side in SIDES}
    for side, of_protein in zip(split.tolist(), dataset.labels, strict=True):
        for label in of_protein if side != UNUSED else ():
            found[SIDES[side]][label] += 1
    return found


_SIDE_OF: Final = {
    "train": TRAIN,
    "validation": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "test": TEST,
    "": UNUSED,
}


def _side(field: str, file: str, line: int) -> int:
    side = _SIDE_OF.get(field.strip().lower())
    if side is None:
        problem = f"expected train, validation, test or nothing, found {field.strip()[:40]!r}"
        raise InputError(problem, file=file, line=line)
    return side


def _targets(fractions: Sequence[float], n_proteins: int) -> tuple[int, int, int]:
    """Proteins that each side is to have."""
    positive = len(fractions) == len(SIDES) and all(fraction > 0 for fraction in fractions)
    if not (positive and abs(sum(fractions) - 1) <= _ROUNDING):  # so that NaN is not let through
        raise UsageError(
            f"fractions {', '.join(map(str, fractions))}",
            remedy="give three positive numbers with the sum 1, for train, validation and test",
        )
    validation, test = (round(fraction * n_proteins) for fraction in fractions[1:])
    return n_proteins - validation - test, validation, test


_ROUNDING: Final = 1e-6


def _unsuitable(dataset: Dataset, problem: str) -> InputError:
    return InputError(problem, file=dataset.files[0], remedy="choose another split")


def _without_an_empty_side(split: Split, dataset: Dataset) -> Split:
    for number, side in enumerate(SIDES):
        if not (split == number).any():
            raise InputError(
                f"no protein is left for {side} among {len(split):,}",
                file=dataset.files[0],
                remedy="give more proteins, or another split",
            )
    return split
