"""What a data set is: sequences, names and labels side by side, and where each label was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_index.errors import InputError
from psl_index.file_records import FileRecord

Labels = tuple[str, ...]
"""The classes of one protein, each once; none where it has no label."""


class Protein(NamedTuple):
    """One protein as a reader finds it."""

    identifier: str
    accession: str
    sequence: str
    labels: Labels
    line: int  # from 1; of its label, or of its record
    file: int = 0  # number of the file that `line` is of
    test: bool = False
    partition: int | None = None


@dataclass(frozen=True, eq=False)
class Dataset:
    """The n proteins of one or more files, in their order.

    Attributes
    ----------
    identifiers : tuple of n str
        First word of each FASTA header, accession in a table; of plain sequences their number from 0.
    accessions : tuple of n str
        The same, but of UniProt's headers (``sp|P12345|NAME``) the accession alone.
    sequences : tuple of n str
        Upper case.
    labels : tuple of n `Labels`
        The ten classes in DeepLoc 1.0's spelling, any other label as it is written.
    multi_label : bool
        Whether a protein may have several labels.
    official_test : bool array of shape (n,), or None
        Who is in DeepLoc 1.0's own test set; None where no protein is.
    partition : int64 array of shape (n,), or None
        Number of the homology partition, as DeepLoc 2.0 states it.
    files : tuple of str
        Those that were read, as the user named them.
    records : tuple of FileRecord
        The same for a model card.
    file, line : int64 arrays of shape (n,)
        Where the label of each protein is written, or the protein where it has none: number in `files`, line from 1.
    """

    identifiers: tuple[str, ...]
    accessions: tuple[str, ...]
    sequences: tuple[str, ...]
    labels: tuple[Labels, ...]
    multi_label: bool
    official_test: npt.NDArray[np.bool_] | None
    partition: npt.NDArray[np.int64] | None
    files: tuple[str, ...]
    records: tuple[FileRecord, ...]
    file: npt.NDArray[np.int64]
    line: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.identifiers)

    def chosen(self, rows: npt.NDArray[np.int64]) -> Dataset:
        """The proteins with these numbers, in this order."""
        places = rows.tolist()
        return replace(
            self,
            identifiers=tuple(self.identifiers[row] for row in places),
            accessions=tuple(self.accessions[row] for row in places),
            sequences=tuple(self.sequences[row] for row in places),
            labels=tuple(self.labels[row] for row in places),
            official_test=None if self.official_test is None else self.official_test[rows],
            partition=None if self.partition is None else self.partition[rows],
            file=self.file[rows],
            line=self.line[rows],
        )

    def error(self, row: int, problem: str, remedy: str | None = None) -> InputError:
        """The error about the label of one protein."""
        return InputError(problem, file=self.files[self.file[row]], line=int(self.line[row]), remedy=remedy)


def dataset_of(proteins: list[Protein], *, multi_label: bool, files: list[str], records: list[FileRecord]) -> Dataset:
    """The data set of some proteins, at least one; `files` and `records` are those that were read."""
    test = np.array([protein.test for protein in proteins])
    return Dataset(
        identifiers=tuple(protein.identifier for protein in proteins),
        accessions=tuple(protein.accession for protein in proteins),
        sequences=tuple(protein.sequence for protein in proteins),
        labels=tuple(protein.labels for protein in proteins),
        multi_label=multi_label,
        official_test=test if test.any() else None,
        partition=_partitions(proteins),
        files=tuple(files),
        records=tuple(records),
        file=np.array([protein.file for protein in proteins]),
        line=np.array([protein.line for protein in proteins]),
    )


def within_memory(proteins: Iterator[Protein], file: str) -> Iterator[Protein]:
    """The same proteins, as long as they fit into memory; a decompression bomb does not.

    Raises
    ------
    InputError
        They take more than 2 GiB.
    """
    held = 0
    for protein in proteins:
        held += len(protein.sequence) + _OBJECT_BYTES
        if held > _MEMORY:
            raise InputError(
                f"proteins that take more than {_MEMORY >> 30} GiB", file=file, line=protein.line, remedy="split it"
            )
        yield protein


_MEMORY: Final = 1 << 31  # bytes
_OBJECT_BYTES: Final = 500  # of a protein, besides its residues


def _partitions(proteins: list[Protein]) -> npt.NDArray[np.int64] | None:
    numbers = [protein.partition for protein in proteins if protein.partition is not None]
    return np.array(numbers, np.int64) if len(numbers) == len(proteins) else None
