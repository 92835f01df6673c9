"""Kernels that look for many peptides at once in a run of letters, without an index.

A peptide is known by its prefix: its first `WIDEST` residues, or all of them where it is shorter; peptides are scanned
for by the width of that prefix, one width at a time. The first `width` letters at a text position, as one number, are
hashed to a bit of a filter that stays in cache; what passes is looked up among the prefixes, and peptides that share
one lie in a row in the order of their letters, so that the ones that are at hand follow from a binary search.

Texts and peptides are upper-case letters (ASCII) with `WIDEST` zero bytes behind them. Hashes are meant to wrap around.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from psl_index._intrinsics import load_big_endian, prefetch
from psl_index._jit import inlined, kernel

WIDEST = 8  # letters in one uint64

_BLOCK = (
    4096  # positions that are sifted before those that pass are looked at, and their cache misses waited for together
)
_FIRST_ROOM = 1024
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 over the golden ratio, odd
_BITS = np.uint64(63)
_WORD_BITS = np.uint64(6)
_ONE = np.uint64(1)
_NO_PREFIX = np.uint64(0)  # no letter is zero


@inlined
def _prefix(letters: npt.NDArray[np.uint8], place: int, width: int) -> Any:
    """The `width` letters from `place` as one number."""
    return load_big_endian(letters, place) >> np.uint64(8 * (WIDEST - width))


@kernel
def sort_keys(letters: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], keys: npt.NDArray[np.uint64]) -> None:
    """The prefix of each peptide ``letters[offsets[i]:offsets[i + 1]]``, moved to the highest bits."""
    for i in range(len(keys)):
        width = min(offsets[i + 1] - offsets[i], WIDEST)
        keys[i] = _prefix(letters, offsets[i], width) << np.uint64(8 * (WIDEST - width))


@kernel
def number_distinct(
    letters: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.int32],
    firsts: npt.NDArray[np.int64],
) -> int:
    """Number peptides, which equal ones share, in an order in which equal ones are neighbours. O(letters).

    `numbers`, one element a peptide, gets the numbers; `firsts` one peptide of each number. Returns how many there are.
    """
    distinct = 0
    for i in range(len(order)):
        here = order[i]
        if i == 0 or not _equal(letters, offsets, order[i - 1], here):
            firsts[distinct] = here
            distinct += 1
        numbers[here] = distinct - 1
    return distinct


@inlined
def _equal(letters: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], one: int, other: int) -> Any:
    length = offsets[one + 1] - offsets[one]
    if offsets[other + 1] - offsets[other] != length:
        return False
    same = 0
    while same < length and letters[offsets[one] + same] == letters[offsets[other] + same]:
        same += 1
    return same == length


@kernel
def link_parents(
    letters: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], parents: npt.NDArray[np.int32]
) -> None:
    """The longest other peptide of at least `WIDEST` letters that each one begins with, -1 where there is none.

    Peptide ``i`` is ``letters[offsets[i]:offsets[i + 1]]``; they are distinct, and sorted by their letters. Whatever
    peptide i begins with, the one before it begins with, too, or is. O(letters).
    """
    for i in range(len(parents)):
        parent = i - 1
        common = 0
        if i > 0:
            here, before = offsets[i], offsets[parent]
            shorter = min(offsets[i + 1] - here, here - before)
            while common < shorter and letters[here + common] == letters[before + common]:
                common += 1
        while parent >= 0 and offsets[parent + 1] - offsets[parent] > common:
            parent = parents[parent]
        if parent >= 0 and offsets[parent + 1] - offsets[parent] < WIDEST:
            parent = -1
        parents[i] = parent


@kernel
def fill_tables(
    letters: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    first: int,
    end: int,
    width: int,
    bits: npt.NDArray[np.uint64],
    bit_shift: int,
    slots: npt.NDArray[np.uint64],
    slot_peptides: npt.NDArray[np.int32],
    slot_shift: int,
    group_ends: npt.NDArray[np.int32],
) -> None:
    """Enter the prefixes of the peptides `first` to ``end - 1``, all `width` wide, into a filter and a hash table.

    The highest ``64 - bit_shift`` bits of a prefix's hash are the place of its bit in `bits`, the highest
    ``64 - slot_shift`` its slot, or the first free one behind it. `slots` holds prefixes, 0 where it is free,
    `slot_peptides` the first peptide of each. All three are zero before. Peptides that share a prefix lie in a row;
    `group_ends`, one element a peptide, gets where the row of each ends. O(peptides) while half of the slots are free.
    """
    group_end = end
    prefix = _prefix(letters, offsets[end - 1], width)
    for peptide in range(end - 1, first - 1, -1):
        group_ends[peptide] = group_end
        before = _prefix(letters, offsets[peptide - 1], width) if peptide > first else _NO_PREFIX
        if before != prefix:
            hashed = prefix * _MULTIPLIER
            bit = hashed >> np.uint64(bit_shift)
            bits[bit >> _WORD_BITS] |= _ONE << (bit & _BITS)
            slot: Any = np.int64(hashed >> np.uint64(slot_shift))
            while slots[slot] != _NO_PREFIX:
                slot = (slot + 1) & (len(slots) - 1)
            slots[slot] = prefix
            slot_peptides[slot] = peptide
            group_end = peptide
            prefix = before


@kernel
def find_peptides(
    text: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    letters: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    parents: npt.NDArray[np.int32],
    group_ends: npt.NDArray[np.int32],
    width: int,
    bits: npt.NDArray[np.uint64],
    bit_shift: int,
    slots: npt.NDArray[np.uint64],
    slot_peptides: npt.NDArray[np.int32],
    slot_shift: int,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Where the peptides with prefixes of one width occur in some entries.

    O(residues) for the filter; a position that holds a prefix costs a binary search among the peptides that share it,
    and a look at each of those that the best of them begins with.

    Parameters
    ----------
    text : uint8[residues + WIDEST]
        The letters of the entries, one after another.
    starts : int64[entries + 1]
        Where each entry begins, and the last one ends.
    letters, offsets, parents
        The peptides, see `link_parents`.
    group_ends, bits, bit_shift, slots, slot_peptides, slot_shift
        Their prefixes, see `fill_tables`.

    Returns
    -------
    peptide : int32[hits]
    entry : uint32[hits]
        From 0; ascending.
    start : uint32[hits]
        1-based; ascending within an entry.
    """
    found = np.empty(_FIRST_ROOM, np.int32)
    found_entry, found_start = np.empty(_FIRST_ROOM, np.uint32), np.empty(_FIRST_ROOM, np.uint32)
    n = 0
    entry = 0
    places = np.empty(_BLOCK, np.int64)
    firsts = np.empty(_BLOCK, np.int64)
    for block in range(0, len(text) - WIDEST, _BLOCK):
        matches = _sift(text, block, min(block + _BLOCK, len(text) - WIDEST), width, bits, bit_shift, places)
        matches = _look_up(text, width, slots, slot_peptides, slot_shift, places, matches, firsts)
        for match in range(matches):
            prefetch(offsets, firsts[match])
            prefetch(group_ends, firsts[match])
            prefetch(parents, firsts[match])
        for match in range(matches):
            prefetch(letters, offsets[firsts[match]])
        for match in range(matches):
            place = places[match]
            while starts[entry + 1] <= place:
                entry += 1
            room = starts[entry + 1] - place
            if room < width:
                continue
            first = firsts[match]
            end = np.int64(group_ends[first])
            peptide, common = _last_not_behind(text, place, room, letters, offsets, first, end, width)
            while peptide >= 0:
                if offsets[peptide + 1] - offsets[peptide] <= common:
                    if n == len(found):
                        found, found_entry, found_start = _grown(found), _grown(found_entry), _grown(found_start)
                    found[n] = peptide
                    found_entry[n] = entry
                    found_start[n] = place - starts[entry] + 1
                    n += 1
                peptide = parents[peptide]
    return found[:n], found_entry[:n], found_start[:n]


