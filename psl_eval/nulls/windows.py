"""Stretches of query proteins that stand in for subsequences: the same lengths, drawn or enumerated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.queries.proteins import Queries
from psl_eval.queries.rows import Rows
from psl_index.errors import UsageError
from psl_index.peptides import PADDING, Peptides, encode

_AT_ONCE: Final = 1 << 17  # windows that are enumerated together


@dataclass(frozen=True)
class QueryResidues:
    """The residues of m query proteins.

    Attributes
    ----------
    peptides : Peptides
    lengths : int64 array of shape (m,)
    """

    peptides: Peptides
    lengths: npt.NDArray[np.int64]

    def windows(
        self, query: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
    ) -> Peptides:
        """Stretches of `lengths` residues that start at `starts` (1-based) of proteins `query`; all int64 of (n,)."""
        offsets = np.append(0, np.cumsum(lengths))
        shift = self.peptides.offsets[query] + starts - 1 - offsets[:-1]
        codes = np.zeros(offsets[-1] + PADDING, np.uint8)
        codes[: offsets[-1]] = self.peptides.codes[np.arange(offsets[-1]) + np.repeat(shift, lengths)]
        return Peptides(codes, offsets)


def query_residues(queries: Queries) -> QueryResidues:
    """The residues of all queries.

    Raises
    ------
    UsageError
        The sequence of one is not known.
    """
    if queries.sequences.null_count:
        raise UsageError(
            "a null model that draws windows takes the sequences of the proteins, which are not known",
            remedy="give them with `--proteins FILE`, or choose `--null label`",
        )
    peptides = encode(queries.sequences)
    return QueryResidues(peptides, np.diff(peptides.offsets))


class Windows(NamedTuple):
    """All windows of the lengths that some queries' subsequences have, and which belong to which subsequence."""

    rows: slice  # subsequences, of rows sorted by query
    query: npt.NDArray[np.int64]  # (w,) protein of each window
    starts: npt.NDArray[np.int64]  # (w,) 1-based
    lengths: npt.NDArray[np.int64]  # (w,)
    first: npt.NDArray[np.int64]  # (rows,) first window of each subsequence
    places: npt.NDArray[np.int64]  # (rows,) how many it has


def enumerated(rows: Rows, residues: QueryResidues) -> Iterator[Windows]:
    """All windows, for `rows` sorted by query, some whole queries at a time."""
    query, length = rows.query.astype(np.int64), rows.lengths
    count = residues.lengths[query] - length + 1
    first_row = np.flatnonzero(np.diff(query, prepend=-1))  # of each query
    batch = np.cumsum(np.add.reduceat(count, first_row)) // _AT_ONCE
    first_row = first_row[np.flatnonzero(np.diff(batch, prepend=-1))]
    for first, end in zip(first_row.tolist(), [*first_row[1:].tolist(), len(rows)], strict=True):
        part = slice(first, end)
        # Subsequences of one length in one protein have the same windows.
        pair = query[part] << 32 | length[part]
        distinct, of_row = np.unique(pair, return_inverse=True)
        of_pair = residues.lengths[distinct >> 32] - (distinct & 0xFFFFFFFF) + 1
        firsts = np.cumsum(of_pair) - of_pair
        starts = np.arange(of_pair.sum()) - np.repeat(firsts, of_pair) + 1
        windows = np.repeat(distinct, of_pair)
        yield Windows(part, windows >> 32, starts, windows & 0xFFFFFFFF, firsts[of_row], count[part])
