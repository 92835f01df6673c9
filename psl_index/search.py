"""Exact search over shards: counts and occurrences of many peptides at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index._search_kernels import (
    collect_occurrences,
    count_occurrences,
    find_ranges_il,
    place_occurrences,
)
from psl_index.ordered_map import ordered_map
from psl_index.peptides import Peptides
from psl_index.shard import Shard

OCCURRENCES = pa.schema(
    [
        pa.field("query", pa.int32(), nullable=False),  # number of the peptide, from 0
        pa.field("entry", pa.uint32(), nullable=False),
        pa.field("start", pa.uint32(), nullable=False),  # 1-based
    ]
)

_QUERIES_A_BLOCK = 1 << 14
_ROWS_AT_ONCE = 1 << 20  # candidates gathered together, more only where a single peptide has more
_NO_LIMIT = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Occurrences:
    """Where peptides occur, sorted by query, entry and start."""

    table: pa.Table  # schema `OCCURRENCES`
    cut: npt.NDArray[np.int64]  # (n,) occurrences of each peptide left out because of the limit


def count(shards: Sequence[Shard], peptides: Peptides, *, equate_il: bool, threads: int) -> npt.NDArray[np.int64]:
    """Occurrences of each peptide in all shards, overlapping ones included; int64 of shape (n,)."""

    def count_block(block: tuple[int, int]) -> npt.NDArray[np.int64]:
        part = peptides.part(*block)
        total = np.zeros(len(part), np.int64)
        counts = np.empty(len(part), np.int64)
        for shard in shards:
            candidates = _candidates(shard, part, equate_il)
            count_occurrences(*_found_in(shard, part, candidates), equate_il, counts)
            total += counts
        return total

    blocks = ordered_map(count_block, _query_blocks(len(peptides)), threads)
    return np.concatenate([np.empty(0, np.int64), *blocks])


def count_entries(
    shards: Sequence[Shard], peptides: Peptides, *, equate_il: bool, threads: int
) -> npt.NDArray[np.int64]:
    """Entries that contain each peptide, in all shards; int64 of shape (n,)."""
    total = np.zeros(len(peptides), np.int64)
    for batch in _batches(shards, peptides, equate_il, None, np.zeros(len(peptides), np.int64), _NO_LIMIT, threads):
        query, entry = batch["query"].to_numpy(), batch["entry"].to_numpy()
        first = np.ones(len(query), bool)
        first[1:] = (query[1:] != query[:-1]) | (entry[1:] != entry[:-1])
        total += np.bincount(query[first], minlength=len(total))
    return total


def locate(
    shards: Sequence[Shard],
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
    wanted : bool array of shape (entries of all shards,), optional
        Entries to look in.
    limit : int, optional
        The most occurrences a peptide gets, the first ones by entry and start.
    """
    taken = np.zeros(len(peptides), np.int64)
    most = _NO_LIMIT if limit is None else limit
    batches = list(_batches(shards, peptides, equate_il, wanted, taken, most, threads))
    table = pa.Table.from_batches(batches, OCCURRENCES)
    if len(shards) > 1:
        table = table.sort_by([("query", "ascending"), ("entry", "ascending"), ("start", "ascending")])
    return Occurrences(table, np.maximum(taken - most, 0))


@dataclass(frozen=True)
class _Candidates:
    """Rows of `pos` that may hold each peptide."""

    ranges: npt.NDArray[np.int64]  # (r, 2)
    first_range: npt.NDArray[np.int64]  # (n + 1,)

    def rows(self) -> npt.NDArray[np.int64]:
        """Candidates up to and including each peptide, int64 of shape (n,)."""
        rows = np.concatenate([[0], np.cumsum(self.ranges[:, 1] - self.ranges[:, 0])])
        return rows[self.first_range[1:]]

    def part(self, first: int, end: int) -> _Candidates:
        return _Candidates(self.ranges, self.first_range[first : end + 1])


def _candidates(shard: Shard, peptides: Peptides, equate_il: bool) -> _Candidates:
    n = len(peptides)
    if not equate_il:
        return _Candidates(shard.find_ranges(peptides).reshape(2 * n, 2), np.arange(0, 2 * n + 1, 2))
    first_range = np.zeros(n + 1, np.int64)
    ranges = find_ranges_il(
        peptides.codes,
        peptides.offsets,
        shard.tail,
        shard.table,
        shard.depth,
        shard.n_regular,
        first_range,
    )
    return _Candidates(ranges, first_range)


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


def _query_blocks(n: int) -> Iterator[tuple[int, int]]:
    for first in range(0, n, _QUERIES_A_BLOCK):
        yield first, min(first + _QUERIES_A_BLOCK, n)


def _batches(
    shards: Sequence[Shard],
    peptides: Peptides,
    equate_il: bool,
    wanted: npt.NDArray[np.bool_] | None,
    taken: npt.NDArray[np.int64],
    limit: int,
    threads: int,
) -> Iterator[pa.RecordBatch]:
    """Occurrences shard by shard, in each by query, entry and start; counts what is seen in `taken`."""
    for shard in shards:
        here = np.empty(0, np.bool_)
        if wanted is not None:
            here = wanted[shard.first_entry : shard.first_entry + shard.n_entries]
        search = partial(_locate_block, shard, peptides, equate_il, here, taken, limit)
        for batches in ordered_map(search, _query_blocks(len(peptides)), threads):
            yield from batches


def _locate_block(
    shard: Shard,
    peptides: Peptides,
    equate_il: bool,
    wanted: npt.NDArray[np.bool_],
    taken: npt.NDArray[np.int64],
    limit: int,
    block: tuple[int, int],
) -> list[pa.RecordBatch]:
    """Occurrences of one block of peptides, gathered few enough at a time."""
    first, end = block
    candidates = _candidates(shard, peptides.part(first, end), equate_il)
    rows = candidates.rows()
    batches = []
    cut, before = 0, 0
    while cut < len(rows):
        after = max(int(np.searchsorted(rows, before + _ROWS_AT_ONCE, side="right")), cut + 1)
        part = peptides.part(first + cut, first + after)
        here = candidates.part(cut, after)
        positions = np.empty(int(rows[after - 1]) - before, np.uint32)
        ends = np.empty(len(part), np.int64)
        total = collect_occurrences(*_found_in(shard, part, here), equate_il, ends, positions)
        room = min(total, limit * len(part)) if limit < _NO_LIMIT else total
        columns = np.empty(room, np.int32), np.empty(room, np.uint32), np.empty(room, np.uint32)
        kept = place_occurrences(
            positions[:total],
            ends,
            first + cut,
            shard.block_entry,
            shard.starts,
            shard.first_entry,
            wanted,
            limit,
            *columns,
            taken[first + cut : first + after],
        )
        batches.append(pa.RecordBatch.from_arrays([pa.array(column[:kept]) for column in columns], schema=OCCURRENCES))
        cut, before = after, int(rows[after - 1])
    return batches
