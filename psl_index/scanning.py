"""Searching sources as they are, without an index: one pass, all peptides at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index._scan_kernels import keep_first, place_by_query, tally
from psl_index.batches import DESCRIBED
from psl_index.entry_tables import Organisms, entries_of
from psl_index.opening import open_source
from psl_index.ordered_map import ordered_map
from psl_index.peptide_set import Hits, PeptideSet
from psl_index.peptides import PeptideInput, check_limit
from psl_index.progress import Progress
from psl_index.schemas import ENTRIES
from psl_index.search import OCCURRENCES, Occurrences
from psl_index.skipped import Skipped
from psl_index.sources import Sequences, no_entries, read_sequences, refuse_senseless
from psl_index.threads import threads_for

HIT_ENTRIES = pa.schema([ENTRIES.field("entry"), *DESCRIBED])

_NO_LIMIT = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Scanned(Occurrences):
    """Where peptides occur in sources, sorted by query, entry and start."""

    entries: pa.Table  # `HIT_ENTRIES`: those with an occurrence, in source order


def scan(
    sources: Sequence[str | os.PathLike[str]],
    peptides: PeptideInput,
    *,
    equate_il: bool = False,
    organisms: Organisms | None = None,
    limit: int | None = None,
    columns: Mapping[str, str] | None = None,
    skipped: Skipped | None = None,
    threads: int = 0,
    progress: Callable[[Progress], None] | None = None,
) -> Scanned:
    """All occurrences of peptides in flat files, FASTA files or tables, as an index built of them gives them.

    What is found is kept in memory, and nothing else of the sources.

    Parameters
    ----------
    sources : sequence of paths
        Read one after the other, ``-`` for standard input; what they are is found by content.
    peptides : sequence of str or string array, n of them
        In either case; letters are literal.
    equate_il : bool
        Take I and L for the same residue; J stays J.
    organisms : Organisms, optional
        Whose entries to look in.
    limit : int, optional
        The most occurrences a peptide gets: the first ones.
    columns : mapping, optional
        For tables: the columns that hold ``accession``, ``sequence`` and ``locations``.
    skipped : Skipped, optional
        Where to count bad entries; without it the first one is an error.
    threads : int
        That look for peptides while this one reads, 0 for as many as the machine has; with 1 this one does all.
    progress : callable, optional
        Called every now and then.

    Raises
    ------
    PeptideError
        A peptide is empty or holds something else than letters.
    InputError
        A source is malformed, truncated or empty.
    UsageError
        The limit is negative, or the sources or columns make no sense.
    """
    check_limit(limit)
    most = _NO_LIMIT if limit is None else limit
    wanted = PeptideSet(peptides, equate_il=equate_il)
    taken = np.zeros(len(wanted), np.int64)
    found: list[Hits] = []
    entries: list[pa.RecordBatch] = []
    for part, hits in _found(sources, wanted, organisms, columns, skipped, threads, progress):
        kept = np.empty(len(hits.peptide), np.bool_)
        keep_first(hits.peptide, most, taken, kept)
        if not kept.all():
            hits = Hits(hits.peptide[kept], hits.entry[kept], hits.start[kept])
        if len(hits.peptide):
            entries.append(part.described(np.flatnonzero(np.bincount(hits.entry))))
            found.append(hits._replace(entry=part.numbers(hits.entry)))
    rows = _by_query(found, wanted.numbers, np.minimum(taken, most))
    return Scanned(rows, np.maximum(taken - most, 0)[wanted.numbers], pa.Table.from_batches(entries, HIT_ENTRIES))


def scan_counts(
    sources: Sequence[str | os.PathLike[str]],
    peptides: PeptideInput,
    *,
    equate_il: bool = False,
    organisms: Organisms | None = None,
    columns: Mapping[str, str] | None = None,
    skipped: Skipped | None = None,
    threads: int = 0,
    progress: Callable[[Progress], None] | None = None,
) -> npt.NDArray[np.int64]:
    """Entries that contain each peptide, and its occurrences in them; int64 of shape (2, n). See `scan`."""
    wanted = PeptideSet(peptides, equate_il=equate_il)
    counts = np.zeros((2, len(wanted)), np.int64)
    last_entry = np.full(len(wanted), -1, np.int64)
    for part, hits in _found(sources, wanted, organisms, columns, skipped, threads, progress):
        tally(hits.peptide, part.numbers(hits.entry), last_entry, *counts)
    return counts[:, wanted.numbers]


class _Part(NamedTuple):
    """Some entries to look in."""

    read: Sequences
    rows: npt.NDArray[np.int64] | None  # which of those read, all where it is None
    first_entry: int  # number of the first one read among those of all sources

    def sequences(self) -> pa.StringArray:
        return self.read.sequences if self.rows is None else self.read.sequences.take(pa.array(self.rows))

    def numbers(self, entries: npt.NDArray[np.integer]) -> npt.NDArray[np.uint32]:
        """The number of each of `entries` among those of all sources."""
        rows = entries if self.rows is None else self.rows[entries]
        return (rows + self.first_entry).astype(np.uint32)

    def described(self, entries: npt.NDArray[np.int64]) -> pa.RecordBatch:
        """What is to be known of some of the entries, as `HIT_ENTRIES`."""
        described = self.read.describe(entries if self.rows is None else self.rows[entries])
        columns = [pa.array(self.numbers(entries)), *described.columns]
        return pa.RecordBatch.from_arrays(columns, schema=HIT_ENTRIES)


def _found(
    sources: Sequence[str | os.PathLike[str]],
    peptides: PeptideSet,
    organisms: Organisms | None,
    columns: Mapping[str, str] | None,
    skipped: Skipped | None,
    threads: int,
    progress: Callable[[Progress], None] | None,
) -> Iterator[tuple[_Part, Hits]]:
    """Occurrences in the entries of all sources, part by part in source order."""
    refuse_senseless(sources, columns)
    threads = threads_for(threads)

    def parts() -> Iterator[_Part]:
        first_entry = 0
        for name in sources:
            with open_source(name, digest=False) as source:
                for read in read_sequences(source, columns=columns, skipped=skipped, threads=threads):
                    rows = None
                    if organisms is not None:
                        entries = read.entries
                        rows = np.flatnonzero(entries_of(organisms, entries.column, entries.num_rows))
                    yield _Part(read, rows, first_entry)
                    first_entry += len(read.sequences)
                    if progress is not None:
                        step = f"scanning {Path(source.name).name}"
                        progress(Progress(step, source.bytes_read, source.raw_size, "bytes"))
        if not first_entry:
            raise no_entries(sources, skipped)

    return ordered_map(lambda part: (part, peptides.find(part.sequences())), parts(), threads)


def _by_query(found: Sequence[Hits], numbers: npt.NDArray[np.int32], taken: npt.NDArray[np.int64]) -> pa.Table:
    """A table `OCCURRENCES` of hits of distinct peptides, of which query ``i`` has those of ``numbers[i]``.

    `taken` is how many each distinct peptide has.
    """
    ends = np.cumsum(taken[numbers])
    rows = int(ends[-1]) if len(ends) else 0
    columns = np.empty(rows, np.int32), np.empty(rows, np.uint32), np.empty(rows, np.uint32)
    next_row = ends - taken[numbers]
    queries = np.argsort(numbers, kind="stable")
    first_query = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=len(taken)))])
    for hits in found:
        place_by_query(*hits, queries, first_query, next_row, *columns)
    return pa.Table.from_arrays([pa.array(column) for column in columns], schema=OCCURRENCES)
