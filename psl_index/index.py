"""An opened index: what users of the library hold in their hands."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index import questions
from psl_index.entry_tables import Organisms
from psl_index.errors import InvalidIndexError, UsageError
from psl_index.manifest import Manifest, read_manifest
from psl_index.peptides import PeptideInput, Peptides, check_limit, encode
from psl_index.questions import Wanted
from psl_index.search import Occurrences
from psl_index.shard import Shard, open_shard
from psl_index.threads import threads_for

Answer = TypeVar("Answer")

_OPEN_TRIES = 5


class Index:
    """An exact substring index of protein sequences, with the tables of its entries.

    Peptides are handed in as strings or a string array, in either case; letters are literal (X, B, Z, J, U and O match
    themselves only). All methods give the same answer for any number of threads; `threads` 0 means all there are.

    Attributes
    ----------
    path : Path
        The index folder.
    manifest : Manifest
        What it holds and where that came from.
    """

    def __init__(self, path: Path, manifest: Manifest, shards: tuple[Shard, ...]) -> None:
        self.path = path
        self.manifest = manifest
        self._shards: tuple[Shard, ...] | None = shards

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Index:
        """Map an index into memory; reads headers only, so this takes milliseconds.

        Raises
        ------
        InvalidIndexError
            There is no index, a file of it is missing or damaged, or it is of another format version.
        """
        folder = Path(path)

        def open_shards(manifest: Manifest) -> Index:
            inner = folder / manifest.folder
            return cls(folder, manifest, tuple(open_shard(inner, shard) for shard in manifest.shards))

        return open_current(folder, open_shards)

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the mapped files."""
        self._shards = None

    @property
    def shards(self) -> tuple[Shard, ...]:
        """The memory-mapped arrays; UsageError once the index is closed."""
        if self._shards is None:
            raise UsageError("is closed", file=str(self.path), remedy="open it again")
        return self._shards

    def over_shards(self, question: Callable[..., Answer], *arguments: object, threads: int = 0) -> Iterator[Answer]:
        """The answers of ``question(shard, *arguments, threads=...)`` in the order of the shards.

        `question` is a function at the top of a module, so that it can be asked on another machine, too.
        """
        for shard in self.shards:
            yield question(shard, *arguments, threads=threads_for(threads))

    def ask_each(self, question: Callable[..., Answer], arguments: Sequence[object]) -> Iterator[Answer]:
        """As `over_shards`, with an argument of its own for each shard."""
        for shard, argument in zip(self.shards, arguments, strict=True):
            yield question(shard, argument, threads=threads_for(0))

    @property
    def n_entries(self) -> int:
        """Entries in the index."""
        return self.manifest.entries

    @property
    def n_residues(self) -> int:
        """Residues in the index."""
        return self.manifest.residues

    @cached_property
    def entries(self) -> pa.Table:
        """All columns of the entries (`psl_index.schemas.ENTRIES`), sequences included."""
        return self.read("entries")

    @cached_property
    def locations(self) -> pa.Table:
        """Annotated locations (`psl_index.schemas.LOCATIONS`)."""
        return self.read("locations")

    @cached_property
    def features(self) -> pa.Table:
        """Sequence features (`psl_index.schemas.FEATURES`)."""
        return self.read("features")

    @cached_property
    def class_masks(self) -> npt.NDArray[np.uint16]:
        """Classes of each entry, bit ``i`` for ``CLASSES[i]``, 0 where it has none; uint16 of shape (n_entries,)."""
        return np.concatenate(list(self.over_shards(questions.class_masks)))

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Some columns of ``entries``, ``locations`` or ``features``."""
        return pa.concat_tables(self.over_shards(questions.read, table, columns))

    def count(self, peptides: PeptideInput, *, equate_il: bool = False, threads: int = 0) -> npt.NDArray[np.int64]:
        """Occurrences of each peptide, overlapping ones included.

        Parameters
        ----------
        peptides : sequence of str or string array, n of them
        equate_il : bool
            Take I and L for the same residue; J stays J.

        Returns
        -------
        int64 array, shape (n,)

        Raises
        ------
        PeptideError
            A peptide is empty or holds something else than letters.
        """
        return _sum(self.over_shards(questions.count, encode(peptides), equate_il, threads=threads))

    def count_entries(
        self, peptides: PeptideInput, *, equate_il: bool = False, threads: int = 0
    ) -> npt.NDArray[np.int64]:
        """Entries that contain each peptide; see `count`."""
        counts: npt.NDArray[np.int64] = self.count_both(peptides, equate_il=equate_il, threads=threads)[0]
        return counts

    def count_both(
        self,
        peptides: PeptideInput,
        *,
        equate_il: bool = False,
        organisms: Organisms | None = None,
        threads: int = 0,
    ) -> npt.NDArray[np.int64]:
        """Entries that contain each peptide, and its occurrences, in those `organisms`; int64 of shape (2, n)."""
        wanted = Wanted(organisms=organisms)
        return _sum(self.over_shards(questions.count_both, encode(peptides), equate_il, wanted, threads=threads))

    def locate(
        self,
        peptides: PeptideInput,
        *,
        equate_il: bool = False,
        entries: npt.NDArray[np.bool_] | None = None,
        limit: int | None = None,
        threads: int = 0,
    ) -> pa.Table:
        """All occurrences of each peptide, sorted by query, entry and start.

        Parameters
        ----------
        peptides : sequence of str or string array, n of them
        equate_il : bool
            Take I and L for the same residue; J stays J.
        entries : bool array, shape (n_entries,), optional
            Entries to look in, as `select` gives them.
        limit : int, optional
            The most occurrences a peptide gets: the first ones.

        Returns
        -------
        pyarrow.Table
            query int32, the peptide's number from 0; entry uint32; start uint32, 1-based.

        Raises
        ------
        PeptideError
            A peptide is empty or holds something else than letters.
        """
        return self.occurrences(
            encode(peptides), equate_il=equate_il, entries=entries, limit=limit, threads=threads
        ).table

    def occurrences(
        self,
        peptides: Peptides,
        *,
        equate_il: bool = False,
        entries: npt.NDArray[np.bool_] | None = None,
        organisms: Organisms | None = None,
        limit: int | None = None,
        threads: int = 0,
    ) -> Occurrences:
        """As `locate`, for encoded peptides, with how many occurrences the limit left out of each.

        `organisms` does what `entries` does without a list of all entries.
        """
        check_limit(limit)
        if entries is not None and (entries.dtype != np.bool_ or entries.shape != (self.n_entries,)):
            raise UsageError(
                f"entries must be a bool array of shape ({self.n_entries},), one element an entry",
                remedy="make it with Index.select",
            )
        wanted = Wanted(entries, organisms)
        found = self.over_shards(questions.locate, peptides, equate_il, wanted, limit, threads=threads)
        return questions.merged(list(found), len(peptides), limit)

    def describe(self, entries: npt.NDArray[np.uint32]) -> pa.RecordBatch:
        """Each of `entries`, numbers in the whole index, in their order, as `psl_index.batches.DESCRIBED`."""
        firsts = np.array([shard.first_entry for shard in self.manifest.shards])
        if len(firsts) == 1:
            return next(self.ask_each(questions.describe, [entries]))
        shard = np.searchsorted(firsts, entries, side="right") - 1
        by_shard = np.argsort(shard, kind="stable")
        of_each = np.split(entries[by_shard], np.searchsorted(shard, np.arange(1, len(firsts)), sorter=by_shard))
        place = np.empty(len(entries), np.int64)
        place[by_shard] = np.arange(len(entries))
        table = pa.Table.from_batches(self.ask_each(questions.describe, of_each))
        whole = pa.RecordBatch.from_arrays([column.combine_chunks() for column in table.columns], schema=table.schema)
        return whole.take(pa.array(place))

    def select(self, *, taxon: int | None = None, lineage: str | None = None) -> npt.NDArray[np.bool_]:
        """Entries of one organism (exact taxonomy identifier) or one group of organisms; bool of shape (n_entries,).

        `lineage` is compared, in any letter case, with each name in the entry's lineage, such as ``Viridiplantae``.
        """
        return np.concatenate(list(self.over_shards(questions.select, Organisms(taxon, lineage))))


def open_current(folder: Path, open_shards: Callable[[Manifest], Answer]) -> Answer:
    """What `open_shards` makes of the manifest in `folder`, also while builds replace the index.

    Raises
    ------
    InvalidIndexError
        There is no index, it is damaged, or it is replaced all the time.
    """
    manifest = read_manifest(folder)
    for _ in range(_OPEN_TRIES):
        try:
            return open_shards(manifest)
        except InvalidIndexError:
            # A build may have published, and the next one removed our folder, since we read the manifest.
            current = read_manifest(folder)
            if current.digest == manifest.digest:
                raise
            manifest = current
    raise InvalidIndexError("is being replaced faster than it can be opened", file=str(folder))


def _sum(counts: Iterator[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    total = next(counts)
    for more in counts:
        total = total + more
    return total
