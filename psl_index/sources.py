"""What a source is - a flat file, FASTA or a table - and its entries, whatever it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index.batches import described
from psl_index.errors import InputError, UsageError
from psl_index.fasta import read_fasta, read_records
from psl_index.flatfile import read_flatfile
from psl_index.opening import Source
from psl_index.schemas import SourceBatch
from psl_index.skipped import Skipped
from psl_index.tables import SYNONYMS, read_table

Format = Literal["flatfile", "fasta", "table"]

_HEAD_BYTES: Final = 1 << 16
_EXPECTED: Final = "expected a UniProtKB flat file, FASTA, or a table whose first line names its columns"


def read_source(
    source: Source,
    *,
    columns: Mapping[str, str] | None = None,
    skipped: Skipped | None = None,
    threads: int = 0,
) -> Iterator[SourceBatch]:
    """Batches of the entries of an opened source, in order.

    Parameters
    ----------
    source : Source
        At its beginning; whose `size`, `sha256` and `bytes_read` remain the caller's to ask for.
    columns : mapping, optional
        For a table: the names of the columns that hold ``accession``, ``sequence`` and ``locations``.
    skipped : Skipped, optional
        Gets the bad entries, which are then left out.
    threads : int
        For a flat file: threads that parse, 0 for as many as are of use.

    Raises
    ------
    InputError
        The source is empty, none of these formats, truncated, or has a bad entry and `skipped` is not given.
    UsageError
        Columns are named, and it is no table.
    """
    match _format_with(columns, source):
        case "flatfile":
            yield from read_flatfile(source, skipped=skipped, threads=threads)
        case "fasta":
            yield from read_fasta(source, skipped=skipped)
        case "table":
            yield from read_table(source, columns=columns, skipped=skipped)


class Sequences(Protocol):
    """The sequences of some entries of a source, and what else it says of them on demand."""

    @property
    def sequences(self) -> pa.StringArray:
        """In upper case, in source order."""

    @property
    def entries(self) -> pa.RecordBatch:
        """All columns of the entries, as `schemas.ENTRIES`."""

    def describe(self, rows: npt.NDArray[np.int64]) -> pa.RecordBatch:
        """What tells the entries `rows`, counted from 0, from others, as `batches.DESCRIBED`."""


def read_sequences(
    source: Source,
    *,
    columns: Mapping[str, str] | None = None,
    skipped: Skipped | None = None,
    threads: int = 0,
) -> Iterator[Sequences]:
    """As `read_source`, for who needs to know little else: the headers of FASTA take longer than its sequences."""
    if _format_with(columns, source) == "fasta":
        yield from read_records(source, skipped=skipped)
    else:
        for batch in read_source(source, columns=columns, skipped=skipped, threads=threads):
            yield _Read(batch)


class _Read(NamedTuple):
    """Entries of which all is known."""

    batch: SourceBatch

    @property
    def sequences(self) -> pa.StringArray:
        return self.batch.entries["sequence"]

    @property
    def entries(self) -> pa.RecordBatch:
        return self.batch.entries

    def describe(self, rows: npt.NDArray[np.int64]) -> pa.RecordBatch:
        return described(self.batch).take(pa.array(rows))


def refuse_senseless(sources: Sequence[str | os.PathLike[str]], columns: Mapping[str, str] | None) -> None:
    """Raise a UsageError where there is no source, a single one outside a list, or what cannot be read so."""
    if isinstance(sources, str | bytes | os.PathLike):
        raise UsageError("expected sources, found a single one", remedy="put it into a list")
    if not sources:
        raise UsageError("no source to read", remedy="name a flat file, a FASTA file or a table")
    if [os.fspath(source) for source in sources].count("-") > 1:
        raise UsageError("standard input can be read only once", remedy="name a single `-`")
    unknown = next((name for name in columns or () if name not in SYNONYMS), None)
    if unknown is not None:
        raise UsageError(f"no column {unknown!r} to be named", remedy=f"there are {', '.join(SYNONYMS)}")


def no_entries(sources: Sequence[str | os.PathLike[str]], skipped: Skipped | None) -> InputError:
    """The error of sources of which no entry is good."""
    bad = f": all {skipped.count:,} are bad, the first: {skipped.first[0]}" if skipped and skipped.count else ""
    return InputError(f"holds no entries{bad}", file=str(sources[0]), remedy="check the file")


def _format_with(columns: Mapping[str, str] | None, source: Source) -> Format:
    format_name = detect_format(source)
    if columns and format_name != "table":
        raise UsageError("has no columns to be named", file=source.name, remedy="leave out --columns")
    return format_name


def detect_format(source: Source) -> Format:
    """The format, by the first line that is not blank; nothing is taken from the source.

    Raises
    ------
    InputError
        The source is empty, or neither of these.
    """
    head = source.peek(_HEAD_BYTES).lstrip()
    if not head:
        raise InputError(f"an empty file, {_EXPECTED}", file=source.name, remedy="download or copy it again")
    if head.startswith(b"ID   "):
        return "flatfile"
    if head.startswith(b">"):
        return "fasta"
    first = head.split(b"\n", 1)[0].rstrip()
    if b"\0" not in head and not head.startswith((b"<", b"{", b"[")) and (b"," in first or b"\t" in first):
        return "table"
    found = ascii(first[:40].decode("latin-1"))
    raise InputError(f"{_EXPECTED}, found {found}", file=source.name, line=1, remedy="name another file")
