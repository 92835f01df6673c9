"""The tables of `pslidx search`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_index.classes import CLASSES
from psl_index.entry_tables import Organisms
from psl_index.index import Index
from psl_index.peptides import encode

HITS: Final = pa.schema(
    [
        pa.field("peptide", pa.string(), nullable=False),  # upper case
        pa.field("accession", pa.string(), nullable=False),
        pa.field("entry_name", pa.string()),
        pa.field("start", pa.uint32(), nullable=False),  # 1-based
        pa.field("end", pa.uint32(), nullable=False),  # inclusive
        pa.field("taxon_id", pa.uint32()),
        pa.field("classes", pa.list_(pa.string()), nullable=False),  # of the entry, in the order of CLASSES
    ]
)

COUNTS: Final = pa.schema(
    [
        pa.field("peptide", pa.string(), nullable=False),  # upper case
        pa.field("entries", pa.int64(), nullable=False),  # that contain it
        pa.field("occurrences", pa.int64(), nullable=False),  # overlapping ones included
    ]
)

_PEPTIDES_AT_ONCE: Final = 1 << 14
_COUNTED_AT_ONCE: Final = 1 << 17
_HITS_AT_ONCE: Final = 1 << 21
_DESCRIBED_AT_ONCE: Final = 1 << 20
ROWS_AT_ONCE: Final = 1 << 16


class Search:
    """Questions about peptides in upper case, answered as they are taken, in bounded memory.

    Attributes
    ----------
    asked : int
        Peptides dealt with so far.
    cut : int
        Those of them with more occurrences than the limit.
    """

    def __init__(
        self,
        index: Index,
        *,
        equate_il: bool = False,
        organisms: Organisms | None = None,
        threads: int = 0,
    ) -> None:
        self.asked = 0
        self.cut = 0
        self._index = index
        self._equate_il = equate_il
        self._threads = threads
        self._organisms = organisms

    def hits(self, peptides: Iterable[str], limit: int | None = None) -> Iterator[pa.RecordBatch]:
        """Occurrences, as `HITS`, sorted by peptide, entry and start; at most `limit` a peptide."""
        for part in self._few_hits(self._parts(peptides, _PEPTIDES_AT_ONCE), limit):
            found = self._index.occurrences(
                encode(part),
                equate_il=self._equate_il,
                organisms=self._organisms,
                limit=limit,
                threads=self._threads,
            )
            self.cut += int(np.count_nonzero(found.cut))
            for many in found.table.to_batches(max_chunksize=_DESCRIBED_AT_ONCE):
                entries = many["entry"].dictionary_encode()  # on a cluster, each is asked for once and sent once
                described = self._index.describe(entries.dictionary.to_numpy())
                for start in range(0, len(many), ROWS_AT_ONCE):
                    batch = many.slice(start, ROWS_AT_ONCE)
                    entry = described.take(entries.indices.slice(start, ROWS_AT_ONCE))
                    yield hit_rows(part.take(batch["query"]), batch["start"], entry)

    def counts(self, peptides: Iterable[str]) -> Iterator[pa.RecordBatch]:
        """Entries and occurrences of each peptide, as `COUNTS`."""
        for part in self._parts(peptides, _COUNTED_AT_ONCE):
            entries, occurrences = self._index.count_both(
                part, equate_il=self._equate_il, organisms=self._organisms, threads=self._threads
            )
            yield pa.RecordBatch.from_arrays([part, pa.array(entries), pa.array(occurrences)], schema=COUNTS)

    def _parts(self, peptides: Iterable[str], at_once: int) -> Iterator[pa.StringArray]:
        rest = iter(peptides)
        while part := list(islice(rest, at_once)):
            self.asked += len(part)
            yield pa.array(part, pa.string())

    def _few_hits(self, parts: Iterable[pa.StringArray], limit: int | None) -> Iterator[pa.StringArray]:
        """Cut parts into pieces that do not have too many occurrences together, or a single peptide."""
        for part in parts:
            occurrences = self._index.count(part, equate_il=self._equate_il, threads=self._threads)
            if limit is not None:
                occurrences = np.minimum(occurrences, limit)
            piece = np.cumsum(occurrences) // _HITS_AT_ONCE
            cuts = [0, *(np.flatnonzero(np.diff(piece)) + 1).tolist(), len(part)]
            for start, end in pairwise(cuts):
                yield part.slice(start, end - start)


def hit_rows(peptide: pa.StringArray, start: pa.UInt32Array, entry: pa.RecordBatch) -> pa.RecordBatch:
    """One row of `HITS` for each occurrence; `entry` holds what `psl_index.batches.DESCRIBED` names of its entry."""
    end = pc.add(start, pc.cast(pc.subtract(pc.binary_length(peptide), 1), pa.uint32()))
    classes = class_lists(entry["class_mask"].to_numpy())
    columns = [peptide, entry["accession"], entry["entry_name"], start, end, entry["taxon_id"], classes]
    return pa.RecordBatch.from_arrays(columns, schema=HITS)


def class_lists(masks: npt.NDArray[np.uint16]) -> pa.ListArray:
    """Names of the classes in each of `masks` (bit ``i`` is ``CLASSES[i]``), in the order of CLASSES."""
    distinct, place = np.unique(masks, return_inverse=True)
    lists = [[name for bit, name in enumerate(CLASSES) if mask >> bit & 1] for mask in distinct.tolist()]
    return pa.array(lists, pa.list_(pa.string())).take(pa.array(place))
