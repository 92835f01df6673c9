"""What the tables of one shard say of its entries; columns that every search needs are kept once they are read."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_index.batches import masks_of
from psl_index.classes import CLASSES
from psl_index.errors import REBUILD, InvalidIndexError, UsageError
from psl_index.schemas import LAST_TAXON, TABLES
from psl_index.table_files import OpenTable, read_tables

_REMEMBERED: Final = 4  # answers kept; a run asks for fewer, a worker of a cluster serves many runs
_VERIFY: Final = f"find the damage with `pslidx verify --full`, then {REBUILD}"


@dataclass(frozen=True)
class Organisms:
    """Which organisms' entries are meant: those that fulfil all that is given.

    Raises
    ------
    UsageError
        The taxon is no NCBI taxonomy identifier: less than 1 or more than 2**32 - 1.
    """

    taxon: int | None = None  # NCBI taxonomy identifier, exactly
    lineage: str | None = None  # a name in the lineage, in any letter case

    def __post_init__(self) -> None:
        if self.taxon is not None and not 1 <= self.taxon <= LAST_TAXON:
            raise UsageError(f"expected an NCBI taxonomy identifier from 1 to {LAST_TAXON:,}, found {self.taxon}")


class EntryTables:
    """The tables of a shard, asked by the place of an entry in it.

    Parameters
    ----------
    tables : mapping of str to OpenTable
        entries, locations and features.
    first_entry : int
        Number of the shard's first entry in the whole index; the tables count from that.
    n_entries : int
    """

    def __init__(self, tables: Mapping[str, OpenTable], first_entry: int, n_entries: int) -> None:
        self._tables = tables
        self._first_entry = first_entry
        self._n_entries = n_entries
        self._remembered: dict[Hashable, npt.NDArray[Any]] = {}

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Some columns, all by default; entries have their numbers in the whole index."""
        return read_tables([self._tables[table]], TABLES[table], columns)

    @cached_property
    def class_masks(self) -> npt.NDArray[np.uint16]:
        """Classes of each entry, bit ``i`` for ``CLASSES[i]``, 0 where it has none; uint16 of shape (n_entries,)."""
        locations = self.read("locations", ["entry", "class"])
        locations = locations.filter(pc.is_valid(locations["class"]))
        entry = locations["entry"].to_numpy().astype(np.int64) - self._first_entry
        if len(entry) and (entry.min() < 0 or entry.max() >= self._n_entries):
            raise self._wrong_locations("a location names an entry that is not there")
        if pc.index_in(locations["class"], pa.array(CLASSES)).null_count:
            raise self._wrong_locations("a location has a class that is not known")
        return masks_of(entry, locations["class"], self._n_entries)

    def _wrong_locations(self, problem: str) -> InvalidIndexError:
        return InvalidIndexError(problem, file=str(self._tables["locations"].path), remedy=_VERIFY)

    @cached_property
    def names(self) -> pa.RecordBatch:
        """accession, entry_name and taxon_id of each entry."""
        columns = self.read("entries", ["accession", "entry_name", "taxon_id"])
        return pa.RecordBatch.from_arrays([column.combine_chunks() for column in columns], schema=columns.schema)

    def selected(self, organisms: Organisms) -> npt.NDArray[np.bool_]:
        """Which entries are of those organisms; bool of shape (n_entries,)."""
        return self.remembered(organisms, lambda: entries_of(organisms, self._column, self._n_entries))

    def remembered(self, key: Hashable, compute: Callable[[], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """What `compute` gives for an element an entry, kept for the next questions of the same run."""
        remembered = self._remembered
        if key in remembered:
            return remembered[key]
        answer = compute()
        self._remembered = dict([*list(remembered.items())[1 - _REMEMBERED :], (key, answer)])
        return answer

    def _column(self, name: str) -> pa.Array:
        return self.read("entries", [name])[name].combine_chunks()


def entries_of(organisms: Organisms, column: Callable[[str], pa.Array], n_entries: int) -> npt.NDArray[np.bool_]:
    """Which entries are of those organisms, by columns ``taxon_id`` and ``lineage``; bool of shape (n_entries,)."""
    selected = np.ones(n_entries, np.bool_)
    if organisms.taxon is not None:
        selected &= pc.fill_null(pc.equal(column("taxon_id"), organisms.taxon), False).to_numpy(zero_copy_only=False)
    if organisms.lineage is not None:
        lineages = column("lineage")
        names = pc.utf8_lower(lineages.flatten())
        matching = pc.fill_null(pc.equal(names, organisms.lineage.casefold()), False).to_numpy(zero_copy_only=False)
        named = np.zeros(n_entries, np.bool_)
        named[pc.list_parent_indices(lineages).to_numpy()[matching]] = True
        selected &= named
    return selected
