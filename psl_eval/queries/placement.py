"""Whether subsequences stand in their proteins at their positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.inputs.faults import Faults

if TYPE_CHECKING:
    from psl_eval.queries.proteins import Proteins


class Placement:
    """The residues of proteins, to be compared with subsequences."""

    def __init__(self, proteins: Proteins) -> None:
        self._proteins = proteins
        self._residues, self._offsets = _letters(proteins.sequences)
        self._lengths = np.diff(self._offsets)

    def check(self, table: pa.Table, record: npt.NDArray[np.int64], faults: Faults) -> None:
        """Add the subsequences to `faults` that their proteins do not hold where they should.

        Parameters
        ----------
        table : pyarrow.Table
            Columns ``start``, ``end`` (1-based, inclusive), ``subsequence``.
        record : int64 array of shape (rows,)
            Number of each one's protein; -1 for those that have none, which are passed over.
        """
        start = table["start"].to_numpy().astype(np.int64)
        end = table["end"].to_numpy().astype(np.int64)
        beyond = (record >= 0) & (end > self._lengths[record])

        def reach(row: int) -> str:
            length, protein = self._lengths[record[row]], self._named(record[row])
            return f"{start[row]}-{end[row]} reaches past the {length} residues of {protein}"

        faults.add(beyond, reach)
        rows = np.flatnonzero((record >= 0) & ~beyond)
        subsequence = table["subsequence"].combine_chunks()
        first = self._offsets[record[rows]] + start[rows] - 1
        differs = np.zeros(len(record), np.bool_)
        differs[rows[self._differing(subsequence.take(pa.array(rows)), first)]] = True

        def difference(row: int) -> str:
            first = self._offsets[record[row]] + start[row] - 1
            here = self._residues[first : first + end[row] - start[row] + 1].tobytes().decode()
            place = f"{start[row]}-{end[row]} of {self._named(record[row])}"
            return f"expected {here} at {place}, found {subsequence[row].as_py()}"

        faults.add(differs, difference)

    def _differing(self, subsequences: pa.StringArray, first: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Numbers of the subsequences that differ from the residues that begin at `first`."""
        letters, offsets = _letters(subsequences.cast(pa.large_string()))
        # From a letter's place in all subsequences, end to end, to its place in all proteins, end to end.
        shift = first - offsets[:-1]
        there = self._residues[np.arange(len(letters)) + np.repeat(shift, np.diff(offsets))]
        return np.unique(np.searchsorted(offsets, np.flatnonzero(there != letters), side="right") - 1)

    def _named(self, record: int) -> str:
        return f"protein {self._proteins.names[record].as_py()!r} (as in {self._proteins.file})"


def _letters(strings: pa.LargeStringArray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Letters of all strings, and where each starts among them (one more than strings)."""
    _, offsets_buffer, letters_buffer = strings.buffers()
    if not len(strings) or letters_buffer is None:
        return np.empty(0, np.uint8), np.zeros(len(strings) + 1, np.int64)
    offsets = np.frombuffer(offsets_buffer, np.int64)[strings.offset : strings.offset + len(strings) + 1]
    return np.frombuffer(letters_buffer, np.uint8)[offsets[0] : offsets[-1]], offsets - offsets[0]
