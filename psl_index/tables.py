"""A CSV or TSV table with the columns accession, sequence and locations as the source of an index.

The first line names the columns; a tab in it makes the file TSV. Names are matched in any case, and a few in
common use are understood (`SYNONYMS`). Quoted fields (RFC 4180) can hold the delimiter, doubled quotes and
line ends.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa

from psl_index.batches import StatedLocation, source_batch, stated_locations
from psl_index.errors import InputError, UsageError
from psl_index.schemas import SourceBatch
from psl_index.skipped import Skipped

if TYPE_CHECKING:
    from psl_index.opening import Source

# Names understood for each column, in order of preference.
SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "accession": ("accession", "acc", "entry", "sid", "id"),
    "sequence": ("sequence", "seq", "fasta"),
    "locations": ("locations", "location", "labels", "label"),
}

_CHUNK_BYTES: Final = 1 << 20
_BATCH_RESIDUES: Final = 1 << 22
# Characters of one row: beyond lies a decompression bomb, or a quote that is never closed. Each field and each line of
# a quoted field can be a single character, and takes a hundred bytes.
_ROW_LIMIT: Final = 1 << 24
_LABEL_DELIMITERS: Final = re.compile("[|;]")
_NO_RESIDUE: Final = re.compile("[^A-Za-z]")


class _Row(NamedTuple):
    accession: str
    sequence: str
    labels: str


def parse_columns(option: str) -> dict[str, str]:
    """Columns as `--columns` names them: ``accession=ACC`` gives ``{"accession": "ACC"}``.

    Raises
    ------
    UsageError
        Where a part is not ``column=name``, or its column is unknown or named twice.
    """
    columns: dict[str, str] = {}
    for part in option.split(","):
        column, equals, name = (text.strip() for text in part.partition("="))
        if not equals or not name or column not in SYNONYMS or column in columns:
            raise UsageError(
                f"--columns: {part.strip()!r} does not name a column",
                remedy=f"write accession=ACC,locations=Labels, say; there are {', '.join(SYNONYMS)}",
            )
        columns[column] = name
    return columns


def read_table(
    source: Source, *, columns: Mapping[str, str] | None = None, skipped: Skipped | None = None
) -> Iterator[SourceBatch]:
    """Batches of the rows of a table, in order; memory is bounded by a batch of some 4 million residues.

    Parameters
    ----------
    source : Source
        Decompressed bytes (UTF-8), from their beginning.
    columns : mapping, optional
        Name in the file of each column that has another than the usual one (see `parse_columns`).
    skipped : Skipped, optional
        Gets the bad rows, which are then left out.

    Raises
    ------
    InputError
        Where a column is missing, the file has no row or is not UTF-8, or a quote is never closed; and, when
        `skipped` is not given, at the first row with another number of fields than the header, without an
        accession or a sequence, or with a character in the sequence that is no residue.
    """
    rows = read_rows(source)
    _, names = next(rows)
    places = [column_place(column, names, columns or {}, source.name) for column in SYNONYMS]
    good: list[_Row] = []
    residues = 0
    any_row = False
    for line, fields in rows:
        any_row = True
        try:
            row = _row(line, fields, places, len(names), source.name)
        except InputError as error:
            if skipped is None:
                raise
            skipped.add(error)
            continue
        good.append(row)
        residues += len(row.sequence)
        if residues >= _BATCH_RESIDUES:
            yield _batch(good)
            good, residues = [], 0
    if not any_row:
        raise InputError("no row below the header, expected proteins", file=source.name, line=1)
    if good:
        yield _batch(good)


def read_rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Line (from 1) on which each row begins, and its fields; the first row, which is always there, names the columns.

    Raises
    ------
    InputError
        The file is empty, has a line that is not UTF-8 or too long, or a quote that is never closed.
    """
    lines = read_lines(source)
    first = next(lines, None)
    if first is None:
        raise InputError("an empty file, expected a table", file=source.name)
    delimiter = "\t" if "\t" in first[1] else ","
    yield from _rows(itertools.chain([first], lines), delimiter, source.name)


def column_place(column: str, names: Sequence[str], columns: Mapping[str, str], file: str) -> int:
    """Number of the field that holds `column`, one of `SYNONYMS`, where the header has `names`.

    Raises
    ------
    InputError
        There is none.
    """
    found = [name.strip().lower() for name in names]
    for name in (columns[column],) if column in columns else SYNONYMS[column]:
        if name.lower() in found:
            return found.index(name.lower())
    listed = ", ".join(name.strip() for name in names)
    wanted = columns.get(column, column)
    raise InputError(
        f"no column {wanted!r} among {listed}",
        file=file,
        line=1,
        remedy=f"name it with --columns {column}=NAME",
    )


