"""The proteins that subsequences come from (`--proteins`), and which protein each subsequence belongs to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.inputs.faults import Faults
from psl_eval.inputs.files import read_whole
from psl_eval.inputs.subsequences import SubsequenceReader
from psl_eval.queries.label_book import LabelBook
from psl_eval.queries.query_finders import ByName, ByRecord, EachItsOwn, QueryFinder
from psl_index.errors import InputError, UsageError
from psl_index.file_records import FileRecord


@dataclass(frozen=True)
class Proteins:
    """Sequences with the names that subsequences refer to them by.

    Attributes
    ----------
    names : pyarrow.StringArray
        First word of each FASTA header; for plain sentences the record's number from 0.
    sequences : pyarrow.LargeStringArray
        Upper case.
    identified : bool
        Whether `names` are identifiers (FASTA) or mere numbers (plain sentences).
    file : str
        Where they were read, as the user named it.
    record : FileRecord
        The same for the outputs.
    """

    names: pa.StringArray
    sequences: pa.LargeStringArray
    identified: bool
    file: str
    record: FileRecord


@dataclass(frozen=True)
class Queries:
    """The proteins that subsequences come from, in the order in which they first appear.

    Attributes
    ----------
    names : pyarrow.StringArray
        As the outputs show them.
    identifiers : pyarrow.StringArray
        What may hold an accession; null where a protein is known by a number only, and for a motif.
    sequences : pyarrow.LargeStringArray
        Upper case; null without `--proteins`.
    """

    names: pa.StringArray
    identifiers: pa.StringArray
    sequences: pa.LargeStringArray

    def __len__(self) -> int:
        return len(self.names)


def read_proteins(path: str | os.PathLike[str]) -> Proteins:
    """Read FASTA or plain sentences (one a line), told apart by content, plain or compressed.

    Raises
    ------
    InputError
        With the line: a header without identifier, a record without sequence, an empty line between
        sentences, or something else than letters (a ``*`` at the end of a sequence is dropped).
    """
    file = os.fspath(path)
    content, record = read_whole(path)
    lines = content.rstrip().splitlines()
    if not lines:
        raise InputError("empty file; expected FASTA or one sequence a line", file=file)
    identified = content.lstrip().startswith(b">")
    names, sequences = _parse_fasta(lines, file) if identified else _parse_sentences(lines, file)
    return Proteins(pa.array(names, pa.string()), pa.array(sequences, pa.large_string()), identified, file, record)


class QueryRows(NamedTuple):
    """Some subsequences, and the proteins they come from."""

    table: pa.Table  # columns of `psl_eval.inputs.subsequences.SUBSEQUENCES`
    query: npt.NDArray[np.int64]  # (rows,) number of each one's protein among all queries so far
    new: Queries  # those that these rows are the first to name, numbered on from the earlier ones


class QueryBook:
    """The proteins that subsequences come from, met while these are read.

    A protein is found in `proteins` by its number where the subsequences have one, else by its name. Without `proteins`
    a query is known by its name alone, and by nothing where that is a number. Each motif is a query of its own, also
    where another has the same name. Memory is some 200 bytes a query.

    Parameters
    ----------
    reader : SubsequenceReader
    proteins : Proteins or None

    Attributes
    ----------
    queries : Queries
        All m of them, once all rows have been read.
    predicted, true : pyarrow.StringArray of m
        Their classes as in `psl_eval.inputs.subsequences.SUBSEQUENCES`; null where there is no label.
    correct : pyarrow.BooleanArray of m
        Whether the two are the same; null where that is not known.

    Raises
    ------
    UsageError
        There are proteins, but motifs have none.
    """

    queries: Queries
    predicted: pa.StringArray
    true: pa.StringArray
    correct: pa.BooleanArray

    def __init__(self, reader: SubsequenceReader, proteins: Proteins | None) -> None:
        if reader.motifs and proteins is not None:
            raise UsageError(
                "motifs have no proteins",
                file=reader.file,
                remedy="leave out `--proteins`, or give the columns query, start and end",
            )
        self._reader = reader
        self._labels = LabelBook(reader.places)
        self._finder: QueryFinder = EachItsOwn()
        if proteins is not None:
            self._finder = ByRecord(proteins, numbered=reader.numbered)
        elif not reader.motifs:
            self._finder = ByName(identified=not reader.numbered)

    def batches(self) -> Iterator[QueryRows]:
        """The subsequences in input order, at most `subsequences.ROWS_AT_ONCE` at a time; to be called once.

        Raises
        ------
        InputError
            As `SubsequenceReader.batches`, and with the line of a subsequence: there is no such protein, several have
            its name, it does not hold the subsequence at its position, or an earlier row of it has other labels. A
            label may be missing in some of its rows.
        """
        for rows in self._reader.placed_batches():
            faults = Faults(rows.places)
            known = len(self._finder)
            query = self._finder.find(rows.table, faults)
            self._labels.check(rows.table, query, faults)
            self._reader.refuse(faults)
            table = rows.table
            if faults.first is not None:
                good = ~faults.bad
                table, query = table.filter(pa.array(good)), query[good]
            if len(table):
                yield QueryRows(table, query, Queries(*self._finder.columns(known)))
        if not len(self._finder):
            self._reader.refuse_nothing()
        self.queries = Queries(*self._finder.columns(0))
        self.predicted, self.true, self.correct = self._labels.columns()


_SEQUENCE: Final = re.compile(rb"[A-Za-z]+\*?")


def _parse_fasta(lines: list[bytes], file: str) -> tuple[list[str], list[str]]:
    names: list[str] = []
    sequences: list[str] = []
    parts: list[bytes] = []
    header_line = 0
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped.startswith(b">"):
            if stripped:
                parts.append(_residues(stripped, file, number))
            continue
        if names:
            sequences.append(_joined(parts, file, header_line))
        words = stripped[1:].decode(errors="replace").split(maxsplit=1)
        if not words:
            raise InputError("a header without an identifier after '>'", file=file, line=number)
        names.append(words[0])
        parts = []
        header_line = number
    sequences.append(_joined(parts, file, header_line))
    return names, sequences


def _joined(parts: list[bytes], file: str, header_line: int) -> str:
    if not parts:
        raise InputError("a header without a sequence", file=file, line=header_line)
    for part in parts[:-1]:
        if part.endswith(b"*"):
            raise InputError("'*' inside the sequence of this header", file=file, line=header_line)
    return b"".join(parts).removesuffix(b"*").decode().upper()


def _parse_sentences(lines: list[bytes], file: str) -> tuple[list[str], list[str]]:
    sequences = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise InputError(
                "an empty line between sequences, which are counted to find that of a subsequence",
                file=file,
                line=number,
                remedy="remove it, or use FASTA",
            )
        sequences.append(_joined([_residues(line.strip(), file, number)], file, number))
    return [str(number) for number in range(len(sequences))], sequences


def _residues(line: bytes, file: str, number: int) -> bytes:
    if not _SEQUENCE.fullmatch(line):
        shown = line[:60].decode(errors="replace")
        raise InputError(f"{shown!r} is no protein sequence (letters A-Z)", file=file, line=number)
    return line
