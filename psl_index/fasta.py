"""FASTA as the source of an index, streamed in blocks of whole records.

Every letter is a residue in either case; blanks and empty lines are passed over, one ``*`` after the last
residue is dropped, anything else in a sequence is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index import alphabet
from psl_index._fasta_kernels import read_uniprot_names, scan_records
from psl_index._wide import SLACK
from psl_index.batches import DESCRIBED, StatedLocation, described, source_batch
from psl_index.errors import InputError
from psl_index.fasta_headers import Header, parse_header
from psl_index.flatfile_columns import Text, numbers_or_null, strings, strings_or_null
from psl_index.schemas import SourceBatch
from psl_index.skipped import Skipped

if TYPE_CHECKING:
    from psl_index.opening import Source

_BLOCK_BYTES: Final = 1 << 22
# Bytes of one record: no protein comes near, a decompression bomb goes beyond.
_RECORD_LIMIT: Final = 1 << 28


def read_fasta(source: Source, *, skipped: Skipped | None = None) -> Iterator[SourceBatch]:
    """Batches of the records of a FASTA file, in order.

    Memory is a few times 4 MB or the longest record, whichever is larger.

    Parameters
    ----------
    source : Source
        Decompressed bytes, from their beginning.
    skipped : Skipped, optional
        Gets the bad records, which are then left out.

    Raises
    ------
    InputError
        At the first bad record when `skipped` is not given: a character that is no residue, no sequence, no
        identifier, text before the first ``>``, a header that is not UTF-8. In any case when the file holds
        no record at all, or one longer than 256 MiB.
    """
    for records in read_records(source, skipped=skipped):
        yield records.batch()


def read_records(source: Source, *, skipped: Skipped | None = None) -> Iterator[Records]:
    """As `read_fasta`, for who wants the sequences of all records and the rest of few: headers are read on demand."""
    letters = _residue_letters()
    line = 1
    any_record = False
    for block in _blocks(source):
        records = Records(block, letters, source.name, line, skipped)
        line += records.lines
        any_record = any_record or records.count > 0
        if len(records.sequences):
            yield records
    if not any_record and not (skipped and skipped.count):
        raise InputError("no sequence found, expected FASTA records", file=source.name)


class Records:
    """The records of one block, as the kernel finds them.

    Attributes
    ----------
    sequences : pyarrow.StringArray
        Of the good records, in upper case.
    count, lines : int
        Records, bad ones included, and lines in the block.
    """

    def __init__(
        self,
        text: npt.NDArray[np.uint8],
        letters: npt.NDArray[np.uint8],
        file: str,
        line: int,
        skipped: Skipped | None,
    ) -> None:
        most = int(np.count_nonzero(text == ord(">")))
        self._text = text
        self._file = file
        self._first_line = line
        self._residues = np.empty(text.size + SLACK, np.uint8)
        self._ends = np.zeros(most + 1, np.int32)
        self._headers = np.empty((most, 4), np.int64)
        self._faults = np.empty((most, 2), np.int64)
        self.count, self.lines, self._stray = scan_records(
            text, letters, self._residues, self._ends, self._headers, self._faults
        )
        self._good = self._good_records(skipped)
        self.sequences = self._sequences()

    def batch(self, rows: npt.NDArray[np.int64] | None = None) -> SourceBatch:
        """The tables of the good records, or of those of them that `rows` names, counted from 0."""
        headers: list[Header] = []
        locations: list[StatedLocation] = []
        for record in (self._good if rows is None else self._good[rows]).tolist():
            header, stated = self._parsed(record, len(headers))
            headers.append(header)
            locations += stated
        columns = dict(zip(Header._fields, zip(*headers, strict=True), strict=True))
        sequences = self.sequences if rows is None else self.sequences.take(pa.array(rows))
        return source_batch(columns, sequences, locations)

    @property
    def entries(self) -> pa.RecordBatch:
        """The entries table of the good records."""
        return self.batch().entries

    def line(self, row: int) -> int:
        """The line of the header of one of the good records, which is counted from 0."""
        return self._first_line + int(self._headers[self._good[row], 2])

    def header(self, row: int) -> str:
        """The header of one of the good records, which is counted from 0, after its ``>``."""
        start, stop = self._headers[self._good[row], :2].tolist()
        return self._text[start:stop].tobytes().decode()

    def describe(self, rows: npt.NDArray[np.int64]) -> pa.RecordBatch:
        """What tells some of the good records from others, as `batches.DESCRIBED`."""
        headers = self._headers[self._good[rows]]
        letters = np.empty((2, int((headers[:, 1] - headers[:, 0]).sum())), np.uint8)
        offsets = np.empty((2, len(rows) + 1), np.int32)
        taxa = np.empty(len(rows), np.int64)
        if read_uniprot_names(self._text, headers, letters, offsets, taxa) < len(rows):
            return described(self.batch(rows))
        accessions, names = (Text(*column) for column in zip(letters, offsets, strict=True))
        columns = [
            strings(accessions),
            strings_or_null(names),
            numbers_or_null(taxa, pa.uint32()),
            pa.array(np.zeros(len(rows), np.uint16)),  # UniProt's headers state no location
        ]
        return pa.RecordBatch.from_arrays(columns, schema=DESCRIBED)

    def _good_records(self, skipped: Skipped | None) -> npt.NDArray[np.int64]:
        """Numbers of the good records; the first bad one is raised, or all of them go to `skipped`."""
        if self._stray >= 0:
            error = self._error(self._stray, "expected '>' before any other text", "is this a FASTA file?")
            if skipped is None:
                raise error
            skipped.add(error)
        good = np.ones(self.count, np.bool_)
        ends = self._ends[: self.count + 1]
        faultless = (self._headers[: self.count, 3] == 1) & (self._faults[: self.count, 0] < 0) & (np.diff(ends) > 0)
        for record in np.flatnonzero(~faultless).tolist():
            try:
                self._check(record)
            except InputError as error:
                if skipped is None:
                    raise
                skipped.add(error)
                good[record] = False
        return np.flatnonzero(good)

    def _check(self, record: int) -> None:
        header, _ = self._parsed(record, 0)
        place, line_of_fault = self._faults[record].tolist()
        if place >= 0:
            found = ascii(chr(self._text[place]))
            raise self._error(line_of_fault, f"expected residues of {header.accession}, found {found}", _remedy(found))
        if self._ends[record] == self._ends[record + 1]:
            line = int(self._headers[record, 2])
            raise self._error(line, f"expected a sequence of {header.accession}, found none")

    def _parsed(self, record: int, entry: int) -> tuple[Header, list[StatedLocation]]:
        start, stop, line, _ = self._headers[record].tolist()
        try:
            text = self._text[start:stop].tobytes().decode()
        except UnicodeDecodeError:
            raise self._error(line, "a header that is not UTF-8", "convert the file, as with iconv") from None
        parsed = parse_header(text, entry)
        if parsed is None:
            raise self._error(line, "expected an identifier after '>'")
        return parsed

    def _sequences(self) -> pa.StringArray:
        ends = self._ends[: self.count + 1]
        sequences = pa.StringArray.from_buffers(self.count, pa.py_buffer(ends), pa.py_buffer(self._residues))
        return sequences if len(self._good) == self.count else sequences.take(pa.array(self._good))

    def _error(self, line: int, problem: str, remedy: str | None = None) -> InputError:
        return InputError(problem, file=self._file, line=self._first_line + line, remedy=remedy)


def _remedy(found: str) -> str | None:
    if found in ("'-'", "'.'"):
        return "remove the gaps of an alignment first"
    if found == "'*'":
        return "a stop is allowed at the end only"
    return None


def _blocks(source: Source) -> Iterator[npt.NDArray[np.uint8]]:
    """The file in pieces that begin with a record, each in memory of its own."""
    buffer = bytearray(_BLOCK_BYTES)
    filled = 0
    while True:
        filled += source.readinto(memoryview(buffer)[filled:])
        if filled < len(buffer):  # the end of the file
            break
        cut = buffer.rfind(b"\n>") + 1
        if cut:
            yield np.frombuffer(buffer, np.uint8, cut)
            filled -= cut
            rest = memoryview(buffer)[cut:]
            buffer = bytearray(len(buffer))
            buffer[:filled] = rest
        elif len(buffer) < _RECORD_LIMIT:
            buffer = buffer + bytearray(len(buffer))
        else:
            raise InputError(f"a record of more than {_RECORD_LIMIT >> 20} MiB, expected proteins", file=source.name)
    if filled:
        yield np.frombuffer(buffer, np.uint8, filled)


def _residue_letters() -> npt.NDArray[np.uint8]:
    """The upper-case residue each byte stands for, 0 where it is none."""
    codes = alphabet.encoding_table()
    letters = np.zeros(256, np.uint8)
    known = codes != alphabet.INVALID
    letters[known] = alphabet.decoding_table()[codes[known]]
    return letters
