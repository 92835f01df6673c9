"""Labels as the numbers that a network learns, and the order of the classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from psl_models.datasets.proteins import Dataset
from psl_models.encoding import STUDY_CLASSES


def class_order(dataset: Dataset) -> tuple[str, ...]:
    """The classes that occur in a data set: in the study's order where all are of its ten, else sorted.

    Raises
    ------
    InputError
        With the line: half of the classes or more are of the ten, and this label is not, which is how a typing error
        looks.
    """
    found = {label for labels in dataset.labels for label in labels}
    known = tuple(psl_class for psl_class in STUDY_CLASSES if psl_class in found)
    if len(known) == len(found):
        return known
    if 2 * len(known) >= len(found):
        row = next(row for row, labels in enumerate(dataset.labels) if not set(labels) <= set(known))
        label = next(label for label in dataset.labels[row] if label not in known)
        raise dataset.error(
            row,
            f"the label {label!r} of {dataset.identifiers[row]} is none of DeepLoc's ten classes, as others are",
            f"correct it, or take it as a class with --classes {','.join(sorted(found))}",
        )
    return tuple(sorted(found))


def class_numbers(dataset: Dataset, classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Number in `classes` of the one label of each protein, int64 of shape (n,).

    Raises
    ------
    InputError
        With the line: a protein has no label, several, or one that is not among `classes`.
    """
    numbers = np.empty(len(dataset), np.int64)
    for row, places in enumerate(_places(dataset, classes)):
        if len(places) != 1:
            name, labels = dataset.identifiers[row], ", ".join(dataset.labels[row])
            raise dataset.error(row, f"expected one label of {name}, found {labels or 'none'}")
        numbers[row] = places[0]
    return numbers


def class_matrix(dataset: Dataset, classes: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Whether each protein has each of the classes, bool of shape (n, classes); a protein may have none.

    Raises
    ------
    InputError
        With the line: a label is not among `classes`.
    """
    matrix = np.zeros((len(dataset), len(classes)), np.bool_)
    for row, places in enumerate(_places(dataset, classes)):
        matrix[row, places] = True
    return matrix


def _places(dataset: Dataset, classes: Sequence[str]) -> list[list[int]]:
    place_of = {psl_class: place for place, psl_class in enumerate(classes)}
    for row, labels in enumerate(dataset.labels):
        unknown = next((label for label in labels if label not in place_of), None)
        if unknown is not None:
            raise dataset.error(
                row,
                f"the label {unknown!r} of {dataset.identifiers[row]} is none of the classes",
                f"there are {', '.join(classes)}",
            )
    return [[place_of[label] for label in labels] for labels in dataset.labels]
