"""Counts of the annotated entries that hold each subsequence: what every definition is made of."""

from __future__ import annotations

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
from psl_index.peptides import Peptides, encode
from psl_index.shard import Shard

if TYPE_CHECKING:
    from psl_index.index import Index

_ROWS_AT_ONCE: Final = 1 << 16  # subsequences that shards are asked about together
_PART: Final = 256  # of them, what a thread takes at a time; a short one can cost as much as thousands


class Tally(NamedTuple):
    """Entries that hold each of n subsequences, for k classes each.

    The second axis is 0 for all annotated entries and 1 for those left after the exclusion.
    """

    entries: npt.NDArray[np.int64]  # (n, 2)
    matching: npt.NDArray[np.int64]  # (n, 2, k) those of them with the class
    proximity: npt.NDArray[np.float64]  # (n, 2, k) sum over the latter of 1 / max(1, distance)

    def part(self, rows: slice) -> Tally:
        """That of some subsequences, without copying."""
        return Tally(self.entries[rows], self.matching[rows], self.proximity[rows])

    def add(self, other: Tally) -> None:
        """Add that of other entries."""
        self.entries[:] += other.entries
        self.matching[:] += other.matching
        self.proximity[:] += other.proximity


class Scored(NamedTuple):
    """Subsequences as shards are asked about them; n of them against k classes each."""

    peptides: Peptides
    starts: npt.NDArray[np.int64]  # (n,) where each starts in its protein, 1-based
    targets: npt.NDArray[np.uint16]  # (n, k) classes as `class_bits` gives them
    query: npt.NDArray[np.int64]  # (n,) number of each one's protein in `excluded`
    excluded: Excluded


def tally(
    index: Index,
    subsequences: pa.StringArray,
    starts: npt.NDArray[np.int64],
    targets: npt.NDArray[np.uint16],
    query: npt.NDArray[np.int64],
    excluded: Excluded,
    threads: int,
) -> Tally:
    """Tally each subsequence.

    Each shard gives sums of its own, which are added in the order of the shards: the same to the bit for any number
    of threads, and wherever the shards are asked.

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
    total = _zeros(*targets.shape)
    for first in range(0, len(targets), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        asked = Scored(encode(subsequences[rows]), starts[rows], targets[rows], query[rows], excluded)
        for of_shard in index.over_shards(tally_shard, asked, threads=threads):
            total.part(rows).add(of_shard)
    return total


def tally_shard(shard: Shard, asked: Scored, *, threads: int) -> Tally:
    """Tally each subsequence over the entries of one shard; the same to the bit for any number of threads."""
    n_rows, n_targets = asked.targets.shape
    classes = shard.entry_tables.class_masks
    exact = np.array([shard.exact_regular, shard.exact_irregular])
    result = _zeros(n_rows, n_targets)
    parts = range(0, n_rows, _PART)
    threads = min(threads, len(parts))
    scratch: SimpleQueue[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = SimpleQueue()
    for _ in range(threads):
        scratch.put((np.full(shard.n_entries, -1), np.empty(shard.n_entries, np.int64)))

    def tally_part(first: int) -> None:
        rows = slice(first, min(first + _PART, n_rows))
        part = asked.peptides.part(rows.start, rows.stop)
        distance, met = scratch.get()
        try:
            tally_occurrences(
                part.codes,
                part.offsets,
                shard.find_ranges(part),
                exact,
                asked.starts[rows],
                asked.targets[rows],
                asked.query[rows],
                asked.excluded.offsets,
                asked.excluded.entries,
                shard.text,
                shard.starts,
                shard.block_entry,
                shard.pos,
                shard.first_entry,
                classes,
                distance,
                met,
                *result.part(rows),
            )
        finally:
            scratch.put((distance, met))

    for _ in ordered_map(tally_part, parts, threads):
        pass
    return result


def _zeros(n_rows: int, n_targets: int) -> Tally:
    return Tally(
        np.zeros((n_rows, 2), np.int64),
        np.zeros((n_rows, 2, n_targets), np.int64),
        np.zeros((n_rows, 2, n_targets), np.float64),
    )


def class_bits(labels: pa.StringArray) -> npt.NDArray[np.uint16]:
    """The bit of each label in `Index.class_masks`, 0 where it is null; uint16 of the labels' shape."""
    number = pc.index_in(labels, pa.array(CLASSES)).fill_null(len(CLASSES)).to_numpy()
    bits = np.append(np.uint16(1) << np.arange(len(CLASSES), dtype=np.uint16), np.uint16(0))
    taken: npt.NDArray[np.uint16] = bits[number]
    return taken
