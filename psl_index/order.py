"""The order of all positions of a text by their first twelve residues, and the table of its first words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_index._lookup_kernels import ORDERED, PACKED, PAIRS
from psl_index._order_kernels import (
    DISCARD,
    IRREGULAR,
    N_BUCKETS,
    count_buckets,
    fill_table,
    fill_tails,
    scatter_rows,
    sort_bucket,
)
from psl_index.ordered_map import ordered_map

PADDING = 16  # separators after the text, so that windows of `ORDERED` residues never pass its end
MIN_DEPTH, MAX_DEPTH = 3, 6
BYTES_A_ROW = 12  # of a round: key and position
ROUND_ROWS = 70_000_000  # rows ordered in one round, more only where there would be more than `MAX_ROUNDS`
MAX_ROUNDS = 8

_BUCKET_SKIP = 2  # residues that all positions in a bucket share
_WAITING = 3  # sorted buckets that may wait to be taken
_APART = 64  # elements between two threads' places for what they discard, to share no cache line


class Rows(NamedTuple):
    """Consecutive rows of the order; the arrays are used again once the next rows are asked for."""

    pos: npt.NDArray[np.uint32]  # (rows,) text positions
    tail: npt.NDArray[np.uint32]  # (rows,) six residues of each, see `psl_index._lookup_kernels`
    table: npt.NDArray[np.uint32]  # the next part of the table: first rows of the words that begin these rows


def table_depth(residues: int) -> int:
    """Residues in a word of the table: 6 for Swiss-Prot, fewer where the table would outgrow the text."""
    depth = MAX_DEPTH
    while depth > MIN_DEPTH and 20**depth > residues // 2:
        depth -= 1
    return depth


class Order:
    """All positions of a text, ordered bucket after bucket, in rounds of as many buckets as fit in memory.

    Parameters
    ----------
    text : uint8 array
        Residue codes, each entry followed by a separator, and at least `PADDING` separators at the end.
    depth : int
        Residues in a word of the table.
    threads : int
        Buckets that are sorted at once.
    round_rows : int, optional
        Rows of a round, give or take a bucket.

    Attributes
    ----------
    n_regular : int
        Rows whose first `depth` residues are standard. They come first.
    """

    def __init__(self, text: npt.NDArray[np.uint8], depth: int, threads: int, round_rows: int | None = None) -> None:
        self._text = text
        self._depth = depth
        cuts = np.linspace(0, len(text), threads + 1).astype(np.int64)
        self._parts = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))
        self._counts = np.zeros((threads, N_BUCKETS + 1), np.int64)
        self._on_all_parts(count_buckets, repeat(_buckets_of_pairs()), self._counts)
        self._bounds = np.concatenate([[0], np.cumsum(self._counts[:, :N_BUCKETS].sum(axis=0))])
        self._round_rows = round_rows or max(ROUND_ROWS, len(text) // MAX_ROUNDS)
        self.n_regular = int(self._bounds[IRREGULAR])

    def rows(self) -> Iterator[Rows]:
        """The rows in order.

        Memory: `BYTES_A_ROW` a row of a round, and 16 a row of the few buckets under way.
        """
        rounds = list(self._rounds())
        most = max(int(self._bounds[end] - self._bounds[first]) for first, end in rounds)
        keys = np.empty(most + _APART * (len(self._parts) + 1), np.uint64)
        pos = np.empty(len(keys), np.uint32)
        scratch: SimpleQueue[_Scratch] = SimpleQueue()
        for _ in range(len(self._parts) + _WAITING + 1):
            scratch.put(_Scratch())
        for first, end in rounds:
            self._scatter(first, end, keys, pos)
            base = self._bounds[first]

            def sort(bucket: int, base: int = base) -> tuple[Rows, _Scratch]:
                here = slice(self._bounds[bucket] - base, self._bounds[bucket + 1] - base)
                used = scratch.get()
                return self._sort(bucket, keys[here], pos[here], used), used

            for rows, used in ordered_map(sort, range(first, end), len(self._parts), ahead=_WAITING):
                yield rows
                scratch.put(used)

    def _rounds(self) -> Iterator[tuple[int, int]]:
        """First bucket of each round and the one after its last; of about the same number of rows."""
        rows = int(self._bounds[-1])
        share = max(rows // -(-rows // self._round_rows), 1)
        first = 0
        while first < N_BUCKETS:
            end = min(int(np.searchsorted(self._bounds, self._bounds[first] + share)), N_BUCKETS)
            yield first, end
            first = end

    def _scatter(self, first: int, end: int, keys: npt.NDArray[np.uint64], pos: npt.NDArray[np.uint32]) -> None:
        """Gather the rows of the buckets ``first`` to ``end - 1``, in text order within each."""
        bucket_of = _buckets_of_pairs()
        bucket_of[(bucket_of < first) | (bucket_of >= end)] = DISCARD
        irregular = IRREGULAR if first <= IRREGULAR < end else DISCARD
        ends = self._bounds[:-1] - self._bounds[first] + np.cumsum(self._counts[:, :N_BUCKETS], axis=0)
        places = len(keys) - _APART * np.arange(len(self._parts))
        self._on_all_parts(
            scatter_rows,
            repeat(bucket_of),
            repeat(irregular),
            np.column_stack([ends, places]),
            repeat(keys),
            repeat(pos),
        )

    def _on_all_parts(self, kernel: Any, *arguments: Iterable[Any]) -> None:
        """Run a kernel on each thread's part of the text."""
        first, end = zip(*self._parts, strict=True)
        with ThreadPoolExecutor(len(self._parts)) as pool:
            list(pool.map(kernel, repeat(self._text), first, end, repeat(self._depth), *arguments))

    def _sort(self, bucket: int, keys: npt.NDArray[np.uint64], pos: npt.NDArray[np.uint32], scratch: _Scratch) -> Rows:
        spare_keys, spare_pos, tail = scratch.of_size(len(keys))
        skip = 0 if bucket == IRREGULAR else _BUCKET_SKIP
        keys, pos = sort_bucket(keys, pos, spare_keys, spare_pos, ORDERED - skip)
        first = int(self._bounds[bucket])
        words = 20 ** (self._depth - _BUCKET_SKIP)
        if bucket == IRREGULAR:
            fill_tails(keys, ORDERED - PACKED, tail)
            return Rows(pos, tail, np.array([self.n_regular], np.uint32))
        fill_tails(keys, ORDERED - self._depth - PACKED, tail)
        table = scratch.words(words)
        fill_table(keys, _BUCKET_SKIP, self._depth, first, table)
        return Rows(pos, tail, table)


def _buckets_of_pairs() -> npt.NDArray[np.int64]:
    """Bucket of each pair of standard residues, `DISCARD` for other pairs; int64 of shape (PAIRS,)."""
    first, second = np.divmod(np.arange(PAIRS), 32)
    standard = (first >= 1) & (first <= 20) & (second >= 1) & (second <= 20)
    buckets: npt.NDArray[np.int64] = np.where(standard, (first - 1) * 20 + second - 1, DISCARD)
    return buckets


class _Scratch:
    """Arrays for sorting one bucket, kept for the next."""

    def __init__(self) -> None:
        self._table = np.empty(0, np.uint32)
        self._grow(0)

    def of_size(self, rows: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """Spare keys, spare positions and tails for so many rows."""
        if rows > len(self._keys):
            self._grow(rows)
        return self._keys[:rows], self._pos[:rows], self._tail[:rows]

    def words(self, words: int) -> npt.NDArray[np.uint32]:
        """The table's part for so many words."""
        if words != len(self._table):
            self._table = np.empty(words, np.uint32)
        return self._table

    def _grow(self, rows: int) -> None:
        self._keys = np.empty(rows, np.uint64)
        self._pos = np.empty(rows, np.uint32)
        self._tail = np.empty(rows, np.uint32)
