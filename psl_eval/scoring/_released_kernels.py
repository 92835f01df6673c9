"""The kernel of the hit rate as the study's released code computes it: one match an entry and protein.

It reads a shard as `psl_eval.scoring._hit_rate_kernels` does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_eval.scoring._label_bits import COUNTS, LEFT_OUT
from psl_eval.scoring._position_kernels import gather_positions, position_buffers
from psl_index._jit import kernel
from psl_index._search_kernels import entry_of


@kernel
def credit_entries(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    ranges: npt.NDArray[np.uint32],
    exact: npt.NDArray[np.int64],
    targets: npt.NDArray[np.uint16],
    query: npt.NDArray[np.int64],
    excluded_offsets: npt.NDArray[np.int64],
    excluded: npt.NDArray[np.int64],
    text: npt.NDArray[np.uint8],
    entry_starts: npt.NDArray[np.uint32],
    block_entry: npt.NDArray[np.uint32],
    pos: npt.NDArray[np.uint32],
    first_entry: int,
    labels: npt.NDArray[np.uint16],
    lefts: npt.NDArray[np.int64],
    group: npt.NDArray[np.int64],
    credited: npt.NDArray[np.int64],
    entries: npt.NDArray[np.int64],
    matching: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    hits: npt.NDArray[np.float64],
) -> None:
    """Credit each entry that holds a subsequence of a protein to the first one that it holds, and weigh it.

    Subsequences of one protein follow each other with the same ``group[i]``, in their order; ``lefts[i]`` is where
    subsequence ``i`` starts, 0-based. An entry that counts and is not left out (as in `tally_occurrences`) is credited
    to the protein's first subsequence that it holds, by its first occurrence there, at q (1-based): its weight is 1
    where q = left, else min(abs((length - 1) / (q - left)), 1). `entries` counts the entries credited, `matching` those
    of them with one of the classes in ``targets[i]``; `weights` and `hits` sum their weights, in the order of the
    entries. Column 0 is without the exclusion, column 1 with it.

    `credited` is scratch of one element an entry, -1 throughout at the start. O(occurrences).

    Shapes: offsets (n + 1,), ranges (n, 4), exact (2,), lefts, group, query (n,), targets (n, k), labels, credited
    (n_entries,), entries, weights (n, 2), matching, hits (n, 2, k).
    """
    positions, spare = position_buffers(ranges)
    for i in range(len(lefts)):
        length = offsets[i + 1] - offsets[i]
        n = gather_positions(codes, offsets[i], length, ranges[i], exact, text, pos, positions, spare)
        next_excluded = excluded_offsets[query[i]]
        last_excluded = excluded_offsets[query[i] + 1]
        for j in range(n):
            position = np.int64(positions[j])
            entry = entry_of(position, block_entry, entry_starts, len(labels))
            if not labels[entry] & COUNTS or credited[entry] == group[i]:
                continue
            credited[entry] = group[i]
            while next_excluded < last_excluded and excluded[next_excluded] < first_entry + entry:
                next_excluded += 1
            stays = next_excluded == last_excluded or excluded[next_excluded] != first_entry + entry
            stays = stays and not labels[entry] & LEFT_OUT
            away = position - np.int64(entry_starts[entry]) + 1 - lefts[i]
            weight = 1.0 if away == 0 else min(abs((length - 1) / away), 1.0)
            entries[i, 0] += 1
            weights[i, 0] += weight
            if stays:
                entries[i, 1] += 1
                weights[i, 1] += weight
            for k in range(targets.shape[1]):
                if labels[entry] & targets[i, k]:
                    matching[i, 0, k] += 1
                    hits[i, 0, k] += weight
                    if stays:
                        matching[i, 1, k] += 1
                        hits[i, 1, k] += weight
