"""The tables of `pslidx search --no-index`: those of `pslidx.hits`, of sources without an index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

import psl_index
from psl_index import Skipped
from psl_index.entry_tables import Organisms
from pslidx.hits import COUNTS, ROWS_AT_ONCE, hit_rows
from pslidx.progress import shown


class Scan:
    """Questions about peptides in upper case, asked as those of `pslidx.hits.Search`; all are kept in memory.

    Attributes
    ----------
    asked : int
        Peptides dealt with so far.
    cut : int
        Those of them with more occurrences than the limit.
    """

    def __init__(
        self,
        sources: Sequence[str],
        *,
        equate_il: bool = False,
        organisms: Organisms | None = None,
        columns: Mapping[str, str] | None = None,
        skipped: Skipped | None = None,
        threads: int = 0,
    ) -> None:
        self.asked = 0
        self.cut = 0
        self._sources = sources
        self._equate_il = equate_il
        self._organisms = organisms
        self._columns = columns
        self._skipped = skipped
        self._threads = threads

    def hits(self, peptides: Iterable[str], limit: int | None = None) -> Iterator[pa.RecordBatch]:
        """Occurrences, as `pslidx.hits.HITS`, sorted by peptide, entry and start; at most `limit` a peptide."""
        queries = self._queries(peptides)
        with shown() as report:
            found = psl_index.scan(
                self._sources,
                queries,
                equate_il=self._equate_il,
                organisms=self._organisms,
                limit=limit,
                columns=self._columns,
                skipped=self._skipped,
                threads=self._threads,
                progress=report,
            )
        self.cut = int(np.count_nonzero(found.cut))
        columns = [column.combine_chunks() for column in found.entries.columns]
        entries = pa.RecordBatch.from_arrays(columns, schema=found.entries.schema)
        numbers = entries["entry"].to_numpy()
        for batch in found.table.to_batches(max_chunksize=ROWS_AT_ONCE):
            entry = entries.take(pa.array(np.searchsorted(numbers, batch["entry"].to_numpy())))
            yield hit_rows(queries.take(batch["query"]), batch["start"], entry)

    def counts(self, peptides: Iterable[str]) -> Iterator[pa.RecordBatch]:
        """Entries and occurrences of each peptide, as `pslidx.hits.COUNTS`."""
        queries = self._queries(peptides)
        with shown() as report:
            entries, occurrences = psl_index.scan_counts(
                self._sources,
                queries,
                equate_il=self._equate_il,
                organisms=self._organisms,
                columns=self._columns,
                skipped=self._skipped,
                threads=self._threads,
                progress=report,
            )
        yield pa.RecordBatch.from_arrays([queries, pa.array(entries), pa.array(occurrences)], schema=COUNTS)

    def _queries(self, peptides: Iterable[str]) -> pa.StringArray:
        queries = pa.array(peptides, pa.string())
        self.asked = len(queries)
        return queries
