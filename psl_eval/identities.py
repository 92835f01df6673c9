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


def find_accessions(shard: Shard, candidates: pa.Table, *, threads: int) -> pa.Table:
    """The rows of `candidates` whose column accession an entry has, primary or secondary.

    With a column entry, the entry's number in the whole index; a row comes once for each such entry.
    """
    table = shard.entry_tables.read("entries", ["entry", "accession", "secondary_accessions"]).combine_chunks()
    entry, primary, secondary = (column.combine_chunks() for column in table.columns)
    asked = candidates["accession"].combine_chunks().unique()
    found = []
    for accession, of in (
        (primary, entry),
        (pc.list_flatten(secondary), entry.take(pc.list_parent_indices(secondary))),
    ):
        here = pc.is_in(accession, value_set=asked, skip_nulls=True)
        found.append(pa.table({"accession": accession.filter(here), "entry": of.filter(here)}))
    return candidates.join(pa.concat_tables(found), "accession", join_type="inner")


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
