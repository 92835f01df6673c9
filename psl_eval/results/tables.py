"""From rates to the tables of results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.nulls.window_nulls import OfProteins, OwnWindows
from psl_eval.queries.proteins import Queries
from psl_eval.queries.rows import Labels, Rows
from psl_eval.results.schemas import PROTEINS, SCORED, WINDOWS
from psl_eval.scoring.scorer import Block, Rates


@dataclass(frozen=True)
class Tables:
    """What the rows of all tables are about: n subsequences of m queries, each against k labels."""

    rows: Rows
    queries: Queries
    labels: Labels

    def subsequences(self, block: Block) -> pa.RecordBatch:
        """Some subsequences after the exclusion, one row a label, in input order; columns of `SCORED`."""
        k = len(self.labels.names)
        number = np.repeat(np.arange(block.rows.start, block.rows.stop), k)
        query = self.rows.query[number]
        label = np.tile(np.arange(k), block.rows.stop - block.rows.start)
        unlabelled = self.labels.masks[query, label] == 0
        texts = self.rows.texts(block.rows).take(pa.array(number - block.rows.start))
        columns = [
            self.queries.names.take(pa.array(query)),
            *self._places(number),
            texts,
            self._classes(query, label),
            self._against(label),
            np.repeat(block.counts.entries[:, 1], k),
            pa.array(block.counts.matching[:, 1].ravel(), mask=unlabelled),
            nullable(block.rates.hit_rate[:, 1].ravel()),
            nullable(block.rates.jaccard[:, 1].ravel()),
        ]
        return pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=SCORED)

    def windows(self, own: OwnWindows, rates: npt.NDArray[np.float64]) -> pa.RecordBatch:
        """Some subsequences among the windows of their proteins, one row a label; `rates` of shape (n, k)."""
        k = len(self.labels.names)
        number = np.repeat(own.rows, k)
        columns = [
            self.queries.names.take(pa.array(self.rows.query[number])),
            *self._places(number),
            self._against(np.tile(np.arange(k), len(own.rows))),
            np.repeat(own.windows, k),
            own.scored.ravel(),
            nullable(rates[own.rows].ravel()),
            *(nullable(column.ravel()) for column in (own.mean, own.attainable, own.percentile)),
        ]
        return pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=WINDOWS)

    def proteins(
        self,
        counts: npt.NDArray[np.int64],
        scored: npt.NDArray[np.int64],
        rates: Rates,
        correct: pa.BooleanArray,
        cluster: npt.NDArray[np.int64],
        null: OfProteins | None,
    ) -> pa.Table:
        """Each protein after the exclusion, one row a label, in the order in which they first appear.

        `counts` of its subsequences, int64 of shape (m,), and how many are `scored`, of shape (m, k).
        """
        m, k = scored.shape
        query, label = np.repeat(np.arange(m), k), np.tile(np.arange(k), m)
        each = pa.array(query)
        null_rates, p_values, q_values = _of_null(null, rates.hit_rate[:, 1])
        columns = [
            self.queries.names.take(each),
            self._classes(query, label),
            self._against(label),
            np.repeat(counts, k),
            scored.ravel(),
            nullable(rates.hit_rate[:, 1].ravel()),
            nullable(rates.jaccard[:, 1].ravel()),
            correct.take(each),
            pa.array(np.repeat(cluster, k), mask=np.repeat(cluster < 0, k)),
            *(nullable(column.ravel()) for column in (null_rates, p_values, q_values)),
        ]
        return pa.table(columns, PROTEINS)

    def _places(self, number: npt.NDArray[np.int64]) -> tuple[pa.UInt32Array, pa.UInt32Array]:
        """Start and end of subsequences, null where they have none."""
        start = self.rows.starts[number]
        end = start + (self.rows.lengths[number] - 1).astype(np.uint32)
        return pa.array(start, mask=start == 0), pa.array(end, mask=start == 0)

    def _classes(self, query: npt.NDArray[np.integer], label: npt.NDArray[np.int64]) -> pa.StringArray:
        """The classes of queries, as each label has them."""
        m = len(self.queries)
        return pa.chunked_array(self.labels.texts).take(pa.array(label * m + query)).combine_chunks()

    def _against(self, label: npt.NDArray[np.int64]) -> pa.StringArray:
        return pa.array(self.labels.names).take(pa.array(label))


def nullable(numbers: npt.NDArray[np.float64]) -> pa.DoubleArray:
    """NaN as null."""
    return pa.array(numbers, mask=np.isnan(numbers))


def _of_null(
    null: OfProteins | None, rates: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Null hit rate, p-value and q-value of each protein and label, each of the shape of `rates`."""
    p_values, q_values = np.full(rates.shape, np.nan), np.full(rates.shape, np.nan)
    if null is None:
        return np.full(rates.shape, np.nan), p_values, q_values
    from psl_eval.statistics.means import adjusted

    known = ~np.isnan(rates) & (null.draws > 0)
    np.divide(1 + null.reached, 1 + null.draws, out=p_values, where=known)
    for label in range(rates.shape[1]):
        q_values[:, label] = adjusted(p_values[:, label])
    return null.mean, p_values, q_values
