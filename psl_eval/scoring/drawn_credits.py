"""What proteins are credited with in many draws of their subsequences, by the definition ``released``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.scoring._released_kernels import credit_drawn, list_entries
from psl_eval.scoring.tally import Asked, Counting, question_of, shard_entries
from psl_index.ordered_map import ordered_map
from psl_index.shard import Shard

if TYPE_CHECKING:
    from psl_index.index import Index

_WINDOWS_AT_ONCE: Final = 1 << 10  # whose entries a thread has in memory


class DrawnSubsequences(NamedTuple):
    """Subsequences of m proteins in some draws, each one of n windows; k sets of classes for each protein.

    Windows and rows are in the order of their proteins, and a protein's subsequences are windows of its own.
    """

    windows: Asked  # `targets` and `group` are not read
    targets: npt.NDArray[np.uint16]  # (m, k) bits of classes
    first_window: npt.NDArray[np.int64]  # (m + 1,) of each protein
    first_row: npt.NDArray[np.int64]  # (m + 1,) first subsequence of each protein
    drawn: npt.NDArray[np.int64]  # (draws, rows) which window a subsequence is


class Credits(NamedTuple):
    """What entries weigh that are credited to m proteins; the second axis is that of `LeftOut`."""

    weights: npt.NDArray[np.float64]  # (m, columns, draws)
    hits: npt.NDArray[np.float64]  # (m, columns, k, draws) of the entries that have one of the classes


def credits_of(index: Index, asked: DrawnSubsequences, counting: Counting, threads: int) -> Credits:
    """Credit entries to the proteins in each draw, as `psl_eval.scoring.tally` does for subsequences that are given.

    The same to the bit for any number of threads; 0 for as many as the machine has.
    """
    total = _zeros(asked, counting)
    for of_shard in index.over_shards(credits_of_shard, asked, counting, threads=threads):
        for column, more in zip(total, of_shard, strict=True):
            column += more
    return total


def credits_of_shard(shard: Shard, asked: DrawnSubsequences, counting: Counting, *, threads: int) -> Credits:
    """Those of the entries of one shard."""
    total = _zeros(asked, counting)
    parts = list(_parts(asked))
    for _ in ordered_map(_credit(shard, asked, counting, total), parts, min(threads, len(parts))):
        pass
    return total


def _zeros(asked: DrawnSubsequences, counting: Counting) -> Credits:
    (m, k), draws, columns = asked.targets.shape, len(asked.drawn), counting.left_out.columns
    return Credits(np.zeros((m, columns, draws)), np.zeros((m, columns, k, draws)))


def _parts(asked: DrawnSubsequences) -> Iterator[slice]:
    """Proteins that a thread takes at a time: one, or some whose windows are few."""
    part = asked.first_window[:-1] // _WINDOWS_AT_ONCE
    cuts = np.flatnonzero(np.diff(part, prepend=-1)).tolist()
    yield from (slice(*cut) for cut in zip(cuts, [*cuts[1:], len(asked.targets)], strict=True))


def _credit(shard: Shard, asked: DrawnSubsequences, counting: Counting, total: Credits) -> Callable[[slice], None]:
    entries = shard_entries(shard, counting)

    def credit(proteins: slice) -> None:
        windows = slice(*asked.first_window[[proteins.start, proteins.stop]].tolist())
        rows = slice(*asked.first_row[[proteins.start, proteins.stop]].tolist())
        found = list_entries(
            *question_of(shard, asked.windows, counting, entries, windows), asked.windows.starts[windows] - 1
        )
        credit_drawn(
            *found,
            asked.targets[proteins],
            asked.first_row[proteins.start : proteins.stop + 1] - rows.start,
            np.ascontiguousarray(asked.drawn[:, rows]),
            windows.start,
            shard.n_entries,
            total.weights[proteins],
            total.hits[proteins],
        )

    return credit
