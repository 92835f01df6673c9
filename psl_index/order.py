"""The order of all positions of a text by their first twelve residues, and the table of its first words."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from psl_index._order_kernels import (
    IRREGULAR,
    N_BUCKETS,
    ORDERED,
    count_buckets,
    fill_table,
    fill_tails,
    scatter_positions,
    sort_bucket,
)
from psl_index._search_kernels import PACKED
from psl_index.ordered_map import ordered_map

PADDING = 16  # separators after the text, so that windows of `ORDERED` residues never pass its end
MIN_DEPTH, MAX_DEPTH = 3, 6

_BUCKET_SKIP = 2


class Rows(NamedTuple):
    """Consecutive rows of the order; the arrays are used again once the next rows are asked for."""

    pos: npt.NDArray[np.uint32]  # (rows,) text positions
    tail: npt.NDArray[np.uint32]  # (rows,) six residues of each, see `psl_index._search_kernels`


def table_depth(residues: int) -> int:
    """Residues in a word of the table: 6 for Swiss-Prot, fewer where the table would outgrow the text."""
    depth = MAX_DEPTH
    while depth > MIN_DEPTH and 20**depth > residues // 2:
        depth -= 1
    return depth


class Order:
    """All positions of a text, ordered bucket after bucket.

    Parameters
    ----------
    text : uint8 array
        Residue codes, each entry followed by a separator, and at least `PADDING` separators at the end.
    depth : int
        Residues in a word of the table.
    threads : int
        Buckets that are sorted at once.

    Attributes
    ----------
    n_regular : int
        Rows whose first `depth` residues are standard. They come first.
    table : uint32 array of shape (20 ** depth + 1,)
        The first regular row of each word; complete once `rows` is exhausted.
    """

    def __init__(self, text: npt.NDArray[np.uint8], depth: int, threads: int) -> None:
        self._text = text
        self._depth = depth
        self._threads = threads
        self._pos, self._bounds = _scatter(text, depth, threads)
        self.n_regular = int(self._bounds[IRREGULAR])
        self.table = np.empty(20**depth + 1, np.uint32)
        self.table[-1] = self.n_regular

    def rows(self) -> Iterator[Rows]:
        """The rows in order. Memory: four bytes a residue, and 24 a row of the few buckets under way."""
        waiting = 1
        scratch: SimpleQueue[_Scratch] = SimpleQueue()
        for _ in range(self._threads + waiting + 1):
            scratch.put(_Scratch())

        def sort(bucket: int) -> tuple[Rows, _Scratch]:
            used = scratch.get()
            return self._sort(bucket, used), used

        for rows, used in ordered_map(sort, range(N_BUCKETS), self._threads, ahead=waiting):
            yield rows
            scratch.put(used)

    def _sort(self, bucket: int, scratch: _Scratch) -> Rows:
        first, end = self._bounds[bucket], self._bounds[bucket + 1]
        pos = self._pos[first:end]
        keys, spare_keys, spare_pos, tail = scratch.of_size(len(pos))
        skip, drop = (_BUCKET_SKIP, ORDERED - self._depth - PACKED) if bucket != IRREGULAR else (0, ORDERED - PACKED)
        keys = sort_bucket(self._text, pos, skip, keys, spare_keys, spare_pos)
        fill_tails(keys, drop, tail)
        if bucket != IRREGULAR:
            words = 20 ** (self._depth - _BUCKET_SKIP)
            fill_table(keys, _BUCKET_SKIP, self._depth, first, self.table[bucket * words : (bucket + 1) * words])
        return Rows(pos, tail)


def _scatter(
    text: npt.NDArray[np.uint8], depth: int, threads: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Positions in text order within their buckets, and where each bucket starts, shape (N_BUCKETS + 1,)."""
    cuts = np.linspace(0, len(text), threads + 1).astype(np.int64)
    counts = np.zeros((threads, N_BUCKETS), np.int64)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(count_buckets, repeat(text), cuts[:-1], cuts[1:], repeat(depth), counts))
        bounds = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
        ends = bounds[:-1] + np.cumsum(counts, axis=0)
        pos = np.empty(bounds[-1], np.uint32)
        list(pool.map(scatter_positions, repeat(text), cuts[:-1], cuts[1:], repeat(depth), ends, repeat(pos)))
    return pos, bounds


class _Scratch:
    """Arrays for sorting one bucket, kept for the next."""

    def __init__(self) -> None:
        self._grow(0)

    def of_size(
        self, rows: int
    ) -> tuple[
        npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.uint32], npt.NDArray[np.uint32]
    ]:
        """Keys, spare keys, spare positions and tails for so many rows."""
        if rows > len(self._keys):
            self._grow(rows)
        return self._keys[:rows], self._spare_keys[:rows], self._spare_pos[:rows], self._tail[:rows]

    def _grow(self, rows: int) -> None:
        self._keys = np.empty(rows, np.uint64)
        self._spare_keys = np.empty(rows, np.uint64)
        self._spare_pos = np.empty(rows, np.uint32)
        self._tail = np.empty(rows, np.uint32)
