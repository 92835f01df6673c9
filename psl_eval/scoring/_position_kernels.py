"""Kernels that bring together where a peptide occurs in one shard, in the order of the text.

They read a shard as `psl_index._search_kernels` describes it; `ranges` are what `Shard.find_ranges` gives.
Every position read from a file is checked before it is used, so that a damaged payload can give a wrong
answer but never a read outside an array.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_index._intrinsics import prefetch
from psl_index._jit import kernel
from psl_index._search_kernels import holds
from psl_index._sort_kernels import FEW, sort_few, sort_many

_AHEAD = 16  # rows between asking for a cache line and using it


@kernel
def position_buffers(ranges: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Two arrays that hold the rows of any one peptide; ranges of shape (n, 4)."""
    most = np.int64(0)
    for i in range(len(ranges)):
        rows = np.int64(ranges[i, 1]) - np.int64(ranges[i, 0]) + np.int64(ranges[i, 3]) - np.int64(ranges[i, 2])
        most = max(most, rows)
    return np.empty(most, np.uint32), np.empty(most, np.uint32)


@kernel
def gather_positions(
    codes: npt.NDArray[np.uint8],
    first: int,
    length: int,
    ranges: npt.NDArray[np.uint32],
    exact: npt.NDArray[np.int64],
    text: npt.NDArray[np.uint8],
    pos: npt.NDArray[np.uint32],
    positions: npt.NDArray[np.uint32],
    spare: npt.NDArray[np.uint32],
) -> int:
    """Fill `positions` with the text positions of ``codes[first:first + length]``, ascending; returns how many.

    O(rows); a candidate of a peptide longer than ``exact`` (for regular and irregular rows) costs its length.

    Shapes: ranges (4,), exact (2,), positions and spare as `position_buffers` gives them.
    """
    n = np.int64(0)
    for kind in range(2):
        low, high = np.int64(ranges[2 * kind]), np.int64(ranges[2 * kind + 1])
        for row in range(low, high):
            position = np.int64(pos[row])
            if position + length > len(text):
                continue
            if length > exact[kind]:
                prefetch(text, np.int64(pos[min(np.int64(row + _AHEAD), high - 1)]))
                if not holds(text, position, codes, first, length, False):
                    continue
            positions[n] = position
            n += 1
    if n <= FEW:
        sort_few(positions, 0, n)
    else:
        sort_many(positions[:n], spare)
    return int(n)
