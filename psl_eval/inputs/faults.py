"""Bad rows: which they are, and what is wrong with the first of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa


class Fault(NamedTuple):
    """What is wrong with one row."""

    place: int  # its line, or its number from 1 where rows are not lines
    problem: str
    remedy: str | None = None


class Faults:
    """The bad ones among some rows.

    Attributes
    ----------
    places : int64 array of shape (rows,)
        Ascending; see `Fault`.
    bad : bool array of shape (rows,)
    first : Fault or None
        Of the first bad row; where several things are wrong with it, the one that was found first.
    """

    def __init__(self, places: npt.NDArray[np.int64]) -> None:
        self.places = places
        self.bad = np.zeros(len(places), np.bool_)
        self.first: Fault | None = None

    def add(
        self, bad: pa.BooleanArray | npt.NDArray[np.bool_], problem: Callable[[int], str], remedy: str | None = None
    ) -> None:
        """Add the rows that are true in `bad`; `problem` words what is wrong with one of them."""
        found = bad if isinstance(bad, np.ndarray) else bad.fill_null(False).to_numpy(zero_copy_only=False)
        if not found.any():
            return
        row = int(np.argmax(found & ~self.bad))
        if not self.bad[row] and found[row] and (self.first is None or self.places[row] < self.first.place):
            self.first = Fault(int(self.places[row]), problem(row), remedy)
        self.bad |= found
