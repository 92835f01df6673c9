"""The proteins that subsequences come from (`--proteins`), and which protein each subsequence belongs to."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.inputs import FileRecord, read_whole
from psl_eval.subsequences import Subsequences
from psl_index.errors import InputError


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
    of_row : int64 array of shape (subsequences,)
        Number of each subsequence's protein among these.
    names : pyarrow.StringArray
        As the outputs show them.
    identifiers : pyarrow.StringArray
        What may hold an accession; null where a protein is known by a number only.
    sequences : pyarrow.LargeStringArray
        Upper case; null without `--proteins`.
    """

    of_row: npt.NDArray[np.int64]
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


def match_queries(subsequences: Subsequences, proteins: Proteins | None) -> Queries:
    """Find the protein of each subsequence, and check that the subsequence stands in it at its position.

    A protein is found by its number where the subsequences have one, else by name. Without `proteins` a query
    is known by its name alone, and by nothing where that is a number.

    Raises
    ------
    InputError
        With the line of the subsequence: there is no such protein, several have its name, or it does not hold
        the subsequence at its position.
    """
    table = subsequences.table
    numbered = table["input_sequence"].null_count == 0
    query = table["query"].combine_chunks()
    if proteins is None:
        of_row, first_row = _by_appearance(pc.dictionary_encode(query).indices.to_numpy())
        names = query.take(pa.array(first_row))
        identifiers = pa.nulls(len(names), pa.string()) if numbered else names
        return Queries(of_row, names, identifiers, pa.nulls(len(names), pa.large_string()))
    if numbered:
        record = _records_by_number(subsequences, proteins)
    else:
        record = _records_by_name(subsequences, proteins)
    _check_positions(subsequences, proteins, record)
    of_row, first_row = _by_appearance(record)
    taken = pa.array(record[first_row])
    names = proteins.names.take(taken)
    identifiers = names if proteins.identified else pa.nulls(len(names), pa.string())
    return Queries(of_row, names, identifiers, proteins.sequences.take(taken))


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


def _by_appearance(labels: npt.NDArray[np.integer]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Renumber labels in the order in which they appear: the new ones, and the first row of each."""
    _, first_row, of_row = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(first_row)
    renumbered = np.empty(len(order), np.int64)
    renumbered[order] = np.arange(len(order))
    return renumbered[of_row], first_row[order]


def _records_by_number(subsequences: Subsequences, proteins: Proteins) -> npt.NDArray[np.int64]:
    record: npt.NDArray[np.int64] = subsequences.table["input_sequence"].to_numpy()
    for row in np.flatnonzero(record >= len(proteins.names))[:1]:
        raise subsequences.source.error(
            row,
            f"inputSequence {record[row]} (from 0) is not among the {len(proteins.names)} in {proteins.file}",
            remedy="give the file that the subsequences were made from with `--proteins`",
        )
    return record


def _records_by_name(subsequences: Subsequences, proteins: Proteins) -> npt.NDArray[np.int64]:
    query = subsequences.table["query"].combine_chunks()
    known = pc.dictionary_encode(proteins.names)
    record_of, counts = np.unique(known.indices.to_numpy(), return_index=True, return_counts=True)[1:]
    found = pc.index_in(query, known.dictionary)
    for row in np.flatnonzero(found.is_null())[:1]:
        raise subsequences.source.error(
            row,
            f"query {query[row].as_py()!r} is not in {proteins.file}",
            remedy="give the file that the subsequences were made from with `--proteins`",
        )
    name = found.to_numpy()
    for row in np.flatnonzero(counts[name] > 1)[:1]:
        raise subsequences.source.error(
            row,
            f"query {query[row].as_py()!r} is the name of {counts[name[row]]} proteins in {proteins.file}",
            remedy="give each its own",
        )
    record: npt.NDArray[np.int64] = record_of[name]
    return record


def _check_positions(subsequences: Subsequences, proteins: Proteins, record: npt.NDArray[np.int64]) -> None:
    start = subsequences.table["start"].to_numpy().astype(np.int64)
    end = subsequences.table["end"].to_numpy().astype(np.int64)
    length = pc.binary_length(proteins.sequences).to_numpy()[record]
    for row in np.flatnonzero(end > length)[:1]:
        raise subsequences.source.error(
            row,
            f"{start[row]}-{end[row]} reaches past the {length[row]} residues of protein "
            f"{proteins.names[record[row]].as_py()!r} (as in {proteins.file})",
        )
    letters, offsets = _letters(subsequences.table["subsequence"].combine_chunks().cast(pa.large_string()))
    residues, protein_offsets = _letters(proteins.sequences)
    # From a letter's place in all subsequences, end to end, to its place in all proteins, end to end.
    shift = protein_offsets[record] + start - 1 - offsets[:-1]
    there = residues[np.arange(len(letters)) + np.repeat(shift, np.diff(offsets))]
    for letter in np.flatnonzero(there != letters)[:1]:
        row = int(np.searchsorted(offsets, letter, side="right")) - 1
        first = protein_offsets[record[row]] + start[row] - 1
        here = residues[first : first + end[row] - start[row] + 1].tobytes().decode()
        raise subsequences.source.error(
            row,
            f"expected {here} at {start[row]}-{end[row]} of protein {proteins.names[record[row]].as_py()!r} "
            f"(as in {proteins.file}), found {subsequences.table['subsequence'][row].as_py()}",
        )


def _letters(strings: pa.LargeStringArray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Letters of all strings, and where each starts among them (one more than strings)."""
    _, offsets_buffer, letters_buffer = strings.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)[strings.offset : strings.offset + len(strings) + 1]
    return np.frombuffer(letters_buffer, np.uint8)[offsets[0] : offsets[-1]], offsets - offsets[0]
