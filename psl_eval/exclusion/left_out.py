"""What exclusions leave out, as results have it: one column with nothing left out, and one for each exclusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.exclusion.exclusions import Excluded

_COLUMNS: Final = 8  # a bit of a byte each


class LeftOut(NamedTuple):
    """Entries that are missing from columns of results: column 0 is of all entries, column s + 1 of exclusion s.

    Columns are bits of a number; queries are n proteins.
    """

    offsets: npt.NDArray[np.int64]  # (n + 1,) those of query i are entries[offsets[i]:offsets[i + 1]]
    entries: npt.NDArray[np.int64]  # numbers in the whole index, ascending within a query
    missing_from: npt.NDArray[np.uint8]  # columns that each of them is missing from for the query
    everywhere: npt.NDArray[np.int64]  # entries that are missing whatever the query, ascending
    everywhere_from: npt.NDArray[np.uint8]  # columns that each of them is missing from
    columns: int  # exclusions, and 1


def left_out(excluded: Excluded, everywhere: npt.NDArray[np.int64]) -> LeftOut:
    """What one exclusion leaves out for each query, and everywhere."""
    alone = [np.full(len(entries), 2, np.uint8) for entries in (excluded.entries, everywhere)]
    return LeftOut(excluded.offsets, excluded.entries, alone[0], everywhere, alone[1], 2)


def together(exclusions: Sequence[LeftOut]) -> LeftOut:
    """What several single exclusions leave out for the same queries, a column each; at most 7."""
    if len(exclusions) >= _COLUMNS:
        raise ValueError(f"{len(exclusions)} exclusions, expected at most {_COLUMNS - 1}")
    numbered = list(zip(exclusions, np.arange(len(exclusions), dtype=np.uint8), strict=True))
    pairs, missing_from = _merged([(_pairs(each), each.missing_from << number) for each, number in numbered])
    everywhere, everywhere_from = _merged(
        [(each.everywhere[np.newaxis], each.everywhere_from << number) for each, number in numbered]
    )
    offsets = np.searchsorted(pairs[0], np.arange(len(exclusions[0].offsets)))
    entries = np.ascontiguousarray(pairs[1])  # as kernels are compiled for
    return LeftOut(offsets, entries, missing_from, everywhere[0], everywhere_from, len(exclusions) + 1)


def _pairs(exclusion: LeftOut) -> npt.NDArray[np.int64]:
    """Query and entry, each a row."""
    query = np.repeat(np.arange(len(exclusion.offsets) - 1), np.diff(exclusion.offsets))
    return np.stack([query, exclusion.entries])


def _merged(
    keys: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Distinct columns of several arrays with the same rows, in order, and the bits that they have in any of them."""
    every = np.concatenate([key for key, _ in keys], axis=1)
    bits = np.concatenate([of_key for _, of_key in keys])
    order = np.lexsort(every[::-1])
    every, bits = every[:, order], bits[order]
    first = np.flatnonzero(np.any(np.diff(every, axis=1, prepend=-1) != 0, axis=0))
    merged: npt.NDArray[np.uint8] = np.bitwise_or.reduceat(bits, first) if len(first) else bits
    return every[:, first], merged
