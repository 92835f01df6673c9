"""Null models in which the place of a subsequence says nothing: windows of the same lengths, drawn from proteins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.nulls._window_kernels import means_of_draws
from psl_eval.nulls.drawn import Drawn, Observed, Totals
from psl_eval.nulls.windows import QueryResidues, Windows, enumerated
from psl_eval.queries.rows import Rows
from psl_eval.scoring.drawn_credits import DrawnSubsequences
from psl_eval.scoring.scorer import Block, ProteinSums, Scorer
from psl_eval.scoring.tally import Asked

_AT_ONCE: Final = 1 << 17  # windows that are drawn and scored together
_RATES_AT_ONCE: Final = 1 << 22  # rates that are looked up together

#: (random, number of draws) -> protein and start of each row's window, int64 of shape (draws, rows); protein -1 where
#: there is none to draw from.
Sampler = Callable[[np.random.Generator, int], tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]


class OwnWindows(NamedTuple):
    """Subsequences among all windows of their length in their protein; some of n rows, k labels, after the exclusion.

    `of_proteins` are those of the queries in the rows.
    """

    rows: npt.NDArray[np.int64]  # (r,) which rows
    windows: npt.NDArray[np.int64]  # (r,) how many windows there are
    scored: npt.NDArray[np.int64]  # (r, k) those of them with a hit rate
    mean: npt.NDArray[np.float64]  # (r, k) their mean
    attainable: npt.NDArray[np.float64]  # (r, k) the highest of them
    percentile: npt.NDArray[np.float64]  # (r, k) share of them below the subsequence's own, ties half; 0 to 100


class OfProteins(NamedTuple):
    """What random windows get each of m proteins, k labels, after the exclusion."""

    mean: npt.NDArray[np.float64]  # (m, k) hit rate over the draws in which it is scored
    draws: npt.NDArray[np.int64]  # (m, k) how many those are
    reached: npt.NDArray[np.int64]  # (m, k) those of them with at least the protein's own hit rate


class RandomWindows:
    """Random windows of the same lengths in the same proteins, by scoring all windows there are and drawing of them.

    `blocks` is to be taken to its end first.
    """

    def __init__(self, scorer: Scorer, observed: Observed, residues: QueryResidues, draws: int, seed: int) -> None:
        m, _, k = observed.rates.shape
        self._scorer = scorer
        self._observed = observed
        self._residues = residues
        self._draws = draws
        self._random = np.random.default_rng(seed)
        self._totals = Totals(observed, draws)
        self._sums = np.zeros((m, k))
        self._scored = np.zeros((m, k), np.int64)
        self._reached = np.zeros((m, k), np.int64)

    def blocks(self, rates: npt.NDArray[np.float64]) -> Iterator[OwnWindows]:
        """Where subsequences with hit rates `rates`, of shape (n, k), stand among all windows; some at a time."""
        order = np.argsort(self._observed.rows.query, kind="stable")
        rows = self._observed.rows.chosen(order)
        for windows in enumerated(rows, self._residues):
            asked = _asked(self._residues, self._observed.masks, windows)
            found = self._scorer.window_rates(asked)
            self._draw(rows.query[windows.rows].astype(np.int64), windows, found)
            here = order[windows.rows]
            yield _ranked(here, rates[here], windows, found[:, 1])

    def drawn(self) -> Drawn:
        """Mean hit rates of the draws."""
        return self._totals.drawn()

    def of_proteins(self) -> OfProteins:
        """What the draws gave each protein."""
        means = np.full(self._sums.shape, np.nan)
        np.divide(self._sums, self._scored, out=means, where=self._scored > 0)
        return OfProteins(means, self._scored, self._reached)

    def _draw(self, query: npt.NDArray[np.int64], windows: Windows, found: npt.NDArray[np.float64]) -> None:
        first_row = np.flatnonzero(np.diff(query, prepend=-1))
        queries = query[first_row]
        at_once = max(_RATES_AT_ONCE // (len(query) * found.shape[1] * found.shape[2]), 1)
        own = self._observed.rates[queries, 1, :, np.newaxis]
        for first in range(0, self._draws, at_once):
            draws = slice(first, min(first + at_once, self._draws))
            size = (draws.stop - draws.start, len(query))
            taken = windows.first + self._random.integers(0, windows.places, size)
            means = means_of_draws(found, taken, np.append(first_row, len(query)))
            self._totals.add(queries, slice(None), draws, means)
            after = means[:, 1]
            scored = ~np.isnan(after)
            self._sums[queries] += np.where(scored, after, 0.0).sum(axis=-1)
            self._scored[queries] += scored.sum(axis=-1)
            self._reached[queries] += (after >= own * (1 - 1e-12)).sum(axis=-1)


def credited_windows(
    scorer: Scorer,
    observed: Observed,
    residues: QueryResidues,
    draws: int,
    seed: int,
    report: Callable[[int, int], None],
) -> Drawn:
    """Random windows of the same lengths in the same proteins, where entries are credited to a protein as a whole."""
    rows = observed.rows.chosen(np.argsort(observed.rows.query, kind="stable"))
    totals = Totals(observed, draws)
    random = np.random.default_rng(seed)
    for windows in enumerated(rows, residues):
        report(windows.rows.start, len(rows))
        query = rows.query[windows.rows].astype(np.int64)
        first_row = np.flatnonzero(np.diff(query, prepend=-1))
        queries = query[first_row]
        targets = observed.masks[queries]
        at_once = max(_RATES_AT_ONCE // len(query), 1)
        for first in range(0, draws, at_once):
            here = slice(first, min(first + at_once, draws))
            taken = windows.first + random.integers(0, windows.places, (here.stop - here.start, len(query)))
            of_protein, starts, lengths, drawn = _distinct(windows, taken)
            asked = DrawnSubsequences(
                Asked(
                    residues.windows(of_protein, starts, lengths),
                    starts,
                    observed.masks[of_protein],
                    of_protein,
                    of_protein,
                ),
                targets,
                np.append(np.searchsorted(of_protein, queries), len(starts)),
                np.append(first_row, len(query)),
                drawn,
            )
            credited = scorer.credits(asked)
            rates = np.zeros(credited.hits.shape)  # of a protein without any entry: 0
            weights = credited.weights[:, :, np.newaxis]
            np.divide(credited.hits, weights, out=rates, where=weights > 0)
            rates[np.broadcast_to((targets == 0)[:, np.newaxis, :, np.newaxis], rates.shape)] = np.nan
            totals.add(queries, slice(None), here, rates)
    return totals.drawn()


def _distinct(windows: Windows, taken: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], ...]:
    """Protein, start and length of each window that is taken at all, and which of these it is that was taken.

    Of a long protein with a short subsequence few are: all there are would be in more entries than memory holds.
    """
    used = np.zeros(len(windows.query), np.bool_)
    used[taken] = True
    number = np.cumsum(used) - 1
    return windows.query[used], windows.starts[used], windows.lengths[used], number[taken]


def windows_of_others(
    scorer: Scorer,
    observed: Observed,
    residues: QueryResidues,
    draws: int,
    seed: int,
    report: Callable[[int, int], None],
) -> Drawn:
    """Windows at the same places of another protein that shares no class with it, long enough for all of them.

    All windows of a protein are of one other protein, so that they belong together as its subsequences do. A window
    leaves out what the protein leaves out from which it is: it must not find itself.
    """
    rows = observed.rows.chosen(np.argsort(observed.rows.query, kind="stable"))
    totals = Totals(observed, draws)
    compared = np.zeros(observed.masks.shape, np.bool_)
    random = np.random.default_rng(seed)
    n_labels = observed.masks.shape[1]
    for k in range(n_labels):
        for part in _whole_queries(rows):
            some = rows.chosen(np.arange(part.start, part.stop))
            query = some.query.astype(np.int64)
            first_row = np.flatnonzero(np.diff(query, prepend=-1))
            draw = _of_others(some, residues, observed.masks[:, k])
            at_once = max(_AT_ONCE // len(query), 1)
            for first in range(0, draws, at_once):
                here = slice(first, min(first + at_once, draws))
                report((k * len(rows) + part.start) * draws + first * len(query), n_labels * len(rows) * draws)
                donor, starts = draw(random, here.stop - here.start)
                compared[query, k] = donor[0] >= 0
                rates = _drawn_rates(scorer, residues, donor, starts, some, observed.masks[query, k], first_row)
                totals.add(query[first_row], slice(k, k + 1), here, np.moveaxis(rates, 0, -1))
    return totals.drawn(compared, tests=False)


def _of_others(rows: Rows, residues: QueryResidues, masks: npt.NDArray[np.uint16]) -> Sampler:
    """Draws for some rows from proteins without a class of `masks`, of shape (m,)."""
    query = rows.query.astype(np.int64)
    starts = rows.starts.astype(np.int64)
    first_row = np.flatnonzero(np.diff(query, prepend=-1))
    n_rows = np.diff([*first_row, len(query)])
    end = np.maximum.reduceat(starts + rows.lengths - 1, first_row)
    longest_first = np.argsort(-residues.lengths, kind="stable")
    longest_first = longest_first[masks[longest_first] != 0]
    own = masks[query[first_row]]
    donors = [np.array([-1])]
    first, count = np.zeros(len(own), np.int64), np.zeros(len(own), np.int64)
    for mask in np.unique(own[own != 0]):
        here = own == mask
        pool = longest_first[(masks[longest_first] & mask) == 0]
        first[here] = sum(map(len, donors))
        count[here] = np.searchsorted(-residues.lengths[pool], -end[here], side="right")  # they stand in front
        donors.append(pool)
    first[count == 0] = 0
    all_donors = np.concatenate(donors)

    def draw(random: np.random.Generator, draws: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        donor = all_donors[first + random.integers(0, np.maximum(count, 1), (draws, len(count)))]
        return np.repeat(donor, n_rows, axis=1), np.broadcast_to(starts, (draws, len(starts)))

    return draw


def _asked(residues: QueryResidues, masks: npt.NDArray[np.uint16], windows: Windows) -> Asked:
    peptides = residues.windows(windows.query, windows.starts, windows.lengths)
    return Asked(peptides, windows.starts, masks[windows.query], windows.query, windows.query)


def _ranked(
    rows: npt.NDArray[np.int64], own: npt.NDArray[np.float64], windows: Windows, found: npt.NDArray[np.float64]
) -> OwnWindows:
    """Each row among its windows; `own` of shape (rows, k), `found` of shape (windows, k)."""
    place = np.cumsum(windows.places) - windows.places
    window = np.arange(windows.places.sum()) + np.repeat(windows.first - place, windows.places)
    rates = found[window]
    here = np.repeat(own, windows.places, axis=0)
    scored = ~np.isnan(rates)
    n_scored = np.add.reduceat(scored, place, dtype=np.int64)
    near = np.abs(rates - here) <= 1e-12 * np.abs(here)
    below = np.add.reduceat((rates < here) & ~near, place, dtype=np.int64)
    equal = np.add.reduceat(near, place, dtype=np.int64)
    highest = np.maximum.reduceat(np.where(scored, rates, -np.inf), place)
    mean = np.full(n_scored.shape, np.nan)
    np.divide(np.add.reduceat(np.where(scored, rates, 0.0), place), n_scored, out=mean, where=n_scored > 0)
    percentile = np.full(n_scored.shape, np.nan)
    has_rate = ~np.isnan(own) & (n_scored > 0)
    np.divide(100 * (below + 0.5 * equal), n_scored, out=percentile, where=has_rate)
    attainable = np.where(n_scored > 0, highest, np.nan)
    return OwnWindows(rows, windows.places, n_scored, mean, attainable, percentile)


def _whole_queries(rows: Rows) -> Iterator[slice]:
    """Rows, sorted by query, some whole queries at a time."""
    first_row = np.flatnonzero(np.diff(rows.query, prepend=-1))
    batch = first_row // _AT_ONCE
    cuts = first_row[np.flatnonzero(np.diff(batch, prepend=-1))].tolist()
    yield from (slice(first, end) for first, end in zip(cuts, [*cuts[1:], len(rows)], strict=True))


def _drawn_rates(
    scorer: Scorer,
    residues: QueryResidues,
    donor: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    rows: Rows,
    masks: npt.NDArray[np.uint16],
    first_row: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Hit rates of proteins, whose subsequences are drawn ones; float64 of shape (draws, proteins, 2, 1)."""
    draws, n_rows = donor.shape
    there = np.flatnonzero(donor.ravel() >= 0)
    drawn, start = donor.ravel()[there], starts.ravel()[there]
    length = np.tile(rows.lengths, draws)[there]
    protein = np.repeat(np.arange(len(first_row)), np.diff([*first_row, n_rows]))
    group = (np.arange(draws)[:, np.newaxis] * len(first_row) + protein).ravel()[there]
    targets = np.tile(masks, draws)[there, np.newaxis]
    asked = Asked(residues.windows(drawn, start, length), start, targets, drawn, group)
    counts = scorer.tally(asked)
    sums = ProteinSums(draws * len(first_row), 1, scorer.counting.definition.credited)
    sums.add(group, Block(slice(0, len(there)), counts, scorer.rates(counts, targets)))
    of_proteins = np.tile(masks[first_row], draws)[:, np.newaxis]
    rates = sums.rates(of_proteins).hit_rate
    rates[sums.rows == 0] = np.nan  # nothing could be drawn, which is not the same as a rate of 0
    return rates.reshape(draws, len(first_row), 2, 1)
