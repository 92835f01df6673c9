"""What a source is - a flat file, FASTA or a table - and its entries, whatever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from psl_index.errors import InputError
from psl_index.fasta import read_fasta
from psl_index.flatfile import read_flatfile
from psl_index.opening import Source
from psl_index.schemas import SourceBatch
from psl_index.skipped import Skipped
from psl_index.tables import read_table

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
    """
    match detect_format(source):
        case "flatfile":
            yield from read_flatfile(source, skipped=skipped, threads=threads)
        case "fasta":
            yield from read_fasta(source, skipped=skipped)
        case "table":
            yield from read_table(source, columns=columns, skipped=skipped)


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
