"""Counts of the entries that hold each subsequence: what every definition is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.exclusion.left_out import LeftOut
from psl_eval.scoring._hit_rate_kernels import tally_occurrences
from psl_eval.scoring._released_kernels import credit_entries
from psl_eval.scoring.annotation import Annotation, entry_labels
from psl_eval.scoring.definitions import Definition
from psl_index.ordered_map import ordered_map
from psl_index.peptides import Peptides
from psl_index.shard import Shard

if TYPE_CHECKING:
    from psl_index.index import Index

_PART: Final = 1024  # subsequences that a thread takes at a time; a short one can cost as much as thousands


class Tally(NamedTuple):
    """Entries that hold each of n subsequences, for k sets of classes each.

    The second axis is that of `LeftOut`: all entries that count, and those left after each exclusion.
    """

    entries: npt.NDArray[np.int64]  # (n, columns)
    matching: npt.NDArray[np.int64]  # (n, columns, k) those of them with one of the classes
    weights: npt.NDArray[np.float64]  # (n, columns) what the entries weigh together, where they are credited
    hits: npt.NDArray[np.float64]  # (n, columns, k) what the matching ones weigh
    jaccard: npt.NDArray[np.float64]  # (n, columns, k) the same times the Jaccard index of classes; not where credited

    def part(self, rows: slice) -> Tally:
        """That of some subsequences, without copying."""
        return self.of_each(lambda column: column[rows])

    def of_each(self, change: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Tally:
        """Each column after a `change`."""
        return Tally(*map(change, self))

    def add(self, other: Tally) -> None:
        """Add that of other entries."""
        columns: Sequence[npt.NDArray[Any]] = self
        for column, more in zip(columns, other, strict=True):
            column += more


class Asked(NamedTuple):
    """Subsequences as shards are asked about them; n of them against k sets of classes each."""

    peptides: Peptides
    starts: npt.NDArray[np.int64]  # (n,) where each starts in its protein, 1-based
    targets: npt.NDArray[np.uint16]  # (n, k) bits of classes
    query: npt.NDArray[np.int64]  # (n,) number of each one's protein in `left_out`
    group: npt.NDArray[np.int64]  # (n,) ascending: subsequences credited together have one number


class Counting(NamedTuple):
    """What is counted, the same for all subsequences of a run."""

    definition: Definition
    annotation: Annotation
    left_out: LeftOut


def tally(index: Index, asked: Asked, counting: Counting, threads: int) -> Tally:
    """Tally each subsequence.

    Each shard gives sums of its own, which are added in the order of the shards: the same to the bit for any number
    of threads (0 for as many as the machine has), and wherever the shards are asked.
    """
    total = _zeros(asked, counting)
    for of_shard in index.over_shards(tally_shard, asked, counting, threads=threads):
        total.add(of_shard)
    return total


def tally_shard(shard: Shard, asked: Asked, counting: Counting, *, threads: int) -> Tally:
    """Tally each subsequence over the entries of one shard; the same to the bit for any number of threads."""
    result = _zeros(asked, counting)
    count = _credited if counting.definition.credited else _counted
    parts = _parts(asked, counting.definition.credited)
    for _ in ordered_map(count(shard, asked, counting, result), parts, min(threads, max(len(parts), 1))):
        pass
    return result


def _zeros(asked: Asked, counting: Counting) -> Tally:
    (n, k), columns = asked.targets.shape, counting.left_out.columns
    return Tally(
        np.zeros((n, columns), np.int64),
        np.zeros((n, columns, k), np.int64),
        np.zeros((n, columns)),
        np.zeros((n, columns, k)),
        np.zeros((n, columns, k)),
    )


def _parts(asked: Asked, whole_groups: bool) -> list[slice]:
    """Rows that a thread takes at a time."""
    n_rows = len(asked.group)
    cuts = np.arange(0, n_rows, _PART)
    if whole_groups:
        cuts = np.unique(np.searchsorted(asked.group, asked.group[cuts]))
    return [slice(*cut) for cut in pairwise([*cuts.tolist(), n_rows])]


def _counted(shard: Shard, asked: Asked, counting: Counting, result: Tally) -> Callable[[slice], None]:
    """Counts entries for each subsequence by itself."""
    entries = shard_entries(shard, counting)

    def count(rows: slice) -> None:
        here = result.part(rows)
        tally_occurrences(
            *question_of(shard, asked, counting, entries, rows),
            asked.starts[rows],
            counting.definition.near,
            here.entries,
            here.matching,
            here.hits,
            here.jaccard,
        )

    return count


def _credited(shard: Shard, asked: Asked, counting: Counting, result: Tally) -> Callable[[slice], None]:
    """Counts each entry once for a group of subsequences."""
    entries = shard_entries(shard, counting)
    scratch: SimpleQueue[npt.NDArray[np.int64]] = SimpleQueue()

    def count(rows: slice) -> None:
        here = result.part(rows)
        try:
            credited = scratch.get_nowait()
        except Empty:
            credited = np.full(shard.n_entries, -1)
        credit_entries(
            *question_of(shard, asked, counting, entries, rows),
            asked.starts[rows] - 1,
            asked.group[rows],
            credited,
            here.entries,
            here.matching,
            here.weights,
            here.hits,
        )
        scratch.put(credited)

    return count


class ShardEntries(NamedTuple):
    """What a shard's entries are, as kernels take it."""

    labels: npt.NDArray[np.uint16]  # (n_entries,) as `entry_labels`
    everywhere: npt.NDArray[np.uint8]  # (n_entries,) columns that each is missing from, whatever the query


def shard_entries(shard: Shard, counting: Counting) -> ShardEntries:
    """Those of one shard."""
    left_out = counting.left_out
    everywhere = np.zeros(shard.n_entries, np.uint8)
    here = slice(*np.searchsorted(left_out.everywhere, [shard.first_entry, shard.first_entry + shard.n_entries]))
    everywhere[left_out.everywhere[here] - shard.first_entry] = left_out.everywhere_from[here]
    return ShardEntries(entry_labels(shard, counting.annotation), everywhere)


def question_of(shard: Shard, asked: Asked, counting: Counting, entries: ShardEntries, rows: slice) -> tuple[Any, ...]:
    """What all kernels take first: some subsequences, what is left out for them, and the shard."""
    part = asked.peptides.part(rows.start, rows.stop)
    return (
        part.codes,
        part.offsets,
        shard.find_ranges(part),
        np.array([shard.exact_regular, shard.exact_irregular]),
        asked.targets[rows],
        asked.query[rows],
        counting.left_out.offsets,
        counting.left_out.entries,
        counting.left_out.missing_from,
        shard.text,
        shard.starts,
        shard.block_entry,
        shard.pos,
        shard.first_entry,
        *entries,
    )
