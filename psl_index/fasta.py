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
from psl_index._fasta_kernels import scan_records
from psl_index.batches import StatedLocation, source_batch
from psl_index.errors import InputError
from psl_index.fasta_headers import Header, parse_header
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
    letters = _residue_letters()
    line = 1
    any_record = False
    for block in _blocks(source):
        records = _Records(block, letters, source.name, line)
        line += records.lines
        any_record = any_record or records.count > 0
        batch = records.batch(skipped)
        if batch is not None:
            yield batch
    if not any_record and not (skipped and skipped.count):
        raise InputError("no sequence found, expected FASTA records", file=source.name)


class _Records:
    """The records of one block, as the kernel finds them."""

    def __init__(self, text: npt.NDArray[np.uint8], letters: npt.NDArray[np.uint8], file: str, line: int) -> None:
        most = int(np.count_nonzero(text == ord(">")))
        self._text = text
        self._file = file
        self._first_line = line
        self._residues = np.empty(text.size, np.uint8)
        self._ends = np.zeros(most + 1, np.int32)
        self._headers = np.empty((most, 3), np.int64)
        self._faults = np.empty((most, 2), np.int64)
        self.count, self.lines, self._stray = scan_records(
            text, letters, self._residues, self._ends, self._headers, self._faults
        )

    def batch(self, skipped: Skipped | None) -> SourceBatch | None:
        """The good records, if any; the first bad one is raised, or all of them go to `skipped`."""
        if self._stray >= 0:
            error = self._error(self._stray, "expected '>' before any other text", "is this a FASTA file?")
            if skipped is None:
                raise error
            skipped.add(error)
        good: list[int] = []
        headers: list[Header] = []
        locations: list[StatedLocation] = []
        for record in range(self.count):
            try:
                header, rows = self._record(record, len(good))
            except InputError as error:
                if skipped is None:
                    raise
                skipped.add(error)
                continue
            good.append(record)
            headers.append(header)
            locations += rows
        if not good:
            return None
        columns = dict(zip(Header._fields, zip(*headers, strict=True), strict=True))
        return source_batch(columns, self._sequences(good), locations)

    def _record(self, record: int, entry: int) -> tuple[Header, list[StatedLocation]]:
        start, stop, line = self._headers[record].tolist()
        try:
            text = self._text[start:stop].tobytes().decode()
        except UnicodeDecodeError:
            raise self._error(line, "a header that is not UTF-8", "convert the file, as with iconv") from None
        parsed = parse_header(text, entry)
        if parsed is None:
            raise self._error(line, "expected an identifier after '>'")
        accession = parsed[0].accession
        place, line_of_fault = self._faults[record].tolist()
        if place >= 0:
            found = ascii(chr(self._text[place]))
            raise self._error(line_of_fault, f"expected residues of {accession}, found {found}", _remedy(found))
        if self._ends[record] == self._ends[record + 1]:
            raise self._error(line, f"expected a sequence of {accession}, found none")
        return parsed

    def _sequences(self, records: list[int]) -> pa.StringArray:
        ends = self._ends[: self.count + 1]
        sequences = pa.StringArray.from_buffers(self.count, pa.py_buffer(ends), pa.py_buffer(self._residues))
        return sequences if len(records) == self.count else sequences.take(pa.array(records, pa.int64()))

    def _error(self, line: int, problem: str, remedy: str | None = None) -> InputError:
        return InputError(problem, file=self._file, line=self._first_line + line, remedy=remedy)


def _remedy(found: str) -> str | None:
    if found in ("'-'", "'.'"):
        return "remove the gaps of an alignment first"
    if found == "'*'":
        return "a stop is allowed at the end only"
    return None


def _blocks(source: Source) -> Iterator[npt.NDArray[np.uint8]]:
    """The file in pieces that begin with a record; each piece is overwritten by the next."""
    buffer = bytearray(_BLOCK_BYTES)
    filled = 0
    while True:
        filled += source.readinto(memoryview(buffer)[filled:])
        if filled < len(buffer):  # the end of the file
            break
        cut = buffer.rfind(b"\n>") + 1
        if cut:
            yield np.frombuffer(buffer, np.uint8, cut)
            buffer[: filled - cut] = buffer[cut:]
            filled -= cut
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
