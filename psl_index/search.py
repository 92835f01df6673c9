"""Exact search in one shard: counts and occurrences of many peptides at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from threading import local
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index._lookup_kernels import find_ranges_il
from psl_index._search_kernels import collect_occurrences, count_occurrences, count_rows, place_occurrences
from psl_index.ordered_map import ordered_map
from psl_index.peptides import Peptides
from psl_index.repeats import NOTHING_REPEATED, Repeated, Repeats, find_repeats
from psl_index.shard import Shard

OCCURRENCES = pa.schema(
    [
        pa.field("query", pa.int32(), nullable=False),  # number of the peptide, from 0
        pa.field("entry", pa.uint32(), nullable=False),
        pa.field("start", pa.uint32(), nullable=False),  # 1-based
    ]
)

_QUERIES_A_BLOCK = 1 << 14
_LEAST_QUERIES_A_BLOCK = 1 << 3
_BLOCKS_A_THREAD = 4
_ROWS_AT_ONCE = 1 << 20  # candidates gathered together, more only where a single peptide has more
_NO_LIMIT = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Occurrences:
    """Where peptides occur, sorted by query, entry and start."""

    table: pa.Table  # schema `OCCURRENCES`
    cut: npt.NDArray[np.int64]  # (n,) occurrences of each peptide left out because of the limit


def count(shard: Shard, peptides: Peptides, *, equate_il: bool, threads: int) -> npt.NDArray[np.int64]:
    """Occurrences of each peptide, overlapping ones included; int64 of shape (n,)."""

    def count_block(block: tuple[int, int]) -> npt.NDArray[np.int64]:
        part = peptides.part(*block)
        counts = np.empty(len(part), np.int64)
        count_occurrences(*_found_in(shard, part, _candidates(shard, part, equate_il)), equate_il, counts)
        return counts

    blocks = ordered_map(count_block, _query_blocks(len(peptides), threads), threads)
    return np.concatenate([np.empty(0, np.int64), *blocks])


def count_both(
    shard: Shard,
    peptides: Peptides,
    *,
    equate_il: bool,
    wanted: npt.NDArray[np.bool_] | None,
    threads: int,
) -> npt.NDArray[np.int64]:
    """Entries that contain each peptide, and its occurrences; int64 of shape (2, n). `wanted` is that of `locate`."""

    def count_block(block: tuple[int, int]) -> npt.NDArray[np.int64]:
        part = peptides.part(*block)
        totals = np.zeros((2, len(part)), np.int64)
        gathering = _Gathering(shard, part, equate_il, wanted, totals[1], _NO_LIMIT)
        candidates = _candidates(shard, part, equate_il)
        for first, end in _few_rows(candidates):
            columns = _columns(int(candidates.part(first, end).rows.sum()))
            kept = gathering.fill(first, end, candidates.part(first, end), columns)
            query, entry = (column[:kept] for column in columns[:2])
            new = np.ones(kept, bool)
            new[1:] = (query[1:] != query[:-1]) | (entry[1:] != entry[:-1])
            totals[0] += np.bincount(query[new], minlength=len(part))
        return totals

    blocks = ordered_map(count_block, _query_blocks(len(peptides), threads), threads)
    return np.concatenate([np.empty((2, 0), np.int64), *blocks], axis=1)


def locate(
    shard: Shard,
    peptides: Peptides,
    *,
    equate_il: bool,
    wanted: npt.NDArray[np.bool_] | None,
    limit: int | None,
    threads: int,
) -> Occurrences:
    """All occurrences of each peptide.

    Parameters
    ----------
    wanted : bool array of shape (entries of the shard,), optional
        Entries to look in.
    limit : int, optional
        The most occurrences a peptide gets, the first ones by entry and start.
    """
    taken = np.zeros(len(peptides), np.int64)
    most = _NO_LIMIT if limit is None else limit
    blocks = list(_query_blocks(len(peptides), threads))
    ranges = np.empty((len(peptides), 4), np.uint32)  # in one piece: many small ones cost a page fault each
    rows = np.empty(len(peptides), np.int64)
    candidates = list(ordered_map(partial(_candidates_of, shard, peptides, equate_il, ranges, rows), blocks, threads))
    repeats = find_repeats(peptides, rows)
    repeated = NOTHING_REPEATED
    if repeats is not None:
        firsts = peptides.chosen(repeats.first)
        once = locate(shard, firsts, equate_il=equate_il, wanted=wanted, limit=limit, threads=threads)
        repeated = _repeated(once, repeats)
        here = repeats.of_peptide >= 0
        rows[here] = np.diff(repeated.ends)[repeats.of_peptide[here]]
        taken[here] = rows[here] + once.cut[repeats.of_peptide[here]]
    gathering = _Gathering(shard, peptides, equate_il, wanted, taken, most, repeated)
    ends = np.cumsum([int(np.minimum(block.rows, most).sum()) for block in candidates])
    columns = _columns(int(ends[-1]) if len(ends) else 0)
    places = [slice(start, end) for start, end in pairwise([0, *ends.tolist()])]

    def fill(number: int) -> pa.RecordBatch:
        here = columns.part(places[number].start, places[number].stop)
        kept = gathering.fill(*blocks[number], candidates[number], here)
        return pa.RecordBatch.from_arrays([pa.array(column[:kept]) for column in here], schema=OCCURRENCES)

    batches = ordered_map(fill, range(len(blocks)), threads)
    return Occurrences(pa.Table.from_batches(batches, OCCURRENCES), np.maximum(taken - most, 0))


@dataclass(frozen=True)
class _Candidates:
    """Rows of `pos` that may hold each of n peptides."""

    ranges: npt.NDArray[np.uint32]  # (r, 2)
    first_range: npt.NDArray[np.int64]  # (n + 1,)
    rows: npt.NDArray[np.int64]  # (n,) how many each peptide has

    def part(self, first: int, end: int) -> _Candidates:
        """Those of the peptides ``first`` to ``end - 1``."""
        return _Candidates(self.ranges, self.first_range[first : end + 1], self.rows[first:end])


class _Columns(NamedTuple):
    """Room for occurrences: the columns of `OCCURRENCES`."""

    query: npt.NDArray[np.int32]
    entry: npt.NDArray[np.uint32]
    start: npt.NDArray[np.uint32]

    def part(self, first: int, end: int) -> _Columns:
        """Room for the rows ``first`` to ``end - 1``."""
        return _Columns(self.query[first:end], self.entry[first:end], self.start[first:end])


class _Scratch(local):
    """Positions that a thread gathers before it places them."""

    def __init__(self) -> None:
        self._positions = np.empty(0, np.uint32)

    def positions(self, rows: int) -> npt.NDArray[np.uint32]:
        if rows > len(self._positions):
            self._positions = np.empty(max(rows, _ROWS_AT_ONCE), np.uint32)
        return self._positions[:rows]


@dataclass(frozen=True)
class _Gathering:
    """How occurrences in one shard are gathered."""

    shard: Shard
    peptides: Peptides
    equate_il: bool
    wanted: npt.NDArray[np.bool_] | None  # (entries of the shard,)
    taken: npt.NDArray[np.int64]  # (n,) occurrences of each peptide, those beyond the limit included
    limit: int
    repeated: Repeated = NOTHING_REPEATED
    _scratch: _Scratch = field(default_factory=_Scratch)

    def fill(self, first: int, end: int, candidates: _Candidates, columns: _Columns) -> int:
        """Occurrences of the peptides ``first`` to ``end - 1``, by query, entry and start; returns how many."""
        shard = self.shard
        wanted = np.empty(0, np.bool_) if self.wanted is None else self.wanted
        filled = 0
        for start, stop in _few_rows(candidates):
            part = self.peptides.part(first + start, first + stop)
            here = candidates.part(start, stop)
            repeated = self.repeated.part(first + start, first + stop)
            positions = self._scratch.positions(int(here.rows.sum()))
            ends = np.empty(len(part), np.int64)
            total = collect_occurrences(
                *_found_in(shard, part, here), self.equate_il, repeated.of_peptide, ends, positions
            )
            filled += place_occurrences(
                positions[:total],
                ends,
                first + start,
                shard.block_entry,
                shard.starts,
                shard.first_entry,
                wanted,
                self.limit,
                *columns.part(filled, len(columns.query)),
                self.taken[first + start : first + stop],
                *repeated,
            )
        return filled


def _few_rows(candidates: _Candidates) -> Iterator[tuple[int, int]]:
    """Cut peptides into runs that have few enough candidates together, or a single peptide."""
    rows = np.cumsum(candidates.rows)
    start, before = 0, 0
    while start < len(rows):
        stop = max(int(np.searchsorted(rows, before + _ROWS_AT_ONCE, side="right")), start + 1)
        yield start, stop
        start, before = stop, int(rows[stop - 1])


def _columns(rows: int) -> _Columns:
    return _Columns(np.empty(rows, np.int32), np.empty(rows, np.uint32), np.empty(rows, np.uint32))


def _candidates_of(
    shard: Shard,
    peptides: Peptides,
    equate_il: bool,
    ranges: npt.NDArray[np.uint32],
    rows: npt.NDArray[np.int64],
    block: tuple[int, int],
) -> _Candidates:
    return _candidates(shard, peptides.part(*block), equate_il, ranges[slice(*block)], rows[slice(*block)])


def _candidates(
    shard: Shard,
    peptides: Peptides,
    equate_il: bool,
    ranges: npt.NDArray[np.uint32] | None = None,
    rows: npt.NDArray[np.int64] | None = None,
) -> _Candidates:
    """Candidates of each of n peptides; `rows`, (n,), and in plain search `ranges`, (n, 4), are room for them."""
    n = len(peptides)
    if equate_il:
        first_range = np.zeros(n + 1, np.int64)
        found = find_ranges_il(
            peptides.codes,
            peptides.offsets,
            shard.tail,
            shard.table,
            shard.depth,
            shard.n_regular,
            first_range,
        )
    else:
        found, first_range = shard.find_ranges(peptides, ranges).reshape(2 * n, 2), np.arange(0, 2 * n + 1, 2)
    rows = np.empty(n, np.int64) if rows is None else rows
    count_rows(found, first_range, rows)
    return _Candidates(found, first_range, rows)


def _repeated(once: Occurrences, repeats: Repeats) -> Repeated:
    """For the kernels, the occurrences of the first of each peptide that is repeated."""
    query, entry, start = (column.to_numpy() for column in once.table.columns)
    return Repeated(repeats.of_peptide, np.searchsorted(query, np.arange(len(repeats.first) + 1)), entry, start)


def _found_in(shard: Shard, peptides: Peptides, candidates: _Candidates) -> tuple[object, ...]:
    """What the kernels that walk candidates share as arguments."""
    return (
        peptides.codes,
        peptides.offsets,
        candidates.ranges,
        candidates.first_range,
        shard.text,
        shard.pos,
        shard.depth,
        shard.n_regular,
    )


def _query_blocks(n: int, threads: int) -> Iterator[tuple[int, int]]:
    """Cut n queries into blocks: some for each thread, large enough to be worth a call."""
    queries = min(max(-(-n // (_BLOCKS_A_THREAD * threads)), _LEAST_QUERIES_A_BLOCK), _QUERIES_A_BLOCK)
    for first in range(0, n, queries):
        yield first, min(first + queries, n)
