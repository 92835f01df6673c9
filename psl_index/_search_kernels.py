"""Kernels of the exact search in one shard: from rows that may hold peptides to their occurrences.

`psl_index._lookup_kernels` says what the arrays of a shard are. Every position read from a file is checked before it
is used, so that a damaged payload can give a wrong answer but never a read outside an array.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from psl_index._intrinsics import load_big_endian, prefetch
from psl_index._jit import inlined, kernel
from psl_index._lookup_kernels import GROUP, PACKED
from psl_index._sort_kernels import FEW, sort_few, sort_many
from psl_index.alphabet import CODE_OF

BLOCK_BITS: Final = 6  # log2 of the residues that share one number in `block_entry`

_AHEAD: Final = 8  # candidates of one query between asking for their text and comparing it
_WORD: Final = 8  # residues compared at once
_ISOLEUCINE: Final = CODE_OF["I"]
_LEUCINE: Final = CODE_OF["L"]
_LOW_BITS: Final = 0x7F7F7F7F7F7F7F7F
_LEUCINES: Final = _LEUCINE * 0x0101010101010101


@inlined
def entry_of(position: int, block_entry: npt.NDArray[np.uint32], starts: npt.NDArray[np.uint32], n_entries: int) -> Any:
    """Entry that holds a text position; one look-up and the entries that start in the same 64 residues."""
    entry: Any = min(np.int64(block_entry[position >> BLOCK_BITS]), np.int64(n_entries - 1))
    entry = min(entry + np.int64(np.int64(starts[entry + 1]) <= position), n_entries - 1)  # no jump: mostly enough
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
    """Whether the text holds ``codes[first:first + length]`` at `position`; false where it would reach the padding."""
    if position + length + _WORD > len(text):
        return False
    at = 0
    while at < length:
        here = load_big_endian(text, position + at)
        wanted = load_big_endian(codes, first + at)
        if equate_il:
            here, wanted = _without_leucine(here), _without_leucine(wanted)
        beyond = max(at + _WORD - length, 0)
        if (here ^ wanted) >> np.uint64(8 * beyond):
            return False
        at += _WORD
    return True


@inlined
def _without_leucine(eight_codes: Any) -> Any:
    """Eight codes with each L turned into an I."""
    word = np.uint64(eight_codes)
    others = ((word ^ np.uint64(_LEUCINES)) + np.uint64(_LOW_BITS)) >> np.uint64(7)  # its low bit is 0 where there is L
    leucines = ~others & np.uint64(0x0101010101010101)
    return word - leucines * np.uint64(_LEUCINE - _ISOLEUCINE)


@kernel
def count_rows(ranges: npt.NDArray[np.uint32], first_range: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> None:
    """Rows in the ranges of each query. O(ranges). Shapes: ranges (r, 2), first_range (n + 1,), rows (n,)."""
    for i in range(len(rows)):
        rows[i] = 0
        for r in range(first_range[i], first_range[i + 1]):
            rows[i] += np.int64(ranges[r, 1]) - np.int64(ranges[r, 0])


@kernel
def count_occurrences(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    ranges: npt.NDArray[np.uint32],
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
    n_queries = len(offsets) - 1
    for i in range(n_queries):
        _ask_ahead(i, n_queries, offsets, ranges, first_range, depth + PACKED, pos, text)
        length = offsets[i + 1] - offsets[i]
        count = np.int64(0)
        for r in range(first_range[i], first_range[i + 1]):
            low, high = np.int64(ranges[r, 0]), np.int64(ranges[r, 1])
            if length <= (PACKED if low >= n_regular else depth + PACKED):
                count += high - low
                continue
            for row in range(low, high):
                prefetch(text, np.int64(pos[min(np.int64(row + _AHEAD), high - 1)]))
                if holds(text, np.int64(pos[row]), codes, offsets[i], length, equate_il):
                    count += 1
        counts[i] = count


@inlined
def _ask_ahead(
    i: int,
    n_queries: int,
    offsets: npt.NDArray[np.int64],
    ranges: npt.NDArray[np.uint32],
    first_range: npt.NDArray[np.int64],
    shortest: int,
    pos: npt.NDArray[np.uint32],
    text: npt.NDArray[np.uint8],
) -> None:
    """Ask for the first row of a query that comes later, and for the text of one that comes sooner, if long enough."""
    # The last queries may have no ranges: their first one would lie behind the end.
    later, sooner = i + 2 * GROUP, i + GROUP
    if later < n_queries and first_range[later] < len(ranges) and offsets[later + 1] - offsets[later] > shortest:
        prefetch(pos, np.int64(ranges[first_range[later], 0]))
    if sooner < n_queries and first_range[sooner] < len(ranges) and offsets[sooner + 1] - offsets[sooner] > 2 * PACKED:
        row = np.int64(ranges[first_range[sooner], 0])
        if row < np.int64(ranges[first_range[sooner], 1]):
            prefetch(text, np.int64(pos[row]))


@kernel
def collect_occurrences(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    ranges: npt.NDArray[np.uint32],
    first_range: npt.NDArray[np.int64],
    text: npt.NDArray[np.uint8],
    pos: npt.NDArray[np.uint32],
    depth: int,
    n_regular: int,
    equate_il: bool,
    repeat: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int64],
    positions: npt.NDArray[np.uint32],
) -> int:
    """Text positions of each query's occurrences, in text order; returns how many there are in all.

    Those of query ``i`` end at ``positions[ends[i]]`` and start where those of ``i - 1`` end. There are none where
    ``repeat[i]`` is not negative.

    Shapes: ranges (r, 2), first_range (n + 1,), repeat (n,) or (0,), ends (n,), positions (rows in all ranges,).
    """
    n_queries = len(offsets) - 1
    spare = np.empty(1024, np.uint32)
    total = 0
    for i in range(n_queries):
        _ask_ahead(i, n_queries, offsets, ranges, first_range, 0, pos, text)
        ends[i] = total
        if len(repeat) > 0 and repeat[i] >= 0:
            continue
        length = offsets[i + 1] - offsets[i]
        before = total
        for r in range(first_range[i], first_range[i + 1]):
            low, high = np.int64(ranges[r, 0]), np.int64(ranges[r, 1])
            exact = length <= (PACKED if low >= n_regular else depth + PACKED)
            for row in range(low, high):
                position = np.int64(pos[row])
                if exact:
                    found = position + length <= len(text)
                else:
                    prefetch(text, np.int64(pos[min(np.int64(row + _AHEAD), high - 1)]))
                    found = holds(text, position, codes, offsets[i], length, equate_il)
                if found:
                    positions[total] = position
                    total += 1
        if total - before > len(spare):
            spare = np.empty(2 * (total - before), np.uint32)
        if total - before <= FEW:
            sort_few(positions, before, total)
        else:
            sort_many(positions[before:total], spare)
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
    repeat: npt.NDArray[np.int32],
    repeat_ends: npt.NDArray[np.int64],
    repeat_entry: npt.NDArray[np.uint32],
    repeat_start: npt.NDArray[np.uint32],
) -> int:
    """Turn text positions into (query, entry, 1-based start) rows; returns how many were kept.

    Keeps occurrences in entries that are `wanted` (all, where it is empty), and at most ``limit - taken[i]`` of query
    ``i``; `taken` counts those seen beyond the limit too. The rows of query ``i`` are copied from those that end at
    ``repeat_ends[repeat[i] + 1]`` where ``repeat[i]`` is not negative.

    Shapes: positions (total,), ends and taken (n,), wanted (0,) or (n_entries,), query, entry, start (total,), repeat
    (n,) or (0,), repeat_ends (r + 1,), repeat_entry and repeat_start (repeat_ends[r],).
    """
    n_entries = len(starts) - 1
    kept = 0
    last = len(positions) - 1
    for i in range(len(ends)):
        if len(repeat) > 0 and repeat[i] >= 0:
            first = repeat_ends[repeat[i]]
            n_same = repeat_ends[repeat[i] + 1] - first
            for same in range(n_same):
                query[kept + same] = first_query + i
                entry[kept + same] = repeat_entry[first + same]
                start[kept + same] = repeat_start[first + same]
            kept += n_same
            continue
        seen = taken[i]
        for row in range(ends[i - 1] if i else 0, ends[i]):
            prefetch(block_entry, np.int64(positions[min(row + 2 * GROUP, last)]) >> BLOCK_BITS)
            soon = np.int64(positions[min(row + GROUP, last)])
            prefetch(starts, np.int64(block_entry[soon >> BLOCK_BITS]))
            position = np.int64(positions[row])
            here = entry_of(position, block_entry, starts, n_entries)
            if len(wanted) > 0 and not wanted[here]:
                continue
            seen += 1
            if seen > limit:
                continue
            query[kept] = first_query + i
            entry[kept] = first_entry + here
            start[kept] = position - np.int64(starts[here]) + 1
            kept += 1
        taken[i] = seen
    return kept
