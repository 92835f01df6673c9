"""Kernels that order all positions of a text by their first twelve residues.

Positions are first scattered, in text order, into one bucket for each pair of standard residues and one for the
irregular ones (see `psl_index._search_kernels`); then each bucket, small enough for the cache, is sorted on the
residues that are left, packed into one integer, by an LSD radix sort.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from psl_index._intrinsics import load_big_endian, prefetch
from psl_index._jit import inlined, kernel
from psl_index._search_kernels import PACKED

ORDERED = 12  # residues by which positions are ordered; further ties stay in text order
IRREGULAR = 400  # bucket of the positions that are not regular; those before are 20 * first + second residue
N_BUCKETS = 401

_STANDARD = 20
_CODE_BITS = 5
_TAIL_MASK = (1 << (PACKED * _CODE_BITS)) - 1
_DIGIT_BITS = 10
_DIGITS = 1 << _DIGIT_BITS
_MAX_PASSES = 6
_SMALL = 48  # rows under which insertion beats counting
_AHEAD = 48  # rows between a prefetch and its use

# Masks that halve the number of lanes in a word, packing two lanes of 5, 10 and 20 bits into one.
_LOW_OF_16, _HIGH_OF_16 = np.uint64(0x001F001F001F001F), np.uint64(0x1F001F001F001F00)
_LOW_OF_32, _HIGH_OF_32 = np.uint64(0x000003FF000003FF), np.uint64(0x03FF000003FF0000)
_LOW_OF_64, _HIGH_OF_64 = np.uint64(0x00000000000FFFFF), np.uint64(0x000000FFFFF00000)


@inlined
def _bucket(text: npt.NDArray[np.uint8], position: int, run: int, depth: int) -> Any:
    if run < depth:
        return IRREGULAR
    return (np.int64(text[position]) - 1) * _STANDARD + np.int64(text[position + 1]) - 1


@inlined
def _run_after(text: npt.NDArray[np.uint8], position: int, depth: int) -> Any:
    """Standard residues from `position` on, counted up to `depth`."""
    run = 0
    while run < depth and position + run < len(text) and 0 < text[position + run] <= _STANDARD:
        run += 1
    return run


@kernel
def count_buckets(
    text: npt.NDArray[np.uint8], first: int, end: int, depth: int, counts: npt.NDArray[np.int64]
) -> None:
    """Residues of ``text[first:end]`` in each bucket; counts has shape (N_BUCKETS,). O(end - first)."""
    run = _run_after(text, end, depth)
    for position in range(end - 1, first - 1, -1):
        code = text[position]
        if code == 0:
            run = 0
            continue
        run = run + 1 if code <= _STANDARD else 0
        counts[_bucket(text, position, run, depth)] += 1


@kernel
def scatter_positions(
    text: npt.NDArray[np.uint8],
    first: int,
    end: int,
    depth: int,
    bucket_ends: npt.NDArray[np.int64],
    pos: npt.NDArray[np.uint32],
) -> None:
    """Write the positions of ``text[first:end]`` into their buckets, in text order.

    `bucket_ends`, shape (N_BUCKETS,), says where in `pos` this part's share of each bucket ends; it is left where the
    share starts. O(end - first).
    """
    run = _run_after(text, end, depth)
    for position in range(end - 1, first - 1, -1):
        code = text[position]
        if code == 0:
            run = 0
            continue
        run = run + 1 if code <= _STANDARD else 0
        bucket = _bucket(text, position, run, depth)
        row = bucket_ends[bucket] - 1
        bucket_ends[bucket] = row
        pos[row] = position


@kernel
def sort_bucket(
    text: npt.NDArray[np.uint8],
    pos: npt.NDArray[np.uint32],
    skip: int,
    keys: npt.NDArray[np.uint64],
    spare_keys: npt.NDArray[np.uint64],
    spare_pos: npt.NDArray[np.uint32],
) -> npt.NDArray[np.uint64]:
    """Sort one bucket by its residues ``skip + 1`` to `ORDERED`, ties in the order given; returns the sorted keys.

    A key holds ``ORDERED - skip`` residues, the last in bits 0-4; the array returned is one of the two handed in.
    Reads `ORDERED` residues from each position: the text must be padded. O(rows x residues).

    Shapes: pos, keys, spare_keys, spare_pos (rows,).
    """
    n = len(pos)
    for row in range(n):
        prefetch(text, np.int64(pos[min(row + _AHEAD, n - 1)]) + ORDERED - 8)
        keys[row] = _packed_residues(text, np.int64(pos[row]), skip)
    if n <= _SMALL:
        _insertion_sort(keys, pos)
        return keys
    bits = (ORDERED - skip) * _CODE_BITS
    passes = (bits + _DIGIT_BITS - 1) // _DIGIT_BITS
    counts = np.zeros((_MAX_PASSES, _DIGITS), np.int64)
    mask = np.uint64(_DIGITS - 1)
    for row in range(n):
        key = keys[row]
        for digit in range(passes):
            counts[digit, np.int64(key & mask)] += 1
            key >>= np.uint64(_DIGIT_BITS)
    in_place = True
    from_keys, from_pos, to_keys, to_pos = keys, pos, spare_keys, spare_pos
    for digit in range(passes):
        shift = np.uint64(digit * _DIGIT_BITS)
        here = counts[digit]
        if here[np.int64((from_keys[0] >> shift) & mask)] == n:
            continue
        before = 0
        for value in range(_DIGITS):
            count = int(here[value])
            here[value] = before
            before += count
        for row in range(n):
            key = from_keys[row]
            value = np.int64((key >> shift) & mask)
            place = here[value]
            here[value] = place + 1
            to_keys[place] = key
            to_pos[place] = from_pos[row]
        from_keys, to_keys = to_keys, from_keys
        from_pos, to_pos, in_place = to_pos, from_pos, not in_place
    if not in_place:
        pos[:] = spare_pos
    return from_keys


@inlined
def _packed_residues(text: npt.NDArray[np.uint8], position: int, skip: int) -> Any:
    """Residues ``skip + 1`` to `ORDERED` from `position` on, five bits each; the last eight are packed together."""
    key = np.uint64(0)
    for i in range(skip, ORDERED - 8):
        key = (key << np.uint64(_CODE_BITS)) | np.uint64(text[position + i])
    lanes = load_big_endian(text, position + ORDERED - 8)
    lanes = (lanes & _LOW_OF_16) | ((lanes & _HIGH_OF_16) >> np.uint64(3))
    lanes = (lanes & _LOW_OF_32) | ((lanes & _HIGH_OF_32) >> np.uint64(6))
    last = (lanes & _LOW_OF_64) | ((lanes >> np.uint64(12)) & _HIGH_OF_64)
    return (key << np.uint64(8 * _CODE_BITS)) | last


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
    shift = np.uint64(drop * _CODE_BITS)
    for row in range(len(keys)):
        tail[row] = np.uint32((keys[row] >> shift) & np.uint64(_TAIL_MASK))


@kernel
def fill_table(
    keys: npt.NDArray[np.uint64], skip: int, depth: int, first_row: int, table: npt.NDArray[np.uint32]
) -> None:
    """First row of each word of `depth` residues in one bucket.

    The bucket's words share their first `skip` residues, so `table` is its part of the whole, shape
    (20 ** (depth - skip),); words that do not occur get the row where they would stand. O(rows + words).
    """
    residues = depth - skip
    shift = np.uint64((ORDERED - depth) * _CODE_BITS)
    filled = 0
    last = np.uint64(0xFFFFFFFFFFFFFFFF)
    for row in range(len(keys)):
        packed = keys[row] >> shift
        if packed == last:
            continue
        last = packed
        word = np.int64(0)
        for i in range(residues - 1, -1, -1):
            code = np.int64((packed >> np.uint64(i * _CODE_BITS)) & np.uint64(31))
            word = word * _STANDARD + code - 1
        while filled <= word:
            table[filled] = first_row + row
            filled += 1
    while filled < len(table):
        table[filled] = first_row + len(keys)
        filled += 1
