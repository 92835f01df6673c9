"""The kernel that finds the entries of one shard that are a given protein.

It reads a shard as `psl_index._search_kernels` describes it; `ranges` are what `Shard.find_ranges` gives.
Every position read from a file is checked before it is used, so that a damaged payload can give a wrong
answer but never a read outside an array.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_index._jit import kernel
from psl_index._search_kernels import entry_of, holds


@kernel
def find_whole_entries(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    ranges: npt.NDArray[np.uint32],
    text: npt.NDArray[np.uint8],
    entry_starts: npt.NDArray[np.uint32],
    block_entry: npt.NDArray[np.uint32],
    pos: npt.NDArray[np.uint32],
    query: npt.NDArray[np.int64],
    entry: npt.NDArray[np.int64],
) -> int:
    """Find the entries whose whole sequence is ``codes[offsets[i]:offsets[i + 1]]``, for each ``i``.

    Fills `query` and `entry` with (i, entry of the shard) as far as they reach, and returns how many there
    are: where that is more, call again with longer ones. O(candidate rows + residues compared).

    Shapes: offsets (n + 1,), ranges (n, 4), query and entry of one length.
    """
    n_entries = len(entry_starts) - 1
    found = np.int64(0)
    for i in range(len(ranges)):
        length = offsets[i + 1] - offsets[i]
        for kind in range(2):
            low, high = np.int64(ranges[i, 2 * kind]), np.int64(ranges[i, 2 * kind + 1])
            for row in range(low, high):
                position = np.int64(pos[row])
                if position + length > len(text):
                    continue
                here = entry_of(position, block_entry, entry_starts, n_entries)
                whole = np.int64(entry_starts[here]) == position and (
                    np.int64(entry_starts[here + 1]) - position == length + 1
                )
                if whole and holds(text, position, codes, offsets[i], length, False):
                    if found < len(query):
                        query[found] = i
                        entry[found] = here
                    found += 1
    return int(found)