@inlined
def _sift(
    text: npt.NDArray[np.uint8],
    first: int,
    end: int,
    width: int,
    bits: npt.NDArray[np.uint64],
    bit_shift: int,
    places: npt.NDArray[np.int64],
) -> Any:
    """Write those positions from `first` to ``end - 1`` that pass the filter to `places`; returns how many.

    Without a branch: which positions pass is nothing a processor could foresee.
    """
    n = np.int64(0)
    for place in range(first, end):
        bit = (_prefix(text, place, width) * _MULTIPLIER) >> np.uint64(bit_shift)
        places[n] = place
        n += np.int64((bits[bit >> _WORD_BITS] >> (bit & _BITS)) & _ONE)
    return n


@inlined
def _look_up(
    text: npt.NDArray[np.uint8],
    width: int,
    slots: npt.NDArray[np.uint64],
    slot_peptides: npt.NDArray[np.int32],
    slot_shift: int,
    places: npt.NDArray[np.int64],
    candidates: int,
    firsts: npt.NDArray[np.int64],
) -> Any:
    """Keep those of the first `candidates` in `places` that hold a prefix; returns how many.

    `firsts` gets the first peptide with the prefix of each.
    """
    kept = np.int64(0)
    for candidate in range(candidates):
        coming = _prefix(text, places[candidate], width)
        prefetch(slots, np.int64((coming * _MULTIPLIER) >> np.uint64(slot_shift)))
    for candidate in range(candidates):
        place = places[candidate]
        prefix = _prefix(text, place, width)
        slot: Any = np.int64((prefix * _MULTIPLIER) >> np.uint64(slot_shift))
        while slots[slot] != _NO_PREFIX and slots[slot] != prefix:
            slot = (slot + 1) & (len(slots) - 1)
        places[kept] = place
        firsts[kept] = slot_peptides[slot]
        kept += np.int64(slots[slot] == prefix)
    return kept


