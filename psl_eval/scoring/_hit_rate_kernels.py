"""Kernels that walk the occurrences of subsequences in one shard.

They read a shard as `psl_index._search_kernels` describes it; `ranges` are what `Shard.find_ranges` gives.
Every position read from a file is checked before it is used, so that a damaged payload can give a wrong
answer but never a read outside an array.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_eval.scoring._exclusion_kernels import at_or_after, missing_from
from psl_eval.scoring._label_bits import CLASS_BITS, COUNTS
from psl_eval.scoring._position_kernels import gather_positions, position_buffers
from psl_index._intrinsics import prefetch
from psl_index._jit import kernel
from psl_index._search_kernels import BLOCK_BITS, entry_of

_AHEAD = 16  # rows between asking for a cache line and using it
_SIZE = np.array([float(classes.bit_count()) for classes in range(int(CLASS_BITS) + 1)])  # classes in a set of them


@kernel
def tally_occurrences(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    ranges: npt.NDArray[np.uint32],
    exact: npt.NDArray[np.int64],
    targets: npt.NDArray[np.uint16],
    query: npt.NDArray[np.int64],
    excluded_offsets: npt.NDArray[np.int64],
    excluded: npt.NDArray[np.int64],
    excluded_from: npt.NDArray[np.uint8],
    text: npt.NDArray[np.uint8],
    entry_starts: npt.NDArray[np.uint32],
    block_entry: npt.NDArray[np.uint32],
    pos: npt.NDArray[np.uint32],
    first_entry: int,
    labels: npt.NDArray[np.uint16],
    everywhere: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    near: bool,
    entries: npt.NDArray[np.int64],
    matching: npt.NDArray[np.int64],
    hits: npt.NDArray[np.float64],
    jaccard: npt.NDArray[np.float64],
) -> None:
    """Add what a shard holds of each subsequence to `entries`, `matching`, `hits` and `jaccard`.

    Subsequence ``i`` is ``codes[offsets[i]:offsets[i + 1]]``, starts at ``starts[i]`` (1-based) of protein
    ``query[i]`` and is scored against each set of classes in ``targets[i]`` (a class is one bit). `labels` are those of
    the shard's entries (`entry_labels`): entries count where they have the bit `COUNTS`. Column 0 of the results is of
    all of them, the others of those that are not missing from it for the protein (`psl_eval.exclusion.left_out`):
    `entries` counts the entries that hold the subsequence, `matching` those of them that have one of the classes.
    `hits` sums a weight over the latter: 1, or where `near` 1 / max(1, distance) with the distance of the entry's
    nearest occurrence. `jaccard` sums the same weight times the Jaccard index of the two sets of classes. Terms are
    added in the order of the entries.

    O(occurrences): they are sorted first, so that entries come one after the other and all look-ups are in order.

    Shapes: offsets (n + 1,), ranges (n, 4), exact (2,), starts, query (n,), targets (n, k), labels, everywhere
    (n_entries,), entries (n, columns), matching, hits, jaccard (n, columns, k).
    """
    positions, spare = position_buffers(ranges)
    for i in range(len(starts)):
        length = offsets[i + 1] - offsets[i]
        n = gather_positions(codes, offsets[i], length, ranges[i], exact, text, pos, positions, spare)
        at, last = excluded_offsets[query[i]], excluded_offsets[query[i] + 1]
        j = np.int64(0)
        while j < n:
            prefetch(block_entry, np.int64(positions[min(j + _AHEAD, n - 1)]) >> BLOCK_BITS)
            position = np.int64(positions[j])
            entry = entry_of(position, block_entry, entry_starts, len(labels))
            start = np.int64(entry_starts[entry]) - 1  # of a place in the entry, 1-based
            end = np.int64(entry_starts[entry + 1])
            distance = abs(position - start - starts[i])
            j += 1
            while j < n and np.int64(positions[j]) < end:
                distance = min(distance, abs(np.int64(positions[j]) - start - starts[i]))
                j += 1
            if not labels[entry] & COUNTS:
                continue
            at = at_or_after(excluded, at, last, first_entry + entry)
            missing = missing_from(excluded, excluded_from, at, last, first_entry + entry) | everywhere[entry]
            for column in range(entries.shape[1]):
                entries[i, column] += not missing >> column & 1
            weight = 1.0 / max(distance, 1) if near else 1.0
            for k in range(targets.shape[1]):
                common = labels[entry] & targets[i, k]
                if common:
                    share = weight * _SIZE[common] / _SIZE[(labels[entry] | targets[i, k]) & CLASS_BITS]
                    for column in range(entries.shape[1]):
                        if not missing >> column & 1:
                            matching[i, column, k] += 1
                            hits[i, column, k] += weight
                            jaccard[i, column, k] += share
