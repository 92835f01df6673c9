"""Motifs: subsequences without a protein, as a list, a table or FASTA."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.inputs.faults import Faults
from psl_eval.inputs.files import line_blocks
from psl_eval.inputs.text_tables import NOT_UTF8, TextRows, TextTable
from psl_index.errors import InputError
from psl_index.opening import Source

FASTA_COLUMNS: Final = ("name", "subsequence", "predicted")
_LIST_COLUMNS: Final = ("subsequence", "predicted")
_PEPTIDE: Final = re.compile(r"[A-Za-z]+\*?")
_RECORD_LIMIT: Final = 1 << 24  # bytes: no motif is near it, a decompression bomb is beyond it


def list_columns(values: Sequence[str], known: frozenset[str]) -> Sequence[str] | None:
    """Columns of a list without header, told by the values of its first line; None where that is a header.

    A list has a peptide and maybe a class, and no name of a column (of those `known`, in any case) in its first line.
    """
    if len(values) > len(_LIST_COLUMNS) or any(value.strip().lower() in known for value in values):
        return None
    return _LIST_COLUMNS[: len(values)] if _PEPTIDE.fullmatch(values[0]) else None


class MotifFasta(TextTable):
    """FASTA of motifs: after ``>`` a name and maybe its class, the residues in the lines below.

    A row is placed at the line of its header.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source.name, 1, FASTA_COLUMNS)
        self._source = source

    def parts(self, names: Sequence[str]) -> Iterator[TextRows]:
        for number, block in self._blocks():
            if block.strip():  # blank lines before the first record
                rows = _records(number, block)
                yield rows._replace(columns={name: rows.columns[name] for name in names})

    def _blocks(self) -> Iterator[tuple[int, bytes]]:
        """Blocks of whole records, and the line on which each begins."""
        number, rest = 1, b""
        for _, lines in line_blocks(self._source):
            rest += lines
            cut = rest.rfind(b"\n>") + 1
            if cut:
                yield number, rest[:cut]
                number += rest.count(b"\n", 0, cut)
                rest = rest[cut:]
            if len(rest) > _RECORD_LIMIT:
                problem = f"a record of more than {_RECORD_LIMIT:,} bytes"
                raise InputError(problem, file=self.file, line=number, remedy="give the proteins with `--proteins`")
        yield number, rest


def _records(number: int, block: bytes) -> TextRows:
    """The records of a block, whose first line has this number; blanks among residues are passed over."""
    letters = np.frombuffer(block, np.uint8)
    line_ends = np.flatnonzero(letters == ord("\n")) + 1
    line_starts = np.concatenate([[0], line_ends[:-1]])
    is_header = letters[line_starts] == ord(">")
    in_sequence = np.repeat(~is_header, line_ends - line_starts) & (letters > ord(" "))
    record_starts = line_starts[is_header]
    residues_before = np.concatenate([[0], np.cumsum(in_sequence)])
    residues = letters[in_sequence]
    residues[residues > 127] = ord("?")  # no residue either, but text
    sequences = _texts(residues, residues_before[np.append(record_starts, len(letters))])
    in_header = np.repeat(is_header, line_ends - line_starts)
    in_header[record_starts] = False  # the `>` itself
    header_before = np.concatenate([[0], np.cumsum(in_header)])
    headers = _texts(letters[in_header], header_before[np.append(record_starts, len(letters))])
    return _rows(headers, sequences, number + np.flatnonzero(is_header))


def _texts(letters: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> pa.BinaryArray:
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(letters)]
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)


def _rows(headers: pa.BinaryArray, sequences: pa.BinaryArray, places: npt.NDArray[np.int64]) -> TextRows:
    faults = Faults(places)
    problem, remedy = NOT_UTF8
    headers, undecoded = _decoded(headers)
    faults.add(undecoded, lambda _: problem, remedy)
    words = pc.extract_regex(headers, r"^\s*(?P<name>\S+)(?:\s+(?P<predicted>\S+))?")
    faults.add(pc.is_null(words), lambda _: "a header without an identifier after '>'")
    faults.add(pc.equal(pc.binary_length(sequences), 0), lambda _: "a header without a sequence")
    name, predicted = (pc.struct_field(words, column) for column in ("name", "predicted"))
    columns = [name, sequences.cast(pa.string()), pc.if_else(pc.equal(predicted, ""), None, predicted)]
    return TextRows(dict(zip(FASTA_COLUMNS, columns, strict=True)), places).without(faults)


def _decoded(headers: pa.BinaryArray) -> tuple[pa.StringArray, npt.NDArray[np.bool_]]:
    """The headers as text, and which of them are not UTF-8."""
    try:
        return headers.cast(pa.string()), np.zeros(len(headers), np.bool_)
    except pa.ArrowInvalid:
        texts = [header.decode(errors="replace") for header in headers.to_pylist()]
        spoilt = [text.encode() != header for text, header in zip(texts, headers.to_pylist(), strict=True)]
        return pa.array(texts, pa.string()), np.array(spoilt)
