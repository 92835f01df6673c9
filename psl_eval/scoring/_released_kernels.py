"""Kernels of the hit rate as the study's released code computes it: one match an entry and protein.

They read a shard as `psl_eval.scoring._hit_rate_kernels` does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_eval.scoring._exclusion_kernels import at_or_after, missing_from
from psl_eval.scoring._label_bits import COUNTS
from psl_eval.scoring._position_kernels import gather_positions, position_buffers
from psl_index._jit import inlined, kernel
from psl_index._search_kernels import entry_of


@inlined
def _weight(place: int, left: int, length: int) -> float:
    """Of an occurrence at `place` (1-based) of a subsequence that starts at `left` (0-based) of its protein."""
    return 1.0 if place == left else min(abs((length - 1) / (place - left)), 1.0)


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
    excluded_from: npt.NDArray[np.uint8],
    text: npt.NDArray[np.uint8],
    entry_starts: npt.NDArray[np.uint32],
    block_entry: npt.NDArray[np.uint32],
    pos: npt.NDArray[np.uint32],
    first_entry: int,
    labels: npt.NDArray[np.uint16],
    everywhere: npt.NDArray[np.uint8],
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
    subsequence ``i`` starts, 0-based. An entry that counts (as in `tally_occurrences`) is credited to the protein's
    first subsequence that it holds, by its first occurrence there, at q (1-based): its weight is 1 where q = left, else
    min(abs((length - 1) / (q - left)), 1). `entries` counts the entries credited, `matching` those of them with one of
    the classes in ``targets[i]``; `weights` and `hits` sum their weights, in the order of the entries. Column 0 is of
    all entries that count, the others of those that are not missing from it for the protein.

    `credited` is scratch of one element an entry, -1 throughout at the start. O(occurrences).

    Shapes: offsets (n + 1,), ranges (n, 4), exact (2,), lefts, group, query (n,), targets (n, k), labels, everywhere,
    credited (n_entries,), entries, weights (n, columns), matching, hits (n, columns, k).
    """
    positions, spare = position_buffers(ranges)
    for i in range(len(lefts)):
        length = offsets[i + 1] - offsets[i]
        n = gather_positions(codes, offsets[i], length, ranges[i], exact, text, pos, positions, spare)
        at, last = excluded_offsets[query[i]], excluded_offsets[query[i] + 1]
        for j in range(n):
            position = np.int64(positions[j])
            entry = entry_of(position, block_entry, entry_starts, len(labels))
            if not labels[entry] & COUNTS or credited[entry] == group[i]:
                continue
            credited[entry] = group[i]
            at = at_or_after(excluded, at, last, first_entry + entry)
            missing = missing_from(excluded, excluded_from, at, last, first_entry + entry) | everywhere[entry]
            weight = _weight(position - np.int64(entry_starts[entry]) + 1, lefts[i], length)
            for column in range(entries.shape[1]):
                if missing >> column & 1:
                    continue
                entries[i, column] += 1
                weights[i, column] += weight
                for k in range(targets.shape[1]):
                    if labels[entry] & targets[i, k]:
                        matching[i, column, k] += 1
                        hits[i, column, k] += weight


@kernel
def list_entries(
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
    lefts: npt.NDArray[np.int64],
) -> tuple[
    npt.NDArray[np.int64],
    npt.NDArray[np.uint32],
    npt.NDArray[np.uint16],
    npt.NDArray[np.uint8],
    npt.NDArray[np.float64],
]:
    """The entries that count and hold each subsequence, with their labels and what `credit_entries` weighs them.

    Gives where the entries of each of n subsequences begin, (n + 1,), and for each entry its number in the shard, its
    labels, the columns that it is missing from for the protein, and its weight; all (found,). `targets` is not read.
    O(occurrences), and as many numbers in memory.

    Shapes: those of `credit_entries`.
    """
    rows = np.int64(0)
    for i in range(len(ranges)):
        rows += np.int64(ranges[i, 1]) - np.int64(ranges[i, 0]) + np.int64(ranges[i, 3]) - np.int64(ranges[i, 2])
    begins = np.zeros(len(lefts) + 1, np.int64)
    entries, bits, weights = np.empty(rows, np.uint32), np.empty(rows, np.uint16), np.empty(rows)
    missing = np.empty(rows, np.uint8)
    positions, spare = position_buffers(ranges)
    found = np.int64(0)
    for i in range(len(lefts)):
        length = offsets[i + 1] - offsets[i]
        n = gather_positions(codes, offsets[i], length, ranges[i], exact, text, pos, positions, spare)
        at, last = excluded_offsets[query[i]], excluded_offsets[query[i] + 1]
        before = np.int64(-1)
        for j in range(n):
            position = np.int64(positions[j])
            entry = entry_of(position, block_entry, entry_starts, len(labels))
            if entry == before or not labels[entry] & COUNTS:
                continue
            before = entry
            at = at_or_after(excluded, at, last, first_entry + entry)
            entries[found] = entry
            bits[found] = labels[entry]
            missing[found] = missing_from(excluded, excluded_from, at, last, first_entry + entry) | everywhere[entry]
            weights[found] = _weight(position - np.int64(entry_starts[entry]) + 1, lefts[i], length)
            found += 1
        begins[i + 1] = found
    return begins, entries[:found], bits[:found], missing[:found], weights[:found]


@kernel
def credit_drawn(
    begins: npt.NDArray[np.int64],
    entries: npt.NDArray[np.uint32],
    bits: npt.NDArray[np.uint16],
    missing: npt.NDArray[np.uint8],
    entry_weights: npt.NDArray[np.float64],
    targets: npt.NDArray[np.uint16],
    first_row: npt.NDArray[np.int64],
    drawn: npt.NDArray[np.int64],
    first_window: int,
    n_entries: int,
    weights: npt.NDArray[np.float64],
    hits: npt.NDArray[np.float64],
) -> None:
    """Credit entries to proteins as `credit_entries` does, in many draws of which subsequences the proteins have.

    Protein p has, in draw d, subsequence ``drawn[d, r] - first_window`` of `list_entries` for each r from
    ``first_row[p]`` to ``first_row[p + 1] - 1``. `weights` and `hits` sum what is credited to each protein, and what of
    it has one of the classes in ``targets[p]``. O(entries of what is drawn).

    Shapes: targets (m, k), first_row (m + 1,), drawn (draws, rows), weights (m, columns, draws), hits (m, columns, k,
    draws).
    """
    credited = np.full(n_entries, -1)
    turn = 0
    for p in range(len(targets)):
        for d in range(len(drawn)):
            turn += 1
            for r in range(first_row[p], first_row[p + 1]):
                window = drawn[d, r] - first_window
                for j in range(begins[window], begins[window + 1]):
                    entry = entries[j]
                    if credited[entry] == turn:
                        continue
                    credited[entry] = turn
                    for column in range(weights.shape[1]):
                        if missing[j] >> column & 1:
                            continue
                        weights[p, column, d] += entry_weights[j]
                        for k in range(targets.shape[1]):
                            if bits[j] & targets[p, k]:
                                hits[p, column, k, d] += entry_weights[j]
