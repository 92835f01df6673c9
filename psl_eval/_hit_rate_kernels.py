"""Kernels that walk the occurrences of subsequences in one shard.

They read a shard as `psl_index._search_kernels` describes it; `ranges` are what `Shard.find_ranges` gives.
Every position read from a file is checked before it is used, so that a damaged payload can give a wrong
answer but never a read outside an array.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_index._intrinsics import prefetch
from psl_index._jit import kernel
from psl_index._search_kernels import BLOCK_BITS, entry_of, holds

_AHEAD = 16  # rows between asking for a cache line and using it
_WALK = 32  # where more than one entry in so many is met, passing over all of them beats sorting


@kernel
def tally_occurrences(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    ranges: npt.NDArray[np.uint32],
    exact: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    targets: npt.NDArray[np.uint16],
    query: npt.NDArray[np.int64],
    excluded_offsets: npt.NDArray[np.int64],
    excluded: npt.NDArray[np.int64],
    text: npt.NDArray[np.uint8],
    entry_starts: npt.NDArray[np.uint32],
    block_entry: npt.NDArray[np.uint32],
    pos: npt.NDArray[np.uint32],
    first_entry: int,
    classes: npt.NDArray[np.uint16],
    distance: npt.NDArray[np.int64],
    met: npt.NDArray[np.int64],
    entries: npt.NDArray[np.int64],
    matching: npt.NDArray[np.int64],
    proximity: npt.NDArray[np.float64],
) -> None:
    """Add what a shard holds of each subsequence to `entries`, `matching` and `proximity`.

    Subsequence ``i`` is ``codes[offsets[i]:offsets[i + 1]]``, starts at ``starts[i]`` (1-based) of protein
    ``query[i]`` and is scored against each class of ``targets[i]`` (a class is one bit). Annotated entries
    are those with a bit in `classes`; those numbered ``excluded[excluded_offsets[q]:excluded_offsets[q +
    1]]`` (ascending, over the whole index) are left out for protein ``q``. Column 0 of the results is without
    the exclusion, column 1 with it: `entries` counts the annotated entries that hold the subsequence,
    `matching` those of them with the class, and `proximity` sums 1 / max(1, distance) over the latter, where
    the distance is that of the entry's nearest occurrence. Terms are added in the order of the entries.

    `distance`, -1 throughout, and `met` are scratch of one element an entry; `distance` is left as it was
    found. O(occurrences + entries met x log of them); a candidate of a subsequence longer than ``exact`` (for
    regular and irregular rows) costs its length.

    Shapes: offsets (n + 1,), ranges (n, 4), exact (2,), starts, query (n,), targets (n, k), classes,
    distance, met (n_entries,), entries (n, 2), matching, proximity (n, 2, k).
    """
    for i in range(len(starts)):
        n_met = np.int64(0)
        length = offsets[i + 1] - offsets[i]
        for kind in range(2):
            low, high = np.int64(ranges[i, 2 * kind]), np.int64(ranges[i, 2 * kind + 1])
            for row in range(low, high):
                ahead = np.int64(pos[min(np.int64(row + _AHEAD), high - 1)])
                prefetch(block_entry, ahead >> BLOCK_BITS)
                position = np.int64(pos[row])
                if position + length > len(text):
                    continue
                if length > exact[kind]:
                    prefetch(text, ahead)
                    if not holds(text, position, codes, offsets[i], length, False):
                        continue
                entry = entry_of(position, block_entry, entry_starts, len(classes))
                if classes[entry] == 0:
                    continue
                here = abs(position - np.int64(entry_starts[entry]) + 1 - starts[i])
                before = distance[entry]
                if before < 0:
                    met[n_met] = entry
                    n_met += 1
                if before < 0 or here < before:
                    distance[entry] = here
        n_met = _in_order(met, n_met, distance)
        next_excluded = excluded_offsets[query[i]]
        last_excluded = excluded_offsets[query[i] + 1]
        for j in range(n_met):
            entry = met[j]
            while next_excluded < last_excluded and excluded[next_excluded] < first_entry + entry:
                next_excluded += 1
            stays = next_excluded == last_excluded or excluded[next_excluded] != first_entry + entry
            entries[i, 0] += 1
            entries[i, 1] += stays
            for k in range(targets.shape[1]):
                if classes[entry] & targets[i, k]:
                    term = 1.0 / max(distance[entry], 1)
                    matching[i, 0, k] += 1
                    proximity[i, 0, k] += term
                    if stays:
                        matching[i, 1, k] += 1
                        proximity[i, 1, k] += term
            distance[entry] = -1


@kernel
def _in_order(met: npt.NDArray[np.int64], n_met: int, distance: npt.NDArray[np.int64]) -> int:
    """Sort the first `n_met` elements of `met`: the entries that have a distance."""
    if n_met * _WALK > len(distance):
        n_met = 0
        for entry in range(len(distance)):
            if distance[entry] >= 0:
                met[n_met] = entry
                n_met += 1
    else:
        met[:n_met].sort()
    return n_met


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
