"""Every occurrence of every subsequence: what hit rates are made of, one row each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.queries.proteins import Queries
from psl_eval.queries.rows import Labels, Rows
from psl_eval.scoring._label_bits import CLASS_BITS, COUNTS
from psl_eval.scoring.annotation import Annotation, entry_labels
from psl_eval.scoring.tally import Counting
from psl_index import questions
from psl_index.batches import bit_lists
from psl_index.classes import CLASSES
from psl_index.shard import Shard

if TYPE_CHECKING:
    from psl_index.index import Index

HITS: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),
        pa.field("start", pa.uint32()),  # of the subsequence, 1-based; null for a motif
        pa.field("end", pa.uint32()),  # 1-based, inclusive
        pa.field("subsequence", pa.string(), nullable=False),
        pa.field("accession", pa.string(), nullable=False),  # of the entry
        pa.field("entry_start", pa.uint32(), nullable=False),  # where it occurs there, 1-based
        pa.field("entry_end", pa.uint32(), nullable=False),  # 1-based, inclusive
        pa.field("distance", pa.uint32()),  # between start and entry_start
        pa.field("nearest", pa.bool_()),  # whether it is the entry's nearest occurrence, the one that counts
        pa.field("counts", pa.bool_(), nullable=False),  # whether the entry does, before the exclusion
        pa.field("excluded", pa.bool_(), nullable=False),  # whether the entry is left out for this query
        pa.field("classes", pa.list_(pa.string()), nullable=False),  # of the entry, where it counts
        pa.field("matches", pa.list_(pa.string()), nullable=False),  # labels of the query that the entry matches
    ]
)

_HITS_AT_ONCE: Final = 1 << 18
_ROWS_AT_ONCE: Final = 1 << 14


def hit_batches(
    index: Index, rows: Rows, queries: Queries, labels: Labels, counting: Counting, threads: int
) -> Iterator[pa.RecordBatch]:
    """Occurrences of n subsequences in input order, of each by entry and start, as `HITS`; in bounded memory.

    Two bytes an entry of the index are kept besides.
    """
    entry_label = np.concatenate(list(index.over_shards(_labels_of_shard, counting.annotation)))
    left_out = np.zeros(len(entry_label), np.bool_)
    left_out[counting.left_out.everywhere] = True
    for part in _pieces(index, rows, threads):
        found = index.occurrences(rows.peptides.part(part.start, part.stop), threads=threads).table
        if not len(found):
            continue
        number = found["query"].to_numpy() + part.start
        entry, entry_start = found["entry"].to_numpy(), found["start"].to_numpy()
        query = rows.query[number].astype(np.int64)
        label = entry_label[entry]
        start, length = rows.starts[number], rows.lengths[number].astype(np.uint32)
        placed = start > 0
        distance = np.abs(entry_start.astype(np.int64) - start).astype(np.uint32)
        matching = (labels.masks[query] & label[:, np.newaxis]) != 0
        distinct, place = np.unique(entry, return_inverse=True)
        described = index.describe(distinct)
        columns = [
            queries.names.take(pa.array(query)),
            pa.array(start, mask=~placed),
            pa.array(start + length - 1, mask=~placed),
            rows.texts(part).take(pa.array(number - part.start)),
            described["accession"].take(pa.array(place)),
            pa.array(entry_start),
            pa.array(entry_start + length - 1),
            pa.array(distance, mask=~placed),
            pa.array(_nearest(number, entry, distance), mask=~placed),
            pa.array(label >= COUNTS),
            pa.array(left_out[entry] | _excluded(counting, query, entry)),
            bit_lists(label & CLASS_BITS, CLASSES),
            bit_lists(matching @ (1 << np.arange(len(labels.names))), labels.names),
        ]
        batch = pa.RecordBatch.from_arrays(columns, schema=HITS)
        for first in range(0, len(batch), _HITS_AT_ONCE):
            yield batch.slice(first, _HITS_AT_ONCE)


def _labels_of_shard(shard: Shard, annotation: Annotation, *, threads: int) -> npt.NDArray[np.uint16]:
    return entry_labels(shard, annotation)


def _pieces(index: Index, rows: Rows, threads: int) -> Iterator[slice]:
    """Some subsequences with not too many occurrences together, or a single one."""
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        end = min(first + _ROWS_AT_ONCE, len(rows))
        part = rows.peptides.part(first, end)
        counts = np.sum(list(index.over_shards(questions.count, part, False, threads=threads)), axis=0)
        piece = np.cumsum(counts) // _HITS_AT_ONCE
        cuts = [first, *(np.flatnonzero(np.diff(piece)) + 1 + first).tolist(), end]
        yield from (slice(*cut) for cut in pairwise(cuts))


def _nearest(
    number: npt.NDArray[np.int64], entry: npt.NDArray[np.uint32], distance: npt.NDArray[np.uint32]
) -> npt.NDArray[np.bool_]:
    """Whether each occurrence is the nearest of its subsequence in its entry, of equally near ones the first."""
    by_distance = np.lexsort((distance, entry, number))  # stable: then by start
    first = np.ones(len(number), np.bool_)
    first[1:] = np.diff(number[by_distance]) != 0
    first[1:] |= np.diff(entry[by_distance].astype(np.int64)) != 0
    nearest = np.zeros(len(number), np.bool_)
    nearest[by_distance[first]] = True
    return nearest


def _excluded(counting: Counting, query: npt.NDArray[np.int64], entry: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Whether each entry is among those that are left out for the query."""
    excluded = counting.left_out
    n_entries = np.int64(1) << 32
    left_out = np.repeat(np.arange(len(excluded.offsets) - 1), np.diff(excluded.offsets)) * n_entries
    left_out = left_out + excluded.entries
    key = query * n_entries + entry
    place = np.minimum(np.searchsorted(left_out, key), max(len(left_out) - 1, 0))
    return left_out[place] == key if len(left_out) else np.zeros(len(key), np.bool_)