@inlined
def _last_not_behind(
    text: npt.NDArray[np.uint8],
    place: int,
    room: int,
    letters: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    low: int,
    high: int,
    common: int,
) -> Any:
    """The last of the peptides ``low`` to ``high - 1`` that does not come after the text, and the letters they share.

    The text is the `room` letters from `place`; it shares at least `common` with all of the peptides, which lie in the
    order of their letters. All those that the text begins with, the one found begins with, too, or is. -1 where there
    is none.
    """
    last, shared = -1, 0
    while low < high:
        middle = (low + high) >> 1
        begin = offsets[middle]
        length = offsets[middle + 1] - begin
        shorter = min(length, room)
        same = common
        while same < shorter and letters[begin + same] == text[place + same]:
            same += 1
        if same == length or (same < room and letters[begin + same] < text[place + same]):
            last, shared = middle, same
            low = middle + 1
        else:
            high = middle
    return last, shared


@kernel
def _grown(column: npt.NDArray[Any]) -> Any:
    """A copy with room for twice as many."""
    grown = np.empty(2 * len(column), column.dtype)
    grown[: len(column)] = column
    return grown


@kernel
def keep_first(
    peptide: npt.NDArray[np.int32], limit: int, taken: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_]
) -> None:
    """Count hits into `taken`, one element a peptide, and say which are among the first `limit` of theirs."""
    for i in range(len(peptide)):
        taken[peptide[i]] += 1
        kept[i] = taken[peptide[i]] <= limit


@kernel
def tally(
    peptide: npt.NDArray[np.int32],
    entry: npt.NDArray[np.uint32],
    last_entry: npt.NDArray[np.int64],
    entries: npt.NDArray[np.int64],
    occurrences: npt.NDArray[np.int64],
) -> None:
    """Count hits and the entries that have them, one element a peptide.

    `last_entry`, -1 at the beginning, is the last entry each peptide was seen in; the hits of each come by entry.
    """
    for i in range(len(peptide)):
        number = peptide[i]
        here = np.int64(entry[i])
        occurrences[number] += 1
        if last_entry[number] != here:
            last_entry[number] = here
            entries[number] += 1


@kernel
def place_by_query(
    peptide: npt.NDArray[np.int32],
    entry: npt.NDArray[np.uint32],
    start: npt.NDArray[np.uint32],
    queries: npt.NDArray[np.int64],
    first_query: npt.NDArray[np.int64],
    next_row: npt.NDArray[np.int64],
    query_column: npt.NDArray[np.int32],
    entry_column: npt.NDArray[np.uint32],
    start_column: npt.NDArray[np.uint32],
) -> None:
    """Put each hit into the next row of each query for its peptide, O(rows written).

    The queries for peptide ``i`` are ``queries[first_query[i]:first_query[i + 1]]``; `next_row` has one a query.
    """
    for i in range(len(peptide)):
        number = peptide[i]
        for at in range(first_query[number], first_query[number + 1]):
            query = queries[at]
            row = next_row[query]
            next_row[query] += 1
            query_column[row] = query
            entry_column[row] = entry[i]
            start_column[row] = start[i]
