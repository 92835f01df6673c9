"""Kernels of the search on arrays that no sound index holds: wrong answers, but no read outside."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from psl_index._search_kernels import collect_occurrences, count_occurrences, entry_of, place_occurrences
from psl_index.repeats import NOTHING_REPEATED

STARTS = np.array([0, 70, 71, 200], np.uint32)
CODES = np.zeros(16 + 16, np.uint8)


@pytest.mark.parametrize("first", [0, 1, 2, 3, 4, 2**32 - 1])
@pytest.mark.parametrize("position", [0, 69, 70, 71, 199])
def test_an_entry_is_one_of_those_there_are(first: int, position: int) -> None:
    """`first` is what a damaged file says of the block that holds the position."""
    blocks = np.full(4, first, np.uint32)
    entry = int(entry_of(position, blocks, STARTS, 3))
    assert entry == max(min(first, 2), sum(position >= start for start in STARTS[1:3].tolist()))


@pytest.mark.parametrize("length", [1, 6, 7, 10])
@pytest.mark.parametrize("n_regular", [0, 6])
def test_positions_behind_the_end_are_no_occurrences(length: int, n_regular: int) -> None:
    """Where the rows are exact they are counted without a look at the text."""
    exact = length <= (9 if n_regular else 6)
    last = 100 - length if exact else 92 - length  # eight residues are compared at once
    pos = np.array([last + 1, last, 3, 100, 2**32 - 1, 0], np.uint32)
    text, offsets = np.zeros(100, np.uint8), np.array([0, length], np.int64)
    ranges, first_range = np.array([[0, 6]], np.uint32), np.array([0, 1], np.int64)
    rows = (CODES, offsets, ranges, first_range, text, pos, 3, n_regular, False)
    ends, positions, counts = np.empty(1, np.int64), np.empty(6, np.uint32), np.empty(1, np.int64)
    total = collect_occurrences(*rows, NOTHING_REPEATED.of_peptide, ends, positions)
    assert positions[:total].tolist() == [0, 3, last]
    assert ends.tolist() == [3]
    count_occurrences(*rows, counts)
    assert counts.tolist() == [6 if exact else 3]


@pytest.mark.parametrize("sizes", [(1, 2, 1), (1024, 1025), (3, 5000, 2, 1500), (1500, 1400, 2000)])
def test_occurrences_are_in_the_order_of_the_text(sizes: tuple[int, ...]) -> None:
    pos = np.random.default_rng(1).permutation(sum(sizes)).astype(np.uint32)
    first = np.append(0, np.cumsum(sizes))
    offsets, numbers = np.arange(len(sizes) + 1), np.arange(len(sizes) + 1)
    ranges, ends = np.stack([first[:-1], first[1:]], axis=1).astype(np.uint32), np.empty(len(sizes), np.int64)
    positions = np.empty(len(pos), np.uint32)
    text, codes = np.zeros(len(pos) + 16, np.uint8), np.zeros(len(sizes) + 16, np.uint8)
    none = NOTHING_REPEATED.of_peptide
    collect_occurrences(codes, offsets, ranges, numbers, text, pos, 3, len(pos), False, none, ends, positions)
    assert ends.tolist() == first[1:].tolist()
    for begin, end in pairwise(first.tolist()):
        assert positions[begin:end].tolist() == sorted(pos[begin:end].tolist())


@pytest.mark.parametrize("entries", [1, 3])
def test_a_selection_of_entries_may_be_of_one(entries: int) -> None:
    positions = np.array([0, 5], np.uint32)
    columns = np.empty(2, np.int32), np.empty(2, np.uint32), np.empty(2, np.uint32)
    taken = np.zeros(1, np.int64)
    starts = np.arange(0, 50 * entries + 1, 50).astype(np.uint32)
    for wanted, kept in ((True, 2), (False, 0)):
        chosen = np.full(entries, wanted)
        arguments = (np.array([2]), 0, np.zeros(1, np.uint32), starts, 0, chosen, 9, *columns, taken, *NOTHING_REPEATED)
        assert place_occurrences(positions, *arguments) == kept


def test_a_block_that_names_no_entry_leads_to_the_last_one() -> None:
    columns = np.empty(1, np.int32), np.empty(1, np.uint32), np.empty(1, np.uint32)
    blocks, all_entries, taken = np.full(4, 99, np.uint32), np.zeros(0, np.bool_), np.zeros(1, np.int64)
    arguments = (np.array([1]), 0, blocks, STARTS, 10, all_entries, 9, *columns, taken, *NOTHING_REPEATED)
    assert place_occurrences(np.array([80], np.uint32), *arguments) == 1
    assert [column.tolist() for column in columns] == [[0], [12], [10]]
