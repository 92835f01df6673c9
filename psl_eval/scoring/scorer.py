"""Hit rates of subsequences and of their proteins, from what is counted in the index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from psl_eval.queries.rows import Rows
from psl_eval.scoring.drawn_credits import Credits, DrawnSubsequences, credits_of
from psl_eval.scoring.tally import Asked, Counting, Tally, tally

if TYPE_CHECKING:
    from psl_index.index import Index

_ROWS_AT_ONCE: Final = 1 << 16  # subsequences that shards are asked about together


class Rates(NamedTuple):
    """Hit rates of n subsequences or proteins against k labels; NaN where there is none.

    The second axis is 0 without and 1 with the exclusion.
    """

    hit_rate: npt.NDArray[np.float64]  # (n, 2, k)
    jaccard: npt.NDArray[np.float64]  # (n, 2, k) with the Jaccard index of classes for "has one of them"


class Block(NamedTuple):
    """Some subsequences with what was counted of them."""

    rows: slice
    counts: Tally
    rates: Rates

    def parts(self) -> Iterator[Block]:
        """The same in blocks of bounded size."""
        first, end = self.rows.start, self.rows.stop
        for start in range(first, end, _ROWS_AT_ONCE):
            rows = slice(start, min(start + _ROWS_AT_ONCE, end))
            here = slice(rows.start - first, rows.stop - first)
            yield Block(rows, self.counts.part(here), Rates(*(column[here] for column in self.rates)))


@dataclass(frozen=True)
class Scorer:
    """Scores subsequences by one definition, against one index."""

    index: Index
    counting: Counting
    threads: int

    def blocks(self, rows: Rows, masks: npt.NDArray[np.uint16]) -> Iterator[Block]:
        """Score each subsequence against the labels of its query, `masks` of shape (queries, k), block by block."""
        if self.counting.definition.credited:
            yield from self._credited(rows, masks)
            return
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            part = slice(first, min(first + _ROWS_AT_ONCE, len(rows)))
            query = rows.query[part].astype(np.int64)
            starts = rows.starts[part].astype(np.int64)
            peptides = rows.peptides.part(part.start, part.stop)
            counts = self.tally(Asked(peptides, starts, masks[query], query, query))
            yield Block(part, counts, self.rates(counts, masks[query]))

    def tally(self, asked: Asked) -> Tally:
        """What the index holds of subsequences."""
        return tally(self.index, asked, self.counting, self.threads)

    def window_rates(self, asked: Asked) -> npt.NDArray[np.float64]:
        """Hit rates of subsequences by themselves, float64 of shape (n, 2, k); not where entries are credited."""
        return self.rates(self.tally(asked), asked.targets).hit_rate

    def credits(self, asked: DrawnSubsequences) -> Credits:
        """What proteins are credited with, where entries are, in draws of their subsequences."""
        return credits_of(self.index, asked, self.counting, self.threads)

    def rates(self, counts: Tally, targets: npt.NDArray[np.uint16]) -> Rates:
        """Rates of the subsequences that were counted against `targets`, of shape (n, k)."""
        weights = counts.weights if self.counting.definition.credited else counts.entries
        labelled = (targets != 0)[:, np.newaxis]
        hit_rate = share(counts.hits, weights[:, :, np.newaxis], labelled)
        if self.counting.definition.credited:
            return Rates(hit_rate, np.full(hit_rate.shape, np.nan))
        return Rates(hit_rate, share(counts.jaccard, weights[:, :, np.newaxis], labelled))

    def _credited(self, rows: Rows, masks: npt.NDArray[np.uint16]) -> Iterator[Block]:
        """All at once: an entry is credited to the first of all subsequences of a protein."""
        order = np.argsort(rows.query, kind="stable")
        ordered = rows.chosen(order)
        query = ordered.query.astype(np.int64)
        asked = Asked(ordered.peptides, _last_starts(ordered), masks[query], query, query)
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        counts = self.tally(asked).of_each(lambda column: column[back])
        yield Block(slice(0, len(rows)), counts, self.rates(counts, masks[rows.query]))


def _last_starts(rows: Rows) -> npt.NDArray[np.int64]:
    """Starts, where a peptide that a protein has several times has the last one's everywhere.

    The released code keeps a protein's subsequences in a dictionary from peptide to position.
    """
    peptide = pc.dictionary_encode(rows.texts(slice(0, len(rows)))).indices.to_numpy().astype(np.int64)
    key = rows.query.astype(np.int64) * len(rows) + peptide
    _, last_reversed, of_row = np.unique(key[::-1], return_index=True, return_inverse=True)
    last = len(rows) - 1 - last_reversed
    starts: npt.NDArray[np.int64] = rows.starts[last[of_row[::-1]]].astype(np.int64)
    return starts


class ProteinSums:
    """Adds up what proteins get of their subsequences, block by block; m proteins, k labels."""

    def __init__(self, n_queries: int, n_labels: int, credited: bool) -> None:
        shape = (n_queries, 2, n_labels)
        self._credited = credited
        self.rows = np.zeros(n_queries, np.int64)
        self.scored = np.zeros(shape, np.int64)  # subsequences with a rate
        self.row_rates = np.zeros(shape)  # sum of those rates
        self._jaccard = np.zeros(shape)
        self._hits = np.zeros(shape)
        self._weights = np.zeros((n_queries, 2))

    def add(self, query: npt.NDArray[np.integer], block: Block) -> None:
        """Add the subsequences of a block, the i-th of protein ``query[i]``."""
        n_queries = len(self.rows)
        self.rows += np.bincount(query, minlength=n_queries)
        scored = ~np.isnan(block.rates.hit_rate)
        _add(self.scored, query, scored)
        _add(self.row_rates, query, np.where(scored, block.rates.hit_rate, 0.0))
        if self._credited:
            _add(self._hits, query, block.counts.hits)
            _add(self._weights, query, block.counts.weights)
        else:
            _add(self._jaccard, query, np.where(scored, block.rates.jaccard, 0.0))

    def rates(self, masks: npt.NDArray[np.uint16]) -> Rates:
        """Rates of the proteins, whose labels are `masks` of shape (m, k)."""
        labelled = (masks != 0)[:, np.newaxis]
        if self._credited:
            rates = share(self._hits, self._weights[:, :, np.newaxis], labelled)
            none = np.full(rates.shape, np.nan)
            return Rates(np.where(labelled & np.isnan(rates), 0.0, rates), none)
        return Rates(share(self.row_rates, self.scored, labelled), share(self._jaccard, self.scored, labelled))


def _add(sums: npt.NDArray[Any], query: npt.NDArray[np.integer], terms: npt.NDArray[Any]) -> None:
    """Add ``terms[i]`` to ``sums[query[i]]``, in the order of i."""
    for column in np.ndindex(sums.shape[1:]):
        added = np.bincount(query, terms[:, *column], minlength=len(sums))
        sums[:, *column] += added.astype(sums.dtype)


def share(part: npt.NDArray[Any], whole: npt.NDArray[Any], labelled: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """`part` of `whole`, NaN where that is 0 or there is no label."""
    shares = np.full(part.shape, np.nan)
    np.divide(part, whole, out=shares, where=(whole > 0) & labelled)
    return shares
