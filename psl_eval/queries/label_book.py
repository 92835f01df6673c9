"""The labels of queries, of which each has one set."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.inputs.faults import Faults
from psl_eval.inputs.labels import labels_of_masks, masks_of_labels

_PREDICTED: Final = 0
_TRUE: Final = 1
_CORRECT: Final = 2
_NAMES: Final = ("predicted", "true", "correct")


class LabelBook:
    """What is predicted for each query, what is true, and whether they are the same: thirty bytes a query.

    A row of a query may lack a label that another row has; two different ones are a contradiction.

    Parameters
    ----------
    places : str
        What the places of rows are: ``line`` or ``row``.
    """

    def __init__(self, places: str) -> None:
        self._unit = places
        self._n_queries = 0
        self._labels = np.zeros((len(_NAMES), 1024), np.uint16)  # of each query, 0 where not known yet
        self._places = np.zeros(self._labels.shape, np.int64)  # where it was given

    def check(self, table: pa.Table, query: npt.NDArray[np.int64], faults: Faults) -> None:
        """Note the labels of queries, and add the rows to `faults` that contradict an earlier one of their query.

        `query` is the number of each row's, -1 for rows to pass over; int64 of shape (rows,).
        """
        here = _numbers(table)
        self._make_room(max(self._n_queries, int(query.max(initial=-1)) + 1))
        good = query >= 0
        bad = np.zeros(len(query), np.bool_)
        # Whoever gives the true label says with it whether the prediction is correct: in this order no row fixes
        # anything that turns out bad.
        for name in (_PREDICTED, _CORRECT, _TRUE):
            label, known = here[name], self._labels[name]
            new = np.flatnonzero(good & (label != 0) & (known[query] == 0))
            # Of several values for the same place the last one stays, which is that of the first row.
            known[query[new[::-1]]] = label[new[::-1]]
            self._places[name][query[new[::-1]]] = faults.places[new[::-1]]
            at_odds = good & (label != 0) & (known[query] != label)
            bad |= at_odds
            good &= ~at_odds

        def problem(row: int) -> str:
            of_query = self._labels[:, query[row]]
            place = self._places[:, query[row]]
            differs = (here[:, row] != 0) & (of_query != here[:, row]) & (place < faults.places[row])
            name = int(np.argmax(differs & (of_query != 0)))
            now, then = (_columns(labels[:, np.newaxis])[name][0].as_py() for labels in (here[:, row], of_query))
            protein = table["query"][row].as_py()
            return (
                f"{_NAMES[name]} is {now} here, but {then} in {self._unit} {place[name]} of the same query {protein!r}"
            )

        faults.add(bad, problem)

    def columns(self) -> tuple[pa.StringArray, pa.StringArray, pa.BooleanArray]:
        """Predicted and true classes of each query, and whether they are the same; null where unknown."""
        return _columns(self._labels[:, : self._n_queries])

    def _make_room(self, n_queries: int) -> None:
        self._n_queries = n_queries
        room = self._labels.shape[1]
        if n_queries > room:
            more = ((0, 0), (0, 2 * n_queries - room))
            self._labels, self._places = np.pad(self._labels, more), np.pad(self._places, more)


def _numbers(table: pa.Table) -> npt.NDArray[np.uint16]:
    """Masks of the two labels, and 1 for wrong or 2 for correct; 0 where there is none; uint16 of shape (3, rows)."""
    masks = [masks_of_labels(table[name].combine_chunks()) for name in _NAMES[:2]]
    correct = pc.add(table["correct"].combine_chunks().cast(pa.uint16()), 1).fill_null(0).to_numpy()
    return np.stack([*masks, correct])


def _columns(labels: npt.NDArray[np.uint16]) -> tuple[pa.StringArray, pa.StringArray, pa.BooleanArray]:
    predicted, true, correct = labels
    return labels_of_masks(predicted), labels_of_masks(true), pa.array(correct == 2, mask=correct == 0)
