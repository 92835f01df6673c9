"""Kernels of the exact search in one shard.

`pos` holds all residue positions of the text: first the `n_regular` ones whose first `depth` residues are standard,
in order of their first twelve residues, ties in text order; then the irregular ones, in the same order. `table` gives
the first regular row of each `depth`-residue word. `tail` holds six residues of each row as 5-bit codes, the first in
the highest bits: for a regular row those after the table's word, for an irregular row its first six.

Every index read from a file is clamped before use, so that a damaged payload can give a wrong answer but never a read
outside an array.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from psl_index._intrinsics import prefetch
from psl_index._jit import inlined, kernel
from psl_index._sort_kernels import sort_positions
from psl_index.alphabet import CODE_OF

PACKED = 6  # residues in one tail
GROUP = 32  # queries whose cache misses are waited for together
BLOCK_BITS = 6  # log2 of the residues that share one number in `block_entry`

_STANDARD = 20
_CODE_BITS = 5
_TAIL_BITS = PACKED * _CODE_BITS
_ISOLEUCINE = CODE_OF["I"]
_LEUCINE = CODE_OF["L"]


@inlined
def lower_bound(tail: npt.NDArray[np.uint32], low: int, high: int, value: int) -> Any:
    """First row in ``[low, high)`` whose tail is at least `value`, else `high`; O(log(high - low))."""
    while low < high:
        middle = (low + high) >> 1
        if np.int64(tail[middle]) < value:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def narrow(
    tail: npt.NDArray[np.uint32], low: int, high: int, codes: npt.NDArray[np.uint8], first: int, length: int
) -> Any:
    """Rows in ``[low, high)`` whose tail starts with ``codes[first:first + length]``, at most six residues."""
    value = np.int64(0)
    for i in range(length):
        value |= np.int64(codes[first + i]) << (_TAIL_BITS - _CODE_BITS * (i + 1))
    low = lower_bound(tail, low, high, value)
    high = lower_bound(tail, low, high, value + (np.int64(1) << (_TAIL_BITS - _CODE_BITS * length)))
    return low, high


@inlined
def table_word(codes: npt.NDArray[np.uint8], first: int, length: int) -> Any:
    """Number of a word of standard residues in base 20, or -1 where another letter is in it."""
    word = np.int64(0)
    for i in range(first, first + length):
        code = np.int64(codes[i])
        if code > _STANDARD:
            return np.int64(-1)
        word = word * _STANDARD + code - 1
    return word


@inlined
def entry_of(position: int, block_entry: npt.NDArray[np.uint32], starts: npt.NDArray[np.uint32], n_entries: int) -> Any:
    """Entry that holds a text position; one look-up and the entries that start in the same 64 residues."""
    entry = np.int64(block_entry[position >> BLOCK_BITS])
    if entry >= n_entries:
        return np.int64(n_entries - 1)
    while entry + 1 < n_entries and np.int64(starts[entry + 1]) <= position:
        entry += 1
    return entry


@inlined
def holds(
    text: npt.NDArray[np.uint8],
    position: int,
    codes: npt.NDArray[np.uint8],
    first: int,
    length: int,
    equate_il: bool,
) -> Any:
    """Whether the text holds ``codes[first:first + length]`` at `position`; false where it would pass the end."""
    if position + length > len(text):
        return False
    for i in range(length):
        here = text[position + i]
        wanted = codes[first + i]
        if here != wanted and not (equate_il and here in (_ISOLEUCINE, _LEUCINE) and wanted in (_ISOLEUCINE, _LEUCINE)):
            return False
    return True


@kernel
def find_ranges(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    tail: npt.NDArray[np.uint32],
    table: npt.NDArray[np.uint32],
    depth: int,
    n_regular: int,
    ranges: npt.NDArray[np.int64],
) -> None:
    """Rows of `pos` that may hold each peptide.

    Query ``i`` is ``codes[offsets[i]:offsets[i + 1]]``, not empty. Its candidates are the regular rows
    ``ranges[i, 0]:ranges[i, 1]``, exact for queries of up to ``depth + PACKED`` residues, and the irregular rows
    ``ranges[i, 2]:ranges[i, 3]``, exact for up to `PACKED`.

    A look-up for queries of up to `depth` residues, else a binary search among the rows that share its first
    `depth`: O(length + log(rows)). Queries go in groups, so that their cache misses overlap.

    Shapes: codes (sum of lengths,), offsets (n + 1,), tail (rows,), table (20**depth + 1,), ranges (n, 4).
    """
    n_rows = len(tail)
    n_queries = len(offsets) - 1
    words = np.empty(GROUP, np.int64)
    for group in range(0, n_queries, GROUP):
        group_end = min(group + GROUP, n_queries)
        for i in range(group, group_end):
            length = offsets[i + 1] - offsets[i]
            word = table_word(codes, offsets[i], min(length, depth))
            words[i - group] = word
            if word >= 0:
                for _ in range(depth - length):
                    word *= _STANDARD
                prefetch(table, word)
        for i in range(group, group_end):
            word = words[i - group]
            low = high = np.int64(0)
            if word >= 0:
                after = word + 1
                for _ in range(depth - (offsets[i + 1] - offsets[i])):
                    word *= _STANDARD
                    after *= _STANDARD
                high = min(np.int64(table[after]), np.int64(n_regular))
                low = min(np.int64(table[word]), high)
                if high > low:
                    prefetch(tail, low)
                    prefetch(tail, (low + high) >> 1)
                    prefetch(tail, high - 1)
            ranges[i, 0] = low
            ranges[i, 1] = high
        for i in range(group, group_end):
            first = offsets[i]
            length = offsets[i + 1] - first
            low, high = ranges[i, 0], ranges[i, 1]
            if length > depth and high > low:
                low, high = narrow(tail, low, high, codes, first + depth, min(length - depth, PACKED))
                ranges[i, 0] = low
                ranges[i, 1] = high
            low = high = np.int64(n_regular)
            if length < depth or words[i - group] < 0:
                low, high = narrow(tail, low, np.int64(n_rows), codes, first, min(length, PACKED))
            ranges[i, 2] = low
            ranges[i, 3] = high


@kernel
def count_occurrences(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    ranges: npt.NDArray[np.int64],
    first_range: npt.NDArray[np.int64],
    text: npt.NDArray[np.uint8],
    pos: npt.NDArray[np.uint32],
    depth: int,
    n_regular: int,
    equate_il: bool,
    counts: npt.NDArray[np.int64],
) -> None:
    """Occurrences of each query among the rows ``ranges[first_range[i]:first_range[i + 1]]``.

    O(1) a range that is exact for the query's length, else O(rows x length).

    Shapes: ranges (r, 2), first_range (n + 1,), counts (n,).
    """
    for i in range(len(offsets) - 1):
        length = offsets[i + 1] - offsets[i]
        count = np.int64(0)
        for r in range(first_range[i], first_range[i + 1]):
            low, high = ranges[r, 0], ranges[r, 1]
            if length <= (PACKED if low >= n_regular else depth + PACKED):
                count += high - low
                continue
            for row in range(low, high):
                prefetch(text, np.int64(pos[min(row + 8, high - 1)]))
                if holds(text, np.int64(pos[row]), codes, offsets[i], length, equate_il):
                    count += 1
        counts[i] = count


@kernel
def collect_occurrences(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    ranges: npt.NDArray[np.int64],
    first_range: npt.NDArray[np.int64],
    text: npt.NDArray[np.uint8],
    pos: npt.NDArray[np.uint32],
    depth: int,
    n_regular: int,
    equate_il: bool,
    ends: npt.NDArray[np.int64],
    positions: npt.NDArray[np.uint32],
) -> int:
    """Text positions of each query's occurrences, in text order; returns how many there are in all.

    Those of query ``i`` end at ``positions[ends[i]]`` and start where those of ``i - 1`` end.

    Shapes: ranges (r, 2), first_range (n + 1,), ends (n,), positions (rows in all ranges,).
    """
    n_queries = len(offsets) - 1
    spare = np.empty(1024, np.uint32)
    total = 0
    for i in range(n_queries):
        if i + GROUP < n_queries:
            ahead = first_range[i + GROUP]
            prefetch(pos, ranges[ahead, 0])
        length = offsets[i + 1] - offsets[i]
        before = total
        for r in range(first_range[i], first_range[i + 1]):
            low, high = ranges[r, 0], ranges[r, 1]
            exact = length <= (PACKED if low >= n_regular else depth + PACKED)
            for row in range(low, high):
                position = np.int64(pos[row])
                if exact:
                    found = position + length <= len(text)
                else:
                    prefetch(text, np.int64(pos[min(row + 8, high - 1)]))
                    found = holds(text, position, codes, offsets[i], length, equate_il)
                if found:
                    positions[total] = position
                    total += 1
        if total - before > len(spare):
            spare = np.empty(2 * (total - before), np.uint32)
        sort_positions(positions[before:total], spare)
        ends[i] = total
    return total


@kernel
def place_occurrences(
    positions: npt.NDArray[np.uint32],
    ends: npt.NDArray[np.int64],
    first_query: int,
    block_entry: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.uint32],
    first_entry: int,
    wanted: npt.NDArray[np.bool_],
    limit: int,
    query: npt.NDArray[np.int32],
    entry: npt.NDArray[np.uint32],
    start: npt.NDArray[np.uint32],
    taken: npt.NDArray[np.int64],
) -> int:
    """Turn text positions into (query, entry, 1-based start) rows; returns how many were kept.

    Keeps occurrences in entries that are `wanted` (all, where it is empty), and at most ``limit - taken[i]`` of query
    ``i``; `taken` counts those seen beyond the limit too.

    Shapes: positions (total,), ends and taken (n,), wanted (0,) or (n_entries,), query, entry, start (total,).
    """
    n_entries = len(starts) - 1
    kept = 0
    row = 0
    here = entry_start = entry_end = np.int64(0)
    for i in range(len(ends)):
        while row < ends[i]:
            if row + GROUP < len(positions):
                prefetch(block_entry, np.int64(positions[row + GROUP]) >> BLOCK_BITS)
            position = np.int64(positions[row])
            row += 1
            if position < entry_start or position >= entry_end:  # else in the same entry as the one before
                here = entry_of(position, block_entry, starts, n_entries)
                entry_start, entry_end = np.int64(starts[here]), np.int64(starts[here + 1])
            if len(wanted) > 0 and not wanted[here]:
                continue
            taken[i] += 1
            if taken[i] > limit:
                continue
            query[kept] = first_query + i
            entry[kept] = first_entry + here
            start[kept] = position - entry_start + 1
            kept += 1
    return kept


@kernel
def find_ranges_il(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    tail: npt.NDArray[np.uint32],
    table: npt.NDArray[np.uint32],
    depth: int,
    n_regular: int,
    first_range: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Rows of `pos` that may hold each peptide with I and L alike, as (r, 2) ranges; fills `first_range` (n + 1,).

    Walks, residue by residue, those spellings of the query that the text holds: the ranges of one spelling are
    narrowed before the next residue is looked at, so that a spelling that does not exist costs one look-up.
    """
    found = np.empty((256, 2), np.int64)
    n_found = 0
    spelling = np.empty(depth + PACKED, np.uint8)
    for i in range(len(offsets) - 1):
        first_range[i] = n_found
        first = offsets[i]
        length = offsets[i + 1] - first
        for regular in (True, False):
            walked = min(length, depth + PACKED if regular else PACKED)
            level = 0
            spelling[0] = _first_spelling(codes[first])
            while level >= 0:
                low, high = _spelled(spelling, level + 1, tail, table, depth, n_regular, regular)
                if low < high and level + 1 < walked:
                    level += 1
                    spelling[level] = _first_spelling(codes[first + level])
                    continue
                if low < high:
                    if n_found == len(found):
                        grown = np.empty((2 * n_found, 2), np.int64)
                        grown[:n_found] = found
                        found = grown
                    found[n_found, 0] = low
                    found[n_found, 1] = high
                    n_found += 1
                while level >= 0 and spelling[level] != _ISOLEUCINE:
                    level -= 1
                if level >= 0:
                    spelling[level] = _LEUCINE
        first_range[i + 1] = n_found
    return found[:n_found]


@inlined
def _first_spelling(code: int) -> Any:
    """I where the residue is I or L (L comes next), else the residue."""
    return _ISOLEUCINE if code == _LEUCINE else code


@inlined
def _spelled(
    spelling: npt.NDArray[np.uint8],
    length: int,
    tail: npt.NDArray[np.uint32],
    table: npt.NDArray[np.uint32],
    depth: int,
    n_regular: int,
    regular: bool,
) -> Any:
    """Rows that start with ``spelling[:length]``, among the regular or the irregular ones."""
    if not regular:
        return narrow(tail, n_regular, len(tail), spelling, 0, length)
    word = table_word(spelling, 0, min(length, depth))
    if word < 0:
        return np.int64(0), np.int64(0)
    after = word + 1
    for _ in range(depth - length):
        word *= _STANDARD
        after *= _STANDARD
    high = min(np.int64(table[after]), np.int64(n_regular))
    low = min(np.int64(table[word]), high)
    if length > depth and low < high:
        low, high = narrow(tail, low, high, spelling, depth, length - depth)
    return low, high
