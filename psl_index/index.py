"""An opened index: what users of the library hold in their hands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_index import search
from psl_index.classes import CLASSES
from psl_index.errors import InvalidIndexError, UsageError
from psl_index.manifest import Manifest, read_manifest
from psl_index.peptides import Peptides, encode
from psl_index.schemas import ENTRIES, FEATURES, LOCATIONS
from psl_index.search import Occurrences
from psl_index.shard import Shard, open_shard
from psl_index.table_files import read_tables

PeptideInput: TypeAlias = "Sequence[str] | pa.StringArray | pa.ChunkedArray"

_OPEN_TRIES = 5
_VERIFY = "find the damage with `pslidx verify --full`, then build the index again"


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
        manifest = read_manifest(folder)
        for _ in range(_OPEN_TRIES):
            try:
                inner = folder / manifest.folder
                return cls(folder, manifest, tuple(open_shard(inner, shard) for shard in manifest.shards))
            except InvalidIndexError:
                # A build may have published, and the next one removed our folder, since we read the manifest.
                current = read_manifest(folder)
                if current.digest == manifest.digest:
                    raise
                manifest = current
        raise InvalidIndexError("is being replaced faster than it can be opened", file=str(folder))

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
        locations = self.read("locations", ["entry", "class"])
        locations = locations.filter(pc.is_valid(locations["class"]))
        bits = pc.index_in(locations["class"], pa.array(CLASSES)).to_numpy()
        masks = np.zeros(self.n_entries, np.uint16)
        try:
            np.bitwise_or.at(masks, locations["entry"].to_numpy(), np.uint16(1) << bits.astype(np.uint16))
        except IndexError:
            raise InvalidIndexError(
                "a location names an entry that is not there", file=str(self.path), remedy=_VERIFY
            ) from None
        return masks

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Some columns of ``entries``, ``locations`` or ``features``."""
        schema = {"entries": ENTRIES, "locations": LOCATIONS, "features": FEATURES}[table]
        return read_tables([shard.tables[table] for shard in self.shards], schema, columns)

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
        return search.count(self.shards, encode(peptides), equate_il=equate_il, threads=_threads(threads))

    def count_entries(
        self, peptides: PeptideInput, *, equate_il: bool = False, threads: int = 0
    ) -> npt.NDArray[np.int64]:
        """Entries that contain each peptide; see `count`."""
        return search.count_entries(self.shards, encode(peptides), equate_il=equate_il, threads=_threads(threads))

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
        limit: int | None = None,
        threads: int = 0,
    ) -> Occurrences:
        """As `locate`, for encoded peptides, with how many occurrences the limit left out of each."""
        if limit is not None and limit < 0:
            raise UsageError(f"the limit of occurrences must not be negative, but is {limit}")
        if entries is not None and (entries.dtype != np.bool_ or entries.shape != (self.n_entries,)):
            raise UsageError(
                f"entries must be a bool array of shape ({self.n_entries},), one element an entry",
                remedy="make it with Index.select",
            )
        return search.locate(
            self.shards, peptides, equate_il=equate_il, wanted=entries, limit=limit, threads=_threads(threads)
        )

    def select(self, *, taxon: int | None = None, lineage: str | None = None) -> npt.NDArray[np.bool_]:
        """Entries of one organism (exact taxonomy identifier) or one group of organisms; bool of shape (n_entries,).

        `lineage` is compared, in any letter case, with each name in the entry's lineage, such as ``Viridiplantae``.
        """
        selected = np.ones(self.n_entries, np.bool_)
        if taxon is not None:
            taxa = self.read("entries", ["taxon_id"])["taxon_id"]
            selected &= pc.fill_null(pc.equal(taxa, taxon), False).to_numpy()
        if lineage is not None:
            selected &= self._in_lineage(lineage.casefold())
        return selected

    def _in_lineage(self, name: str) -> npt.NDArray[np.bool_]:
        lineages = self.read("entries", ["lineage"])["lineage"].combine_chunks()
        named = np.zeros(self.n_entries, np.bool_)
        matching = pc.fill_null(pc.equal(pc.utf8_lower(lineages.flatten()), name), False).to_numpy(zero_copy_only=False)
        named[pc.list_parent_indices(lineages).to_numpy()[matching]] = True
        return named


def _threads(threads: int) -> int:
    return threads if threads > 0 else os.cpu_count() or 1
