"""Kernels that order all positions of a text by their first twelve residues.

Positions are first scattered, in text order and with their residues packed into a key, into one bucket for each pair of
standard residues and one for the irregular ones (see `psl_index._lookup_kernels`); each bucket, small enough for the
cache, is then sorted by an LSD radix sort. Scanning the text backwards makes the next key of the last: no residue is
fetched twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from psl_index._jit import inlined, kernel
from psl_index._lookup_kernels import CODE_BITS, ORDERED, PACKED, PAIRS, WORD_OF_PAIR

IRREGULAR = 400  # bucket of the positions that are not regular; those before are 20 * first + second residue
N_BUCKETS = 401
DISCARD = 401  # where positions go that are not wanted

_STANDARD = 20
_PAIR_WORDS = _STANDARD**2
_KEY_BITS = ORDERED * CODE_BITS
_WINDOW_BITS = 64
_TAIL_MASK = (1 << (PACKED * CODE_BITS)) - 1
_DIGIT_BITS = 10
_DIGITS = 1 << _DIGIT_BITS
_MAX_PASSES = 6
_SMALL = 48  # rows under which insertion beats counting


@inlined
def _pushed(window: Any, code: Any) -> Any:
    """The window one position further left: `ORDERED` residues in its highest bits, then four bits of the next."""
    return (window >> np.uint64(CODE_BITS)) | (np.uint64(code) << np.uint64(_WINDOW_BITS - CODE_BITS))


@inlined
def _window_after(text: npt.NDArray[np.uint8], position: int) -> Any:
    window = np.uint64(0)
    for i in range(ORDERED, -1, -1):
        if position + i < len(text):
            window = _pushed(window, text[position + i])
    return window


@inlined
def _run_after(text: npt.NDArray[np.uint8], position: int, depth: int) -> Any:
    """Standard residues from `position` on, counted up to `depth`."""
    run = 0
    while run < depth and position + run < len(text) and 0 < text[position + run] <= _STANDARD:
        run += 1
    return run


@kernel
def count_buckets(
    text: npt.NDArray[np.uint8],
    first: int,
    end: int,
    depth: int,
    bucket_of: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> None:
    """Residues of ``text[first:end]`` in each bucket, separators in `DISCARD`. O(end - first).

    Shapes: bucket_of (PAIRS,), counts (N_BUCKETS + 1,).
    """
    window = _window_after(text, end)
    run = _run_after(text, end, depth)
    for position in range(end - 1, first - 1, -1):
        code = text[position]
        window = _pushed(window, code)
        run = run + 1 if 0 < code <= _STANDARD else 0
        bucket = bucket_of[np.int64(window >> np.uint64(_WINDOW_BITS - 2 * CODE_BITS))] if run >= depth else IRREGULAR
        counts[bucket if code else DISCARD] += 1


@kernel
def scatter_rows(
    text: npt.NDArray[np.uint8],
    first: int,
    end: int,
    depth: int,
    bucket_of: npt.NDArray[np.int64],
    irregular: int,
    bucket_ends: npt.NDArray[np.int64],
    keys: npt.NDArray[np.uint64],
    pos: npt.NDArray[np.uint32],
) -> None:
    """Write keys and positions of ``text[first:end]`` into their buckets, in text order. O(end - first).

    `bucket_of` and, for irregular positions, `irregular` say which bucket, or `DISCARD`. `bucket_ends` says where in
    `keys` and `pos` this part's share of each bucket ends, and is left where the share starts; what is discarded is
    written before ``bucket_ends[DISCARD]``, over and over, which costs less than a branch.

    Shapes: bucket_of (PAIRS,), bucket_ends (N_BUCKETS + 1,), keys and pos (rows,). A key holds `ORDERED` residues, the
    last in bits 0-4.
    """
    window = _window_after(text, end)
    run = _run_after(text, end, depth)
    for position in range(end - 1, first - 1, -1):
        code = text[position]
        window = _pushed(window, code)
        run = run + 1 if 0 < code <= _STANDARD else 0
        bucket = bucket_of[np.int64(window >> np.uint64(_WINDOW_BITS - 2 * CODE_BITS))] if run >= depth else irregular
        if code == 0:
            bucket = DISCARD
        row = bucket_ends[bucket] - 1
        keys[row] = window >> np.uint64(_WINDOW_BITS - _KEY_BITS)
        pos[row] = position
        bucket_ends[bucket] = row if bucket != DISCARD else row + 1


@kernel
def sort_bucket(
    keys: npt.NDArray[np.uint64],
    pos: npt.NDArray[np.uint32],
    spare_keys: npt.NDArray[np.uint64],
    spare_pos: npt.NDArray[np.uint32],
    residues: int,
) -> Any:
    """Sort rows by the last `residues` of their keys, ties in the order given; returns the sorted keys and positions.

    What is returned is either the two arrays to be sorted or the two spare ones; the others hold garbage.
    O(rows x residues).

    Shapes: all (rows,).
    """
    n = len(keys)
    if n <= _SMALL:
        _insertion_sort(keys, pos)
        return keys, pos
    passes = (residues * CODE_BITS + _DIGIT_BITS - 1) // _DIGIT_BITS
    counts = np.zeros((_MAX_PASSES, _DIGITS), np.int64)
    mask = np.uint64(_DIGITS - 1)
    for row in range(n):
        key = keys[row]
        for digit in range(passes):
            counts[digit, np.int64(key & mask)] += 1
            key >>= np.uint64(_DIGIT_BITS)
    for digit in range(passes):
        shift = np.uint64(digit * _DIGIT_BITS)
        here = counts[digit]
        if here[np.int64((keys[0] >> shift) & mask)] == n:
            continue
        before = 0
        for value in range(_DIGITS):
            count = int(here[value])
            here[value] = before
            before += count
        for row in range(n):
            key = keys[row]
            slot = (key >> shift) & mask
            place = here[slot]
            here[slot] = place + 1
            spare_keys[place] = key
            spare_pos[place] = pos[row]
        keys, spare_keys = spare_keys, keys
        pos, spare_pos = spare_pos, pos
    return keys, pos


@inlined
def _insertion_sort(keys: npt.NDArray[np.uint64], pos: npt.NDArray[np.uint32]) -> None:
    for row in range(1, len(keys)):
        key, position = keys[row], pos[row]
        place = row
        while place > 0 and keys[place - 1] > key:
            keys[place] = keys[place - 1]
            pos[place] = pos[place - 1]
            place -= 1
        keys[place] = key
        pos[place] = position


@kernel
def fill_tails(keys: npt.NDArray[np.uint64], drop: int, tail: npt.NDArray[np.uint32]) -> None:
    """Tails of sorted keys: six residues, of which the last stands `drop` residues before the key's end. O(rows)."""
    shift = np.uint64(drop * CODE_BITS)
    for row in range(len(keys)):
        tail[row] = np.uint32((keys[row] >> shift) & np.uint64(_TAIL_MASK))


@kernel
def fill_table(
    keys: npt.NDArray[np.uint64],
    skip: int,
    depth: int,
    first_row: int,
    table: npt.NDArray[np.uint32],
) -> None:
    """First row of each word of `depth` residues in one bucket.

    The bucket's words share their first `skip` residues, so `table` is its part of the whole, shape
    (20 ** (depth - skip),); words that do not occur get the row where they would stand. O(rows + words).
    """
    shift = np.uint64((ORDERED - depth) * CODE_BITS)
    word_bits = np.uint64((1 << ((depth - skip) * CODE_BITS)) - 1)
    table[:] = 0
    for row in range(len(keys)):  # the last row of a word stays: no branch to mispredict
        packed = (keys[row] >> shift) & word_bits
        word = WORD_OF_PAIR[packed >> np.uint64(2 * CODE_BITS)] * _PAIR_WORDS
        word += WORD_OF_PAIR[packed & np.uint64(PAIRS - 1)]
        table[word] = row + 1
    first = np.uint32(0)
    for word in range(len(table)):
        end = table[word]
        table[word] = first_row + first
        first = max(first, end)
