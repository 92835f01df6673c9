"""Kernels that look peptides up in one shard: from residues to the rows of `pos` that may hold them.

`pos` holds all residue positions of the text: first the `n_regular` ones whose first `depth` residues are standard,
in order of their first twelve residues, ties in text order; then the irregular ones, in the same order. `table` gives
the first regular row of each `depth`-residue word. `tail` holds six residues of each row as 5-bit codes, the first in
the highest bits: for a regular row those after the table's word, for an irregular row its first six.

A query is turned into a key of its first twelve residues, five bits each. What follows is arithmetic on keys: the
table's word, and the two tails between which the rows lie. Every row read from a file is clamped before use, so that a
damaged payload can give a wrong answer but never a read outside an array.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from psl_index._intrinsics import load_big_endian, prefetch
from psl_index._jit import inlined, kernel
from psl_index.alphabet import CODE_OF

ORDERED: Final = 12  # residues by which rows are ordered; ties stay in text order
PACKED: Final = 6  # residues in one tail
PAIRS: Final = 1024  # numbers of two residues: five bits each, the first in the higher ones
CODE_BITS: Final = 5
GROUP: Final = 32  # queries whose cache misses are waited for together

_STANDARD: Final = 20
_PAIR_WORDS: Final = _STANDARD**2
_KEY_BITS: Final = ORDERED * CODE_BITS
_TAIL_BITS: Final = PACKED * CODE_BITS
_TAIL_MASK: Final = (1 << _TAIL_BITS) - 1
_IRREGULAR: Final = -(1 << 40)  # outweighs any word
_ISOLEUCINE: Final = CODE_OF["I"]
_LEUCINE: Final = CODE_OF["L"]


def _words_of_pairs() -> npt.NDArray[np.int64]:
    """Number in base 20 of each pair of residues, 0 standing for the first; int64 of shape (PAIRS,)."""
    first, second = np.divmod(np.arange(PAIRS), 1 << CODE_BITS)
    words = np.maximum(first - 1, 0) * _STANDARD + np.maximum(second - 1, 0)
    numbers: npt.NDArray[np.int64] = np.where(np.maximum(first, second) <= _STANDARD, words, _IRREGULAR)
    return numbers


WORD_OF_PAIR: Final = _words_of_pairs()
_POWER: Final = _STANDARD ** np.arange(PACKED + 1, dtype=np.int64)


@kernel
def find_ranges(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    tail: npt.NDArray[np.uint32],
    table: npt.NDArray[np.uint32],
    depth: int,
    n_regular: int,
    ranges: npt.NDArray[np.uint32],
) -> None:
    """Rows of `pos` that may hold each peptide.

    Query ``i`` is ``codes[offsets[i]:offsets[i + 1]]``, not empty. Its candidates are the regular rows
    ``ranges[i, 0]:ranges[i, 1]``, exact for queries of up to ``depth + PACKED`` residues, and the irregular rows
    ``ranges[i, 2]:ranges[i, 3]``, exact for up to `PACKED`.

    A look-up for queries of up to `depth` residues, else a binary search among the rows that share its first
    `depth`: O(log(rows)). Queries go in groups, so that their cache misses overlap.

    Shapes: codes as in `psl_index.peptides.Peptides`, offsets (n + 1,), tail (rows,), table (20**depth + 1,), ranges
    (n, 4).
    """
    n_queries = len(offsets) - 1
    keys = np.empty(GROUP, np.int64)
    words = np.empty(GROUP, np.int64)
    for group in range(0, n_queries, GROUP):
        group_end = min(group + GROUP, n_queries)
        for i in range(group, group_end):
            key = _key(codes, offsets[i], offsets[i + 1] - offsets[i])
            word = _word(key, depth)
            prefetch(table, max(word, 0))
            keys[i - group] = key
            words[i - group] = word
        for i in range(group, group_end):
            low, high = _rows_of_word(words[i - group], offsets[i + 1] - offsets[i], table, depth, n_regular)
            prefetch(tail, low)
            prefetch(tail, high - 1)
            prefetch(tail, (low + high) >> 1)
            ranges[i, 0] = low
            ranges[i, 1] = high
        for i in range(group, group_end):
            length = offsets[i + 1] - offsets[i]
            low, high = np.int64(ranges[i, 0]), np.int64(ranges[i, 1])
            if high > low and length > depth:
                low, high = _narrow_regular(keys[i - group], length, low, high, tail, depth)
                ranges[i, 0] = low
                ranges[i, 1] = high
            low = high = np.int64(n_regular)
            if length < depth or words[i - group] < 0:
                low, high = _irregular_rows(keys[i - group], length, tail, n_regular)
            ranges[i, 2] = low
            ranges[i, 3] = high


@kernel
def find_ranges_il(
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    tail: npt.NDArray[np.uint32],
    table: npt.NDArray[np.uint32],
    depth: int,
    n_regular: int,
    first_range: npt.NDArray[np.int64],
) -> npt.NDArray[np.uint32]:
    """Rows of `pos` that may hold each peptide with I and L alike, as (r, 2) ranges; fills `first_range` (n + 1,).

    Walks, residue by residue, those spellings of the query that the text holds: the ranges of one spelling are
    narrowed before the next residue is looked at, so that a spelling that does not exist costs one look-up.
    """
    found = np.empty((256, 2), np.uint32)
    n_found = 0
    spelling = np.empty(depth + PACKED, np.int64)
    for i in range(len(offsets) - 1):
        first_range[i] = n_found
        first = offsets[i]
        length = offsets[i + 1] - first
        for regular in (True, False):
            walked = min(length, depth + PACKED if regular else PACKED)
            level = 0
            spelling[0] = _first_spelling(codes[first])
            while level >= 0:
                low, high = _rows_of_spelling(spelling, level + 1, tail, table, depth, n_regular, regular)
                if low < high and level + 1 < walked:
                    level += 1
                    spelling[level] = _first_spelling(codes[first + level])
                    continue
                if low < high:
                    if n_found == len(found):
                        grown = np.empty((2 * n_found, 2), np.uint32)
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
def _rows_of_spelling(
    spelling: npt.NDArray[np.int64],
    length: int,
    tail: npt.NDArray[np.uint32],
    table: npt.NDArray[np.uint32],
    depth: int,
    n_regular: int,
    regular: bool,
) -> Any:
    """Rows that start with ``spelling[:length]``, among the regular or the irregular ones."""
    key = np.int64(0)
    for i in range(length):
        key |= spelling[i] << (_KEY_BITS - CODE_BITS * (i + 1))
    if not regular:
        return _irregular_rows(key, length, tail, n_regular)
    low, high = _rows_of_word(_word(key, depth), length, table, depth, n_regular)
    if length > depth and low < high:
        low, high = _narrow_regular(key, length, low, high, tail, depth)
    return low, high


@inlined
def _key(codes: npt.NDArray[np.uint8], first: int, length: int) -> Any:
    """The first twelve residues of a query, the first in the highest of 60 bits, zeros after its end."""
    key = (_squeezed(load_big_endian(codes, first)) << 20) | (_squeezed(load_big_endian(codes, first + 8)) >> 20)
    unused = _KEY_BITS - CODE_BITS * min(length, ORDERED)
    return (key >> unused) << unused


@inlined
def _squeezed(eight_codes: Any) -> Any:
    """Eight codes, a byte each, as 40 bits: pairs are pushed together, then pairs of pairs, then those."""
    word = np.uint64(eight_codes)
    pairs = (word & np.uint64(0x001F001F001F001F)) | ((word & np.uint64(0x1F001F001F001F00)) >> np.uint64(3))
    fours = (pairs & np.uint64(0x000003FF000003FF)) | ((pairs & np.uint64(0x03FF000003FF0000)) >> np.uint64(6))
    return np.int64((fours & np.uint64(0xFFFFF)) | ((fours >> np.uint64(32)) << np.uint64(20)))


@inlined
def _word(key: int, depth: int) -> Any:
    """Number in base 20 of a key's first `depth` residues, the first word of a shorter key; negative if irregular."""
    residues = key >> (_KEY_BITS - CODE_BITS * depth)
    return (
        WORD_OF_PAIR[residues >> 20] * (_PAIR_WORDS * _PAIR_WORDS)
        + WORD_OF_PAIR[(residues >> 10) & (PAIRS - 1)] * _PAIR_WORDS
        + WORD_OF_PAIR[residues & (PAIRS - 1)]
    )


