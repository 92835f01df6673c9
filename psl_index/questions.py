"""What an index asks each of its shards, in this process or on another machine.

A question is a function of a shard, of arguments that can be pickled, and of `threads`. Entries never cross shards: an
answer is whole for the entries of its shard, and `Index` puts the answers together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index import search
from psl_index.batches import DESCRIBED
from psl_index.entry_tables import Organisms
from psl_index.peptides import Peptides
from psl_index.search import OCCURRENCES, Occurrences
from psl_index.shard import Shard


class Wanted(NamedTuple):
    """Entries to look in: those that fulfil all that is given."""

    entries: npt.NDArray[np.bool_] | None = None  # (entries of the whole index,)
    organisms: Organisms | None = None

    def of(self, shard: Shard) -> npt.NDArray[np.bool_] | None:
        """Those of a shard, bool of shape (its entries,); None for all."""
        wanted = None
        if self.organisms is not None:
            wanted = shard.entry_tables.selected(self.organisms)
        if self.entries is not None:
            here = self.entries[shard.first_entry : shard.first_entry + shard.n_entries]
            wanted = here if wanted is None else wanted & here
        return wanted


def count(shard: Shard, peptides: Peptides, equate_il: bool, *, threads: int) -> npt.NDArray[np.int64]:
    """Occurrences of each peptide, overlapping ones included; int64 of shape (n,)."""
    return search.count(shard, peptides, equate_il=equate_il, threads=threads)


def count_both(
    shard: Shard, peptides: Peptides, equate_il: bool, wanted: Wanted, *, threads: int
) -> npt.NDArray[np.int64]:
    """Entries that contain each peptide, and its occurrences in them; int64 of shape (2, n)."""
    return search.count_both(shard, peptides, equate_il=equate_il, wanted=wanted.of(shard), threads=threads)


def locate(
    shard: Shard, peptides: Peptides, equate_il: bool, wanted: Wanted, limit: int | None, *, threads: int
) -> Occurrences:
    """All occurrences of each peptide, at most the first `limit` of the shard."""
    return search.locate(shard, peptides, equate_il=equate_il, wanted=wanted.of(shard), limit=limit, threads=threads)


def select(shard: Shard, organisms: Organisms, *, threads: int) -> npt.NDArray[np.bool_]:
    """Which entries are of those organisms; bool of shape (entries of the shard,)."""
    return shard.entry_tables.selected(organisms)


def class_masks(shard: Shard, *, threads: int) -> npt.NDArray[np.uint16]:
    """Classes of each entry as bits; uint16 of shape (entries of the shard,)."""
    return shard.entry_tables.class_masks


def count_annotated(shard: Shard, *, threads: int) -> int:
    """Entries with a location that has a class."""
    return int(np.count_nonzero(shard.entry_tables.class_masks))


def read(shard: Shard, table: str, columns: Sequence[str] | None, *, threads: int) -> pa.Table:
    """Some columns, all by default, of ``entries``, ``locations`` or ``features``."""
    return shard.entry_tables.read(table, columns)


def describe(shard: Shard, entries: npt.NDArray[np.uint32], *, threads: int) -> pa.RecordBatch:
    """Each of `entries`, numbers in the whole index, all of this shard, as `psl_index.batches.DESCRIBED`."""
    rows = entries - np.uint32(shard.first_entry)
    names = shard.entry_tables.names.take(pa.array(rows))
    return pa.RecordBatch.from_arrays(
        [*names.columns, pa.array(shard.entry_tables.class_masks[rows])], schema=DESCRIBED
    )


def merged(found: Sequence[Occurrences], n: int, limit: int | None) -> Occurrences:
    """Occurrences of `n` peptides in shards that follow each other, at most the first `limit` of each peptide."""
    if len(found) == 1:
        return found[0]
    table = pa.concat_tables([part.table for part in found])
    query, entry, start = (column.to_numpy() for column in table.columns)
    in_order = np.argsort(query, kind="stable")  # by entry and start within a shard, and so are the shards
    query = query[in_order]
    cut = np.sum([part.cut for part in found], axis=0)
    if limit is not None:
        number = np.arange(len(query)) - np.searchsorted(query, query)  # among the occurrences of its peptide
        kept = number < limit
        cut += np.bincount(query[~kept], minlength=n)
        query, in_order = query[kept], in_order[kept]
    columns = [query, entry[in_order], start[in_order]]
    return Occurrences(pa.Table.from_arrays([pa.array(column) for column in columns], schema=OCCURRENCES), cut)