def check_width(fields: Sequence[str], width: int, file: str, line: int) -> None:
    """Raise an InputError where a row has another number of fields than the header."""
    if len(fields) != width:
        raise InputError(f"expected {width} fields as in the header, found {len(fields)}", file=file, line=line)


def check_accession(accession: str, file: str, line: int) -> None:
    """Raise an InputError where a row names no protein."""
    if not accession or not accession.isprintable():
        raise InputError(f"expected an accession, found {accession!a}", file=file, line=line)


def checked_residues(sequence: str, accession: str, file: str, line: int) -> str:
    """The residues of a field in upper case, without blanks and a stop at the end; InputError where it has none."""
    residues = "".join(sequence.split()).removesuffix("*")
    if not residues:
        raise InputError(f"expected a sequence of {accession}, found none", file=file, line=line)
    wrong = _NO_RESIDUE.search(residues)
    if wrong:
        raise InputError(f"expected residues of {accession}, found {wrong[0]!a}", file=file, line=line)
    return residues.upper()


def read_lines(source: Source) -> Iterator[tuple[int, str]]:
    """Numbers (from 1) and texts of the lines that are not blank, without their ends; raises as `read_rows` does."""
    number = 0
    pending = bytearray()
    while chunk := source.read(_CHUNK_BYTES):
        head, newline, rest = chunk.partition(b"\n")
        pending += head
        if len(pending) > _ROW_LIMIT:
            raise InputError(f"a line of more than {_ROW_LIMIT >> 20} MiB", file=source.name, line=number + 1)
        if not newline:
            continue
        *whole, last = rest.split(b"\n")
        for line in (bytes(pending), *whole):
            number += 1
            if line.strip():
                yield number, _decoded(line, number, source.name)
        pending = bytearray(last)
    if pending.strip():
        yield number + 1, _decoded(bytes(pending), number + 1, source.name)


def _decoded(line: bytes, number: int, file: str) -> str:
    try:
        return line.decode().removesuffix("\r")
    except UnicodeDecodeError:
        raise InputError(
            "a line that is not UTF-8", file=file, line=number, remedy="convert the file, as with iconv"
        ) from None


def _rows(lines: Iterable[tuple[int, str]], delimiter: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Line on which each row begins, and its fields.

    Lines are cut at every delimiter; the pieces from an opening quote to its closing one are joined again.
    """
    row_line = 0
    fields: list[str] = []
    quoted: list[str] = []  # pieces since an opening quote, none when outside
    held = 0
    for number, line in lines:
        if not quoted:
            row_line, fields, held = number, [], 0
        held += len(line)
        if held > _ROW_LIMIT:
            break
        for piece_number, piece in enumerate(line.split(delimiter)):
            if quoted:
                quoted += [delimiter if piece_number else "\n", piece]
            elif piece.startswith('"'):
                quoted = [piece[1:]]
            else:
                fields.append(piece)
                continue
            if _closes(quoted[-1]):
                fields.append(_unquoted("".join(quoted)[:-1], number, file))
                quoted = []
        if not quoted:
            yield row_line, fields
    if quoted:
        raise InputError("a quoted field that is never closed", file=file, line=row_line)


def _closes(piece: str) -> bool:
    """Whether `piece` ends a quoted field: in an odd number of quotes, for those inside are doubled."""
    return (len(piece) - len(piece.rstrip('"'))) % 2 == 1


def _unquoted(text: str, line: int, file: str) -> str:
    if '"' in text.replace('""', ""):
        raise InputError("a quote within a quoted field that is not doubled", file=file, line=line)
    return text.replace('""', '"')


def _row(line: int, fields: Sequence[str], places: Sequence[int], width: int, file: str) -> _Row:
    check_width(fields, width, file, line)
    accession, sequence, labels = (fields[place].strip() for place in places)
    check_accession(accession, file, line)
    return _Row(accession, checked_residues(sequence, accession, file, line), labels)


def _batch(rows: Sequence[_Row]) -> SourceBatch:
    locations: list[StatedLocation] = []
    for entry, row in enumerate(rows):
        for label in _LABEL_DELIMITERS.split(row.labels):
            if label.strip():
                locations += stated_locations(entry, label.strip())
    accessions = [row.accession for row in rows]
    return source_batch({"accession": accessions}, pa.array([row.sequence for row in rows], pa.string()), locations)
