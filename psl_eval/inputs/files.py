"""Files of input: in blocks of whole lines, or whole where they must be, and what the outputs say of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

from psl_index.errors import InputError, UsageError
from psl_index.file_records import FileRecord, record_of
from psl_index.opening import Source, open_source

_LIMIT: Final = 1 << 30  # bytes: beyond it lies a decompression bomb
_SUSPECT: Final = 1 << 28  # bytes, from which on a text that is packed too well is taken for a bomb
_PACKED: Final = 100  # times; tables are packed ten times, repeats of a few lines several hundred times
_PIECE: Final = 1 << 20
_BLOCK_BYTES: Final = 1 << 21
_LINE_LIMIT: Final = 1 << 24  # bytes: no row is near it, a decompression bomb is beyond it


def refuse_two_readers(*inputs: Any) -> None:
    """Raise UsageError where more than one of `inputs`, paths and other things, is standard input."""
    if sum(isinstance(path, str | os.PathLike) and os.fspath(path) == "-" for path in inputs) > 1:
        raise UsageError("standard input can be read only once", remedy="give all inputs but one as files")


def read_whole(path: str | os.PathLike[str], limit: int = _LIMIT) -> tuple[bytes, FileRecord]:
    """The decompressed contents of a file, without a byte order mark.

    Raises
    ------
    InputError
        It cannot be read, or holds more than `limit` bytes.
    """
    with open_source(path) as source:
        return read_rest(source, limit), record_of(source)


def read_rest(source: Source, limit: int = _LIMIT) -> bytes:
    """What is left of an open file, to its end; raises as `read_whole` does."""
    content = bytearray()
    while piece := source.read(_PIECE):
        content += piece
        if len(content) > limit:
            raise InputError(f"holds more than {limit:,} bytes", file=source.name, remedy="split it")
    return bytes(content)


def line_blocks(source: Source) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole lines, and the number (from 1) of the first line of each.

    Every line ends in a line feed, also the last one and what ended in carriage return and line feed. Memory is some
    2 MB or the longest line.

    Raises
    ------
    InputError
        The file is damaged, has a line of more than 16 MiB, or unpacks to more than 256 MiB and 100 times its size.
    """
    number = 1
    rest = b""
    unpacked = 0
    while piece := source.read(_BLOCK_BYTES):
        unpacked += len(piece)
        if unpacked > max(_SUSPECT, _PACKED * source.bytes_read):
            raise InputError(
                f"unpacks to more than {_SUSPECT:,} bytes and {_PACKED} times its size",
                file=source.name,
                line=number,
                remedy="unpack it first if that is right",
            )
        end = piece.rfind(b"\n") + 1
        if end:
            block = (rest + piece[:end]).replace(b"\r\n", b"\n")
            yield number, block
            number += block.count(b"\n")
            rest = b""
        rest += piece[end:]
        if len(rest) > _LINE_LIMIT:
            raise InputError(f"a line of more than {_LINE_LIMIT:,} bytes", file=source.name, line=number)
    if rest:
        yield number, rest + b"\n"
