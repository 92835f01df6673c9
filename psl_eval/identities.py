"""Which entries of a shard are a given protein: those with its accession, those with its sequence.

Accessions are matched where the shard is: a data base has a hundred million of them, a question some thousands.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval._hit_rate_kernels import find_whole_entries
from psl_index.peptides import Peptides
from psl_index.shard import Shard


def find_accessions(shard: Shard, accessions: pa.StringArray, *, threads: int) -> npt.NDArray[np.int64]:
    """(number of the accession, number of the entry in the whole index) of each entry that has one of n accessions.

    Primary or secondary; int64 of shape (found, 2).
    """
    table = shard.entry_tables.read("entries", ["entry", "accession", "secondary_accessions"]).combine_chunks()
    entry, primary, secondary = (column.combine_chunks() for column in table.columns)
    found = []
    for of_entry, numbers in ((primary, entry), (secondary.flatten(), entry.take(pc.list_parent_indices(secondary)))):
        asked = pc.index_in(of_entry, value_set=accessions)
        here = asked.is_valid()
        found.append(np.stack([part.filter(here).to_numpy().astype(np.int64) for part in (asked, numbers)], axis=1))
    return np.concatenate(found)


def find_sequences(shard: Shard, sequences: Peptides, *, threads: int) -> npt.NDArray[np.int64]:
    """(number of the sequence, number of the entry in the whole index) of each entry that is one of n sequences.

    int64 of shape (found, 2).
    """
    ranges = shard.find_ranges(sequences)
    room, found = len(sequences), -1
    while found < 0 or found > room:
        room = max(room, found)
        query, entry = np.empty(room, np.int64), np.empty(room, np.int64)
        found = find_whole_entries(
            sequences.codes,
            sequences.offsets,
            ranges,
            shard.text,
            shard.starts,
            shard.block_entry,
            shard.pos,
            query,
            entry,
        )
    return np.stack([query[:found], entry[:found] + shard.first_entry], axis=1)
