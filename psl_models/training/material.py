"""A data set made ready for a network: divided, cut and encoded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psl_models.configuration import Configuration
from psl_models.datasets.proteins import Dataset
from psl_models.datasets.targets import class_matrix, class_numbers
from psl_models.encoding import encode, truncated
from psl_models.model import Model
from psl_models.prediction import predict
from psl_models.splits import SIDES, Split, rows_of
from psl_models.training.examples import Examples


@dataclass(frozen=True, eq=False)
class Material:
    """Proteins with their classes, divided into training, validation and test.

    Attributes
    ----------
    dataset : Dataset
    split : Split
        Side of each protein.
    labels : ndarray
        bool of shape (n, classes).
    """

    dataset: Dataset
    split: Split
    labels: npt.NDArray[np.bool_]

    def rows(self, side: int) -> npt.NDArray[np.int64]:
        """Numbers of the proteins of a side."""
        return rows_of(self.split, side)

    def sequences(self, side: int) -> list[str]:
        """Residues of the proteins of a side, uncut."""
        return [self.dataset.sequences[row] for row in self.rows(side)]

    def sides(self) -> dict[str, list[str]]:
        """The same by the names of the sides."""
        return {name: self.sequences(side) for side, name in enumerate(SIDES)}

    def examples(self, side: int, configuration: Configuration, guide: Model | None, *, cut: bool) -> Examples:
        """What a network learns from; with `cut` as the configuration says, with the weights of a guide if given."""
        sequences = self.sequences(side)
        if cut:
            sequences = [truncated(each, configuration.max_length, configuration.truncate) for each in sequences]
        guidance = None if guide is None else predict(guide, sequences).weights
        return Examples([encode(sequence) for sequence in sequences], self.labels[self.rows(side)], guidance)


def labels_of(dataset: Dataset, configuration: Configuration) -> npt.NDArray[np.bool_]:
    """Classes of each protein, bool of shape (n, classes).

    Raises
    ------
    InputError
        With the line: a label is none of the classes, or a protein does not have just one of a single label.
    """
    if configuration.task == "multi-label":
        return class_matrix(dataset, configuration.classes)
    labels: npt.NDArray[np.bool_] = (
        np.arange(len(configuration.classes)) == class_numbers(dataset, configuration.classes)[:, None]
    )
    return labels
