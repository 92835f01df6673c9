"""Counts of the annotated entries that hold each subsequence: what every definition is made of."""

from __future__ import annotations

import os
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval._hit_rate_kernels import tally_occurrences
from psl_eval.exclusions import Excluded
from psl_index.classes import CLASSES
from psl_index.ordered_map import ordered_map
from psl_index.peptides import encode

if TYPE_CHECKING:
    from psl_index.index import Index

_PART: Final = 256  # subsequences a thread takes at a time; a short one can cost as much as thousands


class Tally(NamedTuple):
    """Entries that hold each of n subsequences, for k classes each.

    The second axis is 0 for all annotated entries and 1 for those left after the exclusion.
    """

    entries: npt.NDArray[np.int64]  # (n, 2)
    matching: npt.NDArray[np.int64]  # (n, 2, k) those of them with the class
    proximity: npt.NDArray[np.float64]  # (n, 2, k) sum over the latter of 1 / max(1, distance)


def tally(
    index: Index,
    subsequences: pa.StringArray,
    starts: npt.NDArray[np.int64],
    targets: npt.NDArray[np.uint16],
    query: npt.NDArray[np.int64],
    excluded: Excluded,
    threads: int,
) -> Tally:
    """Tally each subsequence; the same to the bit for any number of threads and shards.

    Parameters
    ----------
    subsequences : pyarrow.StringArray of n
    starts : int64 array of shape (n,)
        Where each starts in its protein, 1-based.
    targets : uint16 array of shape (n, k)
        Classes each is scored against, as `class_bits` gives them.
    query : int64 array of shape (n,)
        Number of each one's protein in `excluded`.
    threads : int
        0 for as many as the machine has.
    """
    n_rows, n_targets = targets.shape
    peptides = encode(subsequences)
    classes = index.class_masks
    result = Tally(
        np.zeros((n_rows, 2), np.int64),
        np.zeros((n_rows, 2, n_targets), np.int64),
        np.zeros((n_rows, 2, n_targets), np.float64),
    )
    parts = range(0, n_rows, _PART)
    threads = min(threads if threads > 0 else os.cpu_count() or 1, len(parts))
    most_entries = max(shard.n_entries for shard in index.shards)
    scratch: SimpleQueue[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = SimpleQueue()
    for _ in range(threads):
        scratch.put((np.full(most_entries, -1), np.empty(most_entries, np.int64)))

    def tally_part(first: int) -> None:
        rows = slice(first, min(first + _PART, n_rows))
        part = peptides.part(rows.start, rows.stop)
        distance, met = scratch.get()
        try:
            for shard in index.shards:
                tally_occurrences(
                    part.codes,
                    part.offsets,
                    shard.find_ranges(part),
                    np.array([shard.exact_regular, shard.exact_irregular]),
                    starts[rows],
                    targets[rows],
                    query[rows],
                    excluded.offsets,
                    excluded.entries,
                    shard.text,
                    shard.starts,
                    shard.block_entry,
                    shard.pos,
                    shard.first_entry,
                    classes[shard.first_entry : shard.first_entry + shard.n_entries],
                    distance[: shard.n_entries],
                    met,
                    *(array[rows] for array in result),
                )
        finally:
            scratch.put((distance, met))

    for _ in ordered_map(tally_part, parts, threads):
        pass
    return result


def class_bits(labels: pa.StringArray) -> npt.NDArray[np.uint16]:
    """The bit of each label in `Index.class_masks`, 0 where it is null; uint16 of the labels' shape."""
    number = pc.index_in(labels, pa.array(CLASSES)).fill_null(len(CLASSES)).to_numpy()
    bits = np.append(np.uint16(1) << np.arange(len(CLASSES), dtype=np.uint16), np.uint16(0))
    taken: npt.NDArray[np.uint16] = bits[number]
    return taken
