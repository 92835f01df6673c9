"""The order of all positions of a text by their first twelve residues, and the table of its first words."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from threading import local

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


def table_depth(residues: int) -> int:
    """Residues in a word of the table: 6 for Swiss-Prot, fewer where the table would outgrow the text."""
    depth = MAX_DEPTH
    while depth > MIN_DEPTH and 20**depth > residues // 2:
        depth -= 1
    return depth


def order_positions(
    text: npt.NDArray[np.uint8],
    depth: int,
    pos: npt.NDArray[np.uint32],
    tail: npt.NDArray[np.uint32],
    table: npt.NDArray[np.uint32],
    *,
    threads: int,
    report: Callable[[int], None],
) -> int:
    """Fill the sections that `psl_index._search_kernels` describes.

    Parameters
    ----------
    text : uint8 array
        Residue codes, each entry followed by a separator, and at least `PADDING` separators at the end.
    depth : int
        Residues in a word of the table.
    pos, tail : arrays of shape (residues,)
        Filled: positions in order, and six residues of each.
    table : array of shape (20 ** depth + 1,)
        Filled: the first regular row of each word.
    report : callable
        Told the rows done, now and then.

    Returns
    -------
    int
        Number of regular rows: those whose first `depth` residues are standard. They come first.
    """
    bounds = _scatter(text, depth, pos, threads)
    scratch = _Scratch()

    def sort(bucket: int) -> int:
        first, end = bounds[bucket], bounds[bucket + 1]
        rows = pos[first:end]
        skip, drop = (
            (0, ORDERED - PACKED) if bucket == IRREGULAR else (_BUCKET_SKIP, ORDERED - depth - PACKED)
        )
        keys = sort_bucket(text, rows, skip, *scratch.of_size(len(rows)))
        fill_tails(keys, drop, tail[first:end])
        if bucket != IRREGULAR:
            words = 20 ** (depth - _BUCKET_SKIP)
            fill_table(keys, _BUCKET_SKIP, depth, first, table[bucket * words : (bucket + 1) * words])
        return int(end)

    for done in ordered_map(sort, range(N_BUCKETS), threads, ahead=N_BUCKETS):
        report(done)
    n_regular = int(bounds[IRREGULAR])
    table[-1] = n_regular
    return n_regular


def _scatter(
    text: npt.NDArray[np.uint8], depth: int, pos: npt.NDArray[np.uint32], threads: int
) -> npt.NDArray[np.int64]:
    """Positions in text order within their buckets; returns where each bucket starts, shape (N_BUCKETS + 1,)."""
    cuts = np.linspace(0, len(text), threads + 1).astype(np.int64)
    counts = np.zeros((threads, N_BUCKETS), np.int64)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(count_buckets, repeat(text), cuts[:-1], cuts[1:], repeat(depth), counts))
        bounds = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
        ends = bounds[:-1] + np.cumsum(counts, axis=0)
        list(pool.map(scatter_positions, repeat(text), cuts[:-1], cuts[1:], repeat(depth), ends, repeat(pos)))
    return bounds


class _Scratch(local):
    """Arrays for sorting one bucket, kept by each thread for the next."""

    def __init__(self) -> None:
        self._grow(0)

    def of_size(
        self, rows: int
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
        if rows > len(self._keys):
            self._grow(rows)
        return self._keys[:rows], self._spare_keys[:rows], self._spare_pos[:rows]

    def _grow(self, rows: int) -> None:
        self._keys = np.empty(rows, np.uint64)
        self._spare_keys = np.empty(rows, np.uint64)
        self._spare_pos = np.empty(rows, np.uint32)
