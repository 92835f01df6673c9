"""Peptides that are asked for several times and occur often: their occurrences are gathered once, then copied.

Peptides cut from real proteins are like that. Of a million of eight residues a few hundred are poly-glutamine and its
like, and have four fifths of all occurrences.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index.peptides import Peptides

_OFTEN = 64  # candidate rows from which copying pays


class Repeats(NamedTuple):
    """Which of n peptides are the same as others."""

    first: npt.NDArray[np.int64]  # (r,) number of the first of each that is repeated
    of_peptide: npt.NDArray[np.int32]  # (n,) which of those each is, -1 for none


class Repeated(NamedTuple):
    """Occurrences of the r peptides that are repeated, as the kernels take them."""

    of_peptide: npt.NDArray[np.int32]  # (n,) or, where none is repeated, (0,)
    ends: npt.NDArray[np.int64]  # (r + 1,) those of number i are entry[ends[i]:ends[i + 1]]
    entry: npt.NDArray[np.uint32]
    start: npt.NDArray[np.uint32]

    def part(self, first: int, end: int) -> Repeated:
        """For the peptides ``first`` to ``end - 1``."""
        return self._replace(of_peptide=self.of_peptide[first:end])


NOTHING_REPEATED = Repeated(
    np.empty(0, np.int32), np.zeros(1, np.int64), np.empty(0, np.uint32), np.empty(0, np.uint32)
)


def find_repeats(peptides: Peptides, rows: npt.NDArray[np.int64]) -> Repeats | None:
    """Find the peptides that are there more than once, among those with many candidate rows; `rows` is (n,)."""
    often = np.flatnonzero(rows >= _OFTEN)
    buffers = [None, pa.py_buffer(peptides.offsets), pa.py_buffer(peptides.codes)]
    codes = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(peptides), buffers)
    same = codes.take(pa.array(often)).dictionary_encode().indices.to_numpy()
    _, first, times = np.unique(same, return_index=True, return_counts=True)
    again = times > 1
    if not again.any():
        return None
    of_peptide = np.full(len(peptides), -1, np.int32)
    of_peptide[often] = np.where(again, np.cumsum(again) - 1, -1)[same]
    return Repeats(often[first[again]], of_peptide)
