"""Exclusions: which entries of the index do not count for which query protein."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.identities import find_accessions, find_sequences
from psl_eval.proteins import Queries
from psl_index.errors import UsageError
from psl_index.peptides import encode

if TYPE_CHECKING:
    from psl_index.index import Index


@dataclass(frozen=True)
class Excluded:
    """Entries left out for each of n queries.

    Attributes
    ----------
    offsets : int64 array of shape (n + 1,)
        Those of query ``i`` are ``entries[offsets[i]:offsets[i + 1]]``.
    entries : int64 array
        Numbers in the whole index, ascending within a query.
    found_by : mapping of str to int
        How many queries found theirs by what; for the manifest.
    """

    offsets: npt.NDArray[np.int64]
    entries: npt.NDArray[np.int64]
    found_by: Mapping[str, int]


Exclusion = Callable[["Index", Queries], Excluded]


def no_entries(index: Index, queries: Queries) -> Excluded:
    """Leave out nothing."""
    return _by_query(len(queries), np.empty((0, 2), np.int64), {})


def own_entries(index: Index, queries: Queries) -> Excluded:
    """Leave out the entry with the query's accession, primary or secondary; or else all with its sequence.

    The accession is the identifier itself, or its second field (``sp|P12345|NAME``), without an isoform's
    number (``P12345-2``).

    Raises
    ------
    UsageError
        A query has neither an accession nor a sequence.
    """
    by_accession = _entries_by_accession(index, queries.identifiers)
    unknown = np.ones(len(queries), bool)
    unknown[by_accession[:, 0]] = False
    _refuse_nameless(queries, unknown)
    by_sequence = _entries_by_sequence(index, queries.sequences, np.flatnonzero(unknown))
    named, equal = len(np.unique(by_accession[:, 0])), len(np.unique(by_sequence[:, 0]))
    found_by = {"accession": named, "sequence": equal, "not_in_index": len(queries) - named - equal}
    return _by_query(len(queries), np.concatenate([by_accession, by_sequence]), found_by)


EXCLUSIONS: Final[Mapping[str, Exclusion]] = {"none": no_entries, "self": own_entries}

# UniProt's own pattern, https://www.uniprot.org/help/accession_numbers
_ACCESSION: Final = "(?:[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})"


def _by_query(n_queries: int, pairs: npt.NDArray[np.int64], found_by: Mapping[str, int]) -> Excluded:
    """Order (query, entry) pairs by query, then entry."""
    pairs = np.unique(pairs, axis=0)
    offsets = np.searchsorted(pairs[:, 0], np.arange(n_queries + 1))
    return Excluded(offsets, np.ascontiguousarray(pairs[:, 1]), found_by)


def _entries_by_accession(index: Index, identifiers: pa.StringArray) -> npt.NDArray[np.int64]:
    """(query, entry) of each entry that has the query's accession, int64 of shape (found, 2)."""
    tried = _accessions(identifiers)
    accession = pa.chunked_array(tried).combine_chunks().dictionary_encode()
    candidates = pa.table(
        {
            "number": accession.indices,
            "query": np.tile(np.arange(len(identifiers)), len(tried)),
            "rank": np.repeat(np.arange(len(tried)), len(identifiers)),
        }
    )
    numbers, entries = np.concatenate(list(index.over_shards(find_accessions, accession.dictionary))).T
    found = candidates.join(
        pa.table({"number": numbers.astype(np.int32), "entry": entries}), "number", join_type="inner"
    )
    query, rank, entry = (found[name].to_numpy() for name in ("query", "rank", "entry"))
    best = np.full(len(identifiers), np.iinfo(np.int64).max)
    np.minimum.at(best, query, rank)
    kept = rank == best[query]
    return np.stack([query[kept], entry[kept]], axis=1)


def _accessions(identifiers: pa.StringArray) -> tuple[pa.StringArray, ...]:
    """What may be the accession in each identifier, in the order to try them."""
    second = pc.struct_field(pc.extract_regex(identifiers, r"^[^|]*\|(?P<second>[^|]+)(?:\||$)"), "second")
    field = pc.coalesce(second, identifiers)
    return identifiers, field, pc.replace_substring_regex(field, f"^({_ACCESSION})-[0-9]+$", r"\1")


def _refuse_nameless(queries: Queries, unknown: npt.NDArray[np.bool_]) -> None:
    """A name that is no accession leaves nothing to recognise a protein by but its sequence."""
    accession = pc.match_substring_regex(_accessions(queries.identifiers)[-1], f"^{_ACCESSION}$")
    nameless = unknown & pc.is_null(queries.sequences).to_numpy(zero_copy_only=False)
    nameless &= ~pc.fill_null(accession, False).to_numpy(zero_copy_only=False)
    count = int(np.count_nonzero(nameless))
    if count:
        first = queries.names[int(np.argmax(nameless))].as_py()
        raise UsageError(
            f"{count} of {len(queries)} queries (the first: {first!r}) have no accession and no sequence, "
            "by which the exclusion 'self' could find their own entries",
            remedy="give the proteins with `--proteins FILE`, or choose `--exclude none`",
        )


def _entries_by_sequence(
    index: Index, sequences: pa.LargeStringArray, wanted: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """(query, entry) of each entry with the sequence of a `wanted` query, int64 of shape (found, 2)."""
    here = sequences.take(pa.array(wanted))
    wanted = wanted[here.is_valid().to_numpy(zero_copy_only=False)]
    found = np.concatenate(list(index.over_shards(find_sequences, encode(here.drop_null()))))
    return np.stack([wanted[found[:, 0]], found[:, 1]], axis=1)
