"""One shard of an index, mapped into memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from psl_index._lookup_kernels import PACKED, find_ranges
from psl_index.entry_tables import EntryTables
from psl_index.manifest import ShardRecord
from psl_index.peptides import Peptides
from psl_index.sections import open_section
from psl_index.table_files import OpenTable, open_table


@dataclass(frozen=True)
class Shard:
    """The arrays of one shard; `psl_index._lookup_kernels` says how they belong together."""

    folder: Path
    first_entry: int  # number of its first entry in the whole index
    depth: int  # residues in a word of the table
    n_regular: int  # rows of `pos` whose first `depth` residues are standard
    tables: Mapping[str, OpenTable]  # entries, locations, features
    text: npt.NDArray[np.uint8]  # residue codes, a separator after each entry, padding
    starts: npt.NDArray[np.uint32]  # (n_entries + 1,) where each entry starts, and where the padding does
    block_entry: npt.NDArray[np.uint32]  # entry of each 64th position
    pos: npt.NDArray[np.uint32]  # (residues,) positions in order
    tail: npt.NDArray[np.uint32]  # (residues,) six residues of each row
    table: npt.NDArray[np.uint32]  # (20 ** depth + 1,) first row of each word

    @property
    def n_entries(self) -> int:
        """Entries in this shard."""
        return len(self.starts) - 1

    @cached_property
    def entry_tables(self) -> EntryTables:
        """What the tables say of the entries."""
        return EntryTables(self.tables, self.first_entry, self.n_entries)

    @property
    def exact_regular(self) -> int:
        """Longest query for which ranges of regular rows are exact."""
        return self.depth + PACKED

    @property
    def exact_irregular(self) -> int:
        """Longest query for which ranges of irregular rows are exact."""
        return PACKED

    def find_ranges(self, peptides: Peptides, ranges: npt.NDArray[np.uint32] | None = None) -> npt.NDArray[np.uint32]:
        """Candidate rows of each peptide, uint32 of shape (n, 4): regular low and high, irregular low and high.

        They are written into `ranges`, where it is given.
        """
        if ranges is None:
            ranges = np.empty((len(peptides), 4), np.uint32)
        find_ranges(peptides.codes, peptides.offsets, self.tail, self.table, self.depth, self.n_regular, ranges)
        return ranges


def open_shard(index_folder: Path, record: ShardRecord) -> Shard:
    """Map the sections of one shard.

    Raises
    ------
    InvalidIndexError
        A file is missing, of the wrong size, or not what the manifest says.
    """
    folder = index_folder / record.folder
    arrays = {name: open_section(folder, section) for name, section in record.sections.items()}
    tables = {name: open_table(folder, table) for name, table in record.tables.items()}
    return Shard(folder, record.first_entry, record.depth, record.n_regular, tables, **arrays)