@inlined
def _rows_of_word(word: int, length: int, table: npt.NDArray[np.uint32], depth: int, n_regular: int) -> Any:
    """Regular rows that start with the first `depth` residues of a query of `length`."""
    if word < 0:
        return np.int64(0), np.int64(0)
    high = min(np.int64(table[word + _POWER[depth - min(length, depth)]]), np.int64(n_regular))
    return min(np.int64(table[word]), high), high


@inlined
def _narrow_regular(key: int, length: int, low: int, high: int, tail: npt.NDArray[np.uint32], depth: int) -> Any:
    """Those of the rows of a key's word, ``[low, high)``, that have its tail."""
    value = (key >> (_TAIL_BITS - CODE_BITS * depth)) & _TAIL_MASK
    return _narrow(tail, low, high, value, min(length - depth, PACKED))


@inlined
def _irregular_rows(key: int, length: int, tail: npt.NDArray[np.uint32], n_regular: int) -> Any:
    """Irregular rows that start with a key, as far as the tail goes."""
    return _narrow(tail, np.int64(n_regular), np.int64(len(tail)), key >> _TAIL_BITS, min(length, PACKED))


@inlined
def _narrow(tail: npt.NDArray[np.uint32], low: int, high: int, value: int, residues: int) -> Any:
    """Rows in ``[low, high)`` whose tail starts with the first `residues` of `value`."""
    beyond = value + (np.int64(1) << (_TAIL_BITS - CODE_BITS * residues))
    low = _lower_bound(tail, low, high, np.uint32(value))
    return low, _lower_bound(tail, low, high, np.uint32(beyond))


@inlined
def _lower_bound(tail: npt.NDArray[np.uint32], low: int, high: int, value: int) -> Any:
    """First row in ``[low, high)`` whose tail is at least `value`, else `high`; O(log(high - low))."""
    while low < high:
        middle = (low + high) >> 1
        if tail[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low
