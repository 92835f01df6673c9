"""The labels of queries, of which each has one set."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.faults import Faults
from psl_eval.labels import labels_of_masks, masks_of_labels
from psl_index.classes import CLASSES

_NAMES: Final = ("predicted", "true", "correct")
_TRUE_SHIFT: Final = len(CLASSES)
_CORRECT_SHIFT: Final = 2 * len(CLASSES)
_MASK: Final = (1 << len(CLASSES)) - 1


class LabelBook:
    """What is predicted for each query, what is true, and whether they are the same: four bytes a query."""

    def __init__(self) -> None:
        self._packed = np.zeros(1024, np.uint32)
        self._n_queries = 0

    def check(self, table: pa.Table, query: npt.NDArray[np.int64], faults: Faults) -> None:
        """Note the labels of new queries, and add the rows to `faults` that contradict an earlier one of their query.

        `query` is the number of each row's, -1 for rows to pass over; int64 of shape (rows,).
        """
        here = _packed(table)
        n_queries = max(self._n_queries, int(query.max(initial=-1)) + 1)
        if n_queries > len(self._packed):
            self._packed = np.resize(self._packed, 2 * n_queries)
        new = query >= self._n_queries
        # Of several values for the same place the last one stays, which is that of the first row.
        self._packed[query[new][::-1]] = here[new][::-1]
        self._n_queries = n_queries
        before = self._packed[query]

        def problem(row: int) -> str:
            labels = [[label[0].as_py() for label in _unpacked(packed[[row]])] for packed in (here, before)]
            name, now, then = next(found for found in zip(_NAMES, *labels, strict=True) if found[1] != found[2])
            protein = table["query"][row].as_py()
            return f"{name} is {now} here, but {then} in an earlier row of the same query {protein!r}"

        faults.add((query >= 0) & (before != here), problem)

    def columns(self) -> tuple[pa.StringArray, pa.StringArray, pa.BooleanArray]:
        """Predicted and true classes of each query, and whether they are the same; null where unknown."""
        return _unpacked(self._packed[: self._n_queries])


def _packed(table: pa.Table) -> npt.NDArray[np.uint32]:
    predicted, true = (masks_of_labels(table[name].combine_chunks()) for name in ("predicted", "true"))
    correct = pc.add(table["correct"].combine_chunks().cast(pa.uint32()), 1).fill_null(0).to_numpy()
    packed: npt.NDArray[np.uint32] = predicted | true.astype(np.uint32) << _TRUE_SHIFT | correct << _CORRECT_SHIFT
    return packed


def _unpacked(packed: npt.NDArray[np.uint32]) -> tuple[pa.StringArray, pa.StringArray, pa.BooleanArray]:
    predicted, true = (labels_of_masks((packed >> shift & _MASK).astype(np.uint16)) for shift in (0, _TRUE_SHIFT))
    correct = packed >> _CORRECT_SHIFT
    return predicted, true, pa.array(correct == 2, mask=correct == 0)
