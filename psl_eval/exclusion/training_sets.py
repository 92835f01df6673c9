"""The proteins a model has learned from, whose entries the exclusion `train` leaves out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.inputs.delimited import Delimited, open_table
from psl_eval.inputs.faults import Faults
from psl_eval.inputs.text_tables import TextRows, TextTable
from psl_eval.queries.identities import entries_with_accessions, entries_with_sequences
from psl_index.errors import InputError
from psl_index.fasta import read_fasta
from psl_index.file_records import FileRecord, record_of
from psl_index.opening import open_source

if TYPE_CHECKING:
    from psl_index.index import Index


@dataclass(frozen=True)
class TrainingSet:
    """Proteins by name, by sequence, or by both.

    Attributes
    ----------
    identifiers : pyarrow.StringArray
        What may hold an accession.
    sequences : pyarrow.LargeStringArray
        Upper case; null where not given.
    file : str
        Where they were read, as the user named it.
    record : FileRecord
        The same for the outputs.
    """

    identifiers: pa.StringArray
    sequences: pa.LargeStringArray
    file: str
    record: FileRecord

    def __len__(self) -> int:
        return len(self.identifiers)

    def find(self, index: Index) -> npt.NDArray[np.int64]:
        """(number of the protein, number of the entry) of the entries with its accession, primary or secondary, or its
        sequence; int64 of shape (found, 2), each pair once.

        Both count: of a protein whose accession is found, copies under other accessions are entries, too, where its
        sequence is given.
        """
        by_accession = entries_with_accessions(index, self.identifiers)
        by_sequence = entries_with_sequences(index, self.sequences, np.arange(len(self)))
        return np.unique(np.concatenate([by_accession, by_sequence]), axis=0)


def read_training_set(path: str | os.PathLike[str]) -> TrainingSet:
    """Read a table, a FASTA file, or accessions one a line, told apart by content; plain or compressed.

    A table (TSV, CSV, JSONL or Parquet) has a column ``accession`` (or ``query``), and may have ``sequence`` and
    ``split``: ``train``, ``validation`` or ``test``. Rows of the split ``test`` are left out, for the model has not
    seen them. `pslidx train` writes such a table as ``training_set.tsv`` into the folder of a model. The headers of
    FASTA are read as those of an index's source.

    Raises
    ------
    InputError
        With the line: no column of accessions, a row without one, an unknown split, something else than residues in a
        sequence, too few or too many values, or what is no accession in a list of them. Or the file is damaged, cannot
        be read, or holds no protein that the model could have seen.
    """
    with open_source(path) as source:
        head = source.peek(_HEAD).lstrip()
        if not head:
            raise InputError("empty file; expected a table, FASTA, or accessions one a line", file=source.name)
        if head.startswith(b">"):
            parts = [batch.entries.select(_COLUMNS) for batch in read_fasta(source)]
        else:
            parts = _read_table(open_table(source, _TELLING, _names_where_there_is_no_header))
        if not any(map(len, parts)):
            raise InputError("no protein that a model could have learned from", file=source.name)
        proteins = pa.Table.from_batches(parts)
        identifiers, sequences = (column.combine_chunks() for column in proteins.columns)
        return TrainingSet(identifiers, sequences.cast(pa.large_string()), source.name, record_of(source))


_COLUMNS: Final = ("accession", "sequence")
_NAMES: Final = ("accession", "query")
_TELLING: Final = frozenset({"accession", "split"})
_SPLITS: Final = ("train", "validation", "test")
_NO_ACCESSION: Final = r"[\s{}\[\]#;\"']"
_HEAD: Final = 1 << 16  # bytes


def _names_where_there_is_no_header(values: Sequence[str]) -> Sequence[str] | None:
    """A first line of one word that names no column is the first of a list of accessions."""
    return None if len(values) > 1 or values[0].lower() in (*_NAMES, "sequence", "split") else ["accession"]


def _read_table(table: TextTable) -> list[pa.RecordBatch]:
    names = {name.lower() for name in table.names}
    name = next((name for name in _NAMES if name in names), None)
    if name is None:
        raise InputError(
            f"no column 'accession' (or 'query') among {', '.join(table.names)}",
            file=table.file,
            line=table.first_line,
            remedy="name the column of the accessions so; a file of sequences alone goes as FASTA",
        )
    # Where there is no split all is training; where there is one, every row has it.
    wanted = [column for column in table.among([name, "sequence", "split"]) if column in (*table.names, "sequence")]
    return [_checked(rows, name, table) for rows in table.parts(wanted)]


def _checked(rows: TextRows, name: str, table: TextTable) -> pa.RecordBatch:
    """Accession and sequence of the rows of a table that are not of the split ``test``."""
    identifiers = rows.columns[name]
    sequences = rows.columns.get("sequence", pa.nulls(len(identifiers), pa.string()))
    splits = rows.columns.get("split", pa.repeat("train", len(identifiers)))
    faults = Faults(rows.places)
    faults.add(pc.is_null(identifiers), lambda row: f"no {name}")
    if len(table.names) == 1 and isinstance(table, Delimited):
        # Nothing else tells a list from another kind of text, in which no line would be found in any index.
        faults.add(
            pc.match_substring_regex(identifiers, _NO_ACCESSION),
            lambda row: f"expected an accession, found {identifiers[row].as_py()[:60]!r}",
            "give accessions one a line, FASTA, or a table (TSV, CSV, JSONL, Parquet) with the column 'accession'",
        )
    faults.add(
        pc.invert(pc.is_in(splits, pa.array(_SPLITS))),
        lambda row: f"expected the split train, validation or test, found {splits[row].as_py()!r}",
    )
    faults.add(
        pc.invert(pc.match_substring_regex(sequences, r"^[A-Za-z]+\*?$")),
        lambda row: f"expected a sequence of letters (A-Z), found {sequences[row].as_py()[:60]!r}",
    )
    found = [fault for fault in (faults.first, rows.unreadable and rows.unreadable.first) if fault is not None]
    for fault in sorted(found):
        raise table.error(fault)
    upper = pc.utf8_upper(pc.utf8_rtrim(sequences, "*"))
    return pa.RecordBatch.from_arrays([identifiers, upper], names=_COLUMNS).filter(pc.not_equal(splits, "test"))
