"""Which entries of an index are given proteins: those with their accession, those with their sequence.

Accessions are matched where the shard is: a data base has a hundred million of them, a question some thousands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.queries._whole_entry_kernels import find_whole_entries
from psl_eval.queries.runs import places_in
from psl_index.peptides import PADDING, Peptides, encode
from psl_index.shard import Shard

if TYPE_CHECKING:
    from psl_index.index import Answer, Index

# UniProt's own pattern, https://www.uniprot.org/help/accession_numbers
_ACCESSION: Final = "(?:[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})"


def accession_forms(identifiers: pa.StringArray) -> tuple[pa.StringArray, ...]:
    """What may be the accession in each identifier, in the order to try them.

    The identifier itself; its second field (``sp|P12345|NAME``); that without an isoform's number (``P12345-2``).
    """
    second = pc.struct_field(pc.extract_regex(identifiers, r"^[^|]*\|(?P<second>[^|]+)(?:\||$)"), "second")
    field = pc.coalesce(second, identifiers)
    return identifiers, field, pc.replace_substring_regex(field, f"^({_ACCESSION})-[0-9]+$", r"\1")


def have_accessions(identifiers: pa.StringArray) -> npt.NDArray[np.bool_]:
    """Whether each identifier holds an accession of UniProt; bool of shape (n,)."""
    shaped = pc.match_substring_regex(accession_forms(identifiers)[-1], f"^{_ACCESSION}$")
    found: npt.NDArray[np.bool_] = pc.fill_null(shaped, False).to_numpy(zero_copy_only=False)
    return found


def known_by_accession(identifiers: pa.StringArray) -> pa.StringArray:
    """The identifiers, those that hold an accession of UniProt replaced by it; an isoform goes by its protein's."""
    compound = pc.match_substring_regex(identifiers, "[|-]")
    if not pc.any(compound).as_py():
        return identifiers
    some = identifiers.filter(compound)
    known = pc.if_else(pa.array(have_accessions(some)), accession_forms(some)[-1], some)
    return pc.replace_with_mask(identifiers, compound, known)


def entries_with_accessions(index: Index, identifiers: pa.StringArray) -> npt.NDArray[np.int64]:
    """(number of the identifier, number of the entry) of each entry that has its accession; int64 of shape (found, 2).

    Of the forms of an identifier the first that any entry has counts.
    """
    tried = accession_forms(identifiers)
    accession = pa.chunked_array(tried).combine_chunks().dictionary_encode()
    found = np.concatenate(list(index.over_shards(find_accessions, accession.dictionary)))
    found = found[np.argsort(found[:, 0], kind="stable")]
    offsets = np.searchsorted(found[:, 0], np.arange(len(accession.dictionary) + 2))
    nothing = len(accession.dictionary)  # null has no entries
    asked, place = places_in(offsets, accession.indices.fill_null(nothing).to_numpy().astype(np.int64))
    rank, query = np.divmod(asked, max(len(identifiers), 1))
    best = np.full(len(identifiers), len(tried))
    np.minimum.at(best, query, rank)
    kept = rank == best[query]
    return np.stack([query[kept], found[place[kept], 1]], axis=1)


def entries_with_sequences(
    index: Index, sequences: pa.LargeStringArray, wanted: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """(number of the sequence, number of the entry) of each entry with one of the `wanted` sequences, null ones apart.

    int64 of shape (found, 2).
    """
    here = sequences.take(pa.array(wanted))
    wanted = wanted[here.is_valid().to_numpy(zero_copy_only=False)]
    return _renumbered(_entries_equal_to(index, encode(here.drop_null())), wanted)


def copies_of_entries(index: Index, entries: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(place in `entries`, number of the entry) of each entry with the sequence of one of `entries`, itself included.

    int64 of shape (found, 2).
    """
    by_shard, parts = _asked_where_they_are(index, read_sequences, entries)
    codes = np.concatenate([*(part.codes[: part.offsets[-1]] for part in parts), np.zeros(PADDING, np.uint8)])
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    return _renumbered(_entries_equal_to(index, Peptides(codes, np.append(0, np.cumsum(lengths)))), by_shard)


def accessions_of_entries(index: Index, entries: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], pa.StringArray]:
    """Place in `entries`, int64 of shape (found,), and accession of each accession they have, primary ones first."""
    by_shard, parts = _asked_where_they_are(index, read_accessions, entries)
    sizes = np.cumsum([0, *np.bincount(_shard_of(index, entries), minlength=len(parts))])
    table = pa.concat_tables(
        [part.set_column(0, "row", pc.add(part["row"], int(first))) for part, first in zip(parts, sizes, strict=False)]
    ).sort_by([("secondary", "ascending"), ("row", "ascending")])
    return by_shard[table["row"].to_numpy()], table["accession"].combine_chunks()


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


def read_sequences(shard: Shard, entries: npt.NDArray[np.int64], *, threads: int) -> Peptides:
    """Sequences of `entries`, numbers in the whole index, all of this shard, in their order."""
    rows = entries - shard.first_entry
    starts, next_starts = (shard.starts[places].astype(np.int64) for places in (rows, rows + 1))
    starts_and_ends = np.stack([starts, next_starts - 1], axis=1)  # without the separator
    _, places = places_in(starts_and_ends.ravel(), 2 * np.arange(len(rows)))
    offsets = np.append(0, np.cumsum(starts_and_ends[:, 1] - starts_and_ends[:, 0]))
    codes = np.zeros(offsets[-1] + PADDING, np.uint8)
    codes[: offsets[-1]] = shard.text[places]
    return Peptides(codes, offsets)


def read_accessions(shard: Shard, entries: npt.NDArray[np.int64], *, threads: int) -> pa.Table:
    """Accessions of `entries`, numbers in the whole index, all of this shard.

    Columns: row (place in `entries`, int64), accession, secondary (bool).
    """
    columns = shard.entry_tables.read("entries", ["accession", "secondary_accessions"])
    primary, others = (column.combine_chunks() for column in columns.take(pa.array(entries - shard.first_entry)))
    secondary = others.flatten()
    rows = np.concatenate([np.arange(len(primary)), pc.list_parent_indices(others).to_numpy()])
    return pa.table(
        {
            "row": rows.astype(np.int64),
            "accession": pa.chunked_array([primary, secondary]),
            "secondary": np.repeat([False, True], [len(primary), len(secondary)]),
        }
    )


def _entries_equal_to(index: Index, sequences: Peptides) -> npt.NDArray[np.int64]:
    return np.concatenate(list(index.over_shards(find_sequences, sequences)))


def _renumbered(pairs: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The same pairs with `numbers` of what the first of each counts."""
    return np.stack([numbers[pairs[:, 0]], pairs[:, 1]], axis=1)


def _asked_where_they_are(
    index: Index, question: Callable[..., Answer], entries: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], list[Answer]]:
    """Ask each shard about its own of `entries`; their places in that order, shard by shard, and the answers."""
    shard = _shard_of(index, entries)
    by_shard = np.argsort(shard, kind="stable")
    of_each = np.split(entries[by_shard], np.searchsorted(shard[by_shard], np.arange(1, len(index.manifest.shards))))
    return by_shard, list(index.ask_each(question, of_each))


def _shard_of(index: Index, entries: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    firsts = np.array([shard.first_entry for shard in index.manifest.shards])
    return np.searchsorted(firsts, entries, side="right") - 1
